package atlassian

import (
	"context"
	"iter"
	"net/http"

	"syncgateway/sdk"
	"syncgateway/sdk/httpx"
)

// page is a part of a listing. Data is absent from an answer that is none.
type page[T any] struct {
	Data  *[]T `json:"data"`
	Links struct {
		Next string `json:"next"` // a cursor
	} `json:"links"`
}

func (p *page[T]) check() error {
	if p.Data == nil {
		return noListing()
	}
	return nil
}

// emptyPages is how many pages without records may follow one another.
const emptyPages = 50

// listing follows the cursors of a search. It ends after the last page or the first
// error, which a repeated cursor is.
func listing[T any](ctx context.Context, api *httpx.Client, path string, body func(cursor string) any) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		var guard httpx.Guard
		empty := 0
		for cursor := ""; ; {
			var p page[T]
			_, err := api.Do(ctx, httpx.Request{Method: http.MethodPost, Path: path, Body: body(cursor), Out: &p, Repeatable: true})
			if err == nil {
				err = p.check()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if cursor = p.Links.Next; cursor != "" {
				err = guard.Next(cursor)
			}
			if empty++; len(*p.Data) > 0 {
				empty = 0
			}
			if empty > emptyPages {
				err = sdk.Unavailable("the organisation sent %d pages without a record and says that more follow", empty)
			}
			if !yield(*p.Data, err) || err != nil || cursor == "" {
				return
			}
		}
	}
}

func collect[T any](pages iter.Seq2[[]T, error]) ([]T, error) {
	var all []T
	for records, err := range pages {
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
	}
	return all, nil
}
