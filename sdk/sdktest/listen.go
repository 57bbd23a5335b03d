package sdktest

import (
	"context"
	"net"

	"syncgateway/sdk/record"
)

// Directory is what a listener's calls go to.
type Directory interface {
	Call(context.Context, record.DirectoryCall) (record.DirectoryReply, error)
}

// Listen has a listener serve on l until ctx ends, over the directory. Its hints are
// dropped.
func (in *Instance) Listen(ctx context.Context, d Directory, l net.Listener, publicURL string) error {
	return in.p.Listener.Listen(ctx, hintless{d}, l, publicURL)
}

type hintless struct{ Directory }

func (hintless) Hint(context.Context, []string, []string) error { return nil }
