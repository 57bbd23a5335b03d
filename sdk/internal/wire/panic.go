package wire

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"syncgateway/sdk/internal/redact"
)

// PanicError is a panic of connector code.
type PanicError struct{ Value, Stack string }

// Error is what was panicked with, without the stack.
func (p *PanicError) Error() string { return "the connector panicked: " + p.Value }

// Panicked makes an error of what recover returned, with the stack of the caller.
func Panicked(value any) *PanicError {
	return &PanicError{Value: redact.Text(fmt.Sprint(value)), Stack: redact.Text(string(debug.Stack()))}
}

// Print writes the panic the way the Go runtime does, which is what the host looks
// for in the log.
func (p *PanicError) Print(w io.Writer) { fmt.Fprintf(w, "panic: %s\n\n%s\n", p.Value, p.Stack) }

// Recovering makes a server that prints a handler's panic to stderr, answers
// Internal and goes on serving.
func Recovering(stderr io.Writer) []grpc.ServerOption {
	report := func(value any) error {
		p := Panicked(value)
		p.Print(stderr)
		return status.Error(codes.Internal, p.Error())
	}
	unary := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (resp any, err error) {
		defer func() {
			if p := recover(); p != nil {
				err = report(p)
			}
		}()
		return h(ctx, req)
	}
	stream := func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, h grpc.StreamHandler) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = report(p)
			}
		}()
		return h(srv, s)
	}
	return []grpc.ServerOption{grpc.UnaryInterceptor(unary), grpc.StreamInterceptor(stream)}
}
