package sdk

import "testing"

func TestLookupsAnswerWhatWasAsked(t *testing.T) {
	ada := Found{User: &User{ID: "1"}, Groups: []Group{{ID: "g"}}}
	for _, test := range []struct {
		found Found
		req   LookupRequest
		good  bool
	}{
		{ada, LookupRequest{ID: "1"}, true}, {ada, LookupRequest{Username: "ada"}, true}, {Found{Groups: []Group{{ID: "g"}}}, LookupRequest{GroupID: "g"}, true},
		{ada, LookupRequest{ID: "2"}, false}, {Found{User: &User{}}, LookupRequest{Email: "a@b"}, false}, {Found{}, LookupRequest{ID: "1"}, false},
		{Found{Groups: []Group{{ID: "h"}}}, LookupRequest{GroupID: "g"}, false}, {Found{}, LookupRequest{GroupID: "g"}, false},
	} {
		if err := answers(test.found, test.req); (err == nil) != test.good || err != nil && !Is(err, ReasonUnavailable) {
			t.Errorf("%+v for %+v: %v", test.found, test.req, err)
		}
	}
}
