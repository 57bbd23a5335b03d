package api

import (
	"context"
	"fmt"
	"net"
	"os/user"
	"strconv"
)

// peerKey is where a request's context has the user at the other end of its socket.
type peerKey struct{}

// withPeer is an http.Server's ConnContext: it notes who is at the other end, where the
// system tells.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	uid, err := peerUID(u)
	if err != nil {
		return ctx
	}
	return context.WithValue(ctx, peerKey{}, UserName(uid))
}

// UserName is what a user of this machine is called on record.
func UserName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil && u.Username != "" {
		return u.Username
	}
	return fmt.Sprintf("uid %d", uid)
}

// signed is a request that says who makes it.
type signed interface{ sign(who string) }

func (q *RunRequest) sign(who string)     { q.Who = who }
func (q *ApproveRequest) sign(who string) { q.Who = who }
func (q *PauseRequest) sign(who string)   { q.Who = who }

// sign puts the name of the user at the other end of the socket into a request: what a
// client says of itself counts only where nobody else can tell.
func sign(ctx context.Context, q any) {
	who, known := ctx.Value(peerKey{}).(string)
	if s, ok := q.(signed); ok && known {
		s.sign(who)
	}
}
