package pluginhost

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// frame is a message as it came. `repeated User` and `repeated bytes` are the same on
// the wire, so that a record can be fingerprinted, and skipped, undecoded. A frame is
// used for one message after another: the pools of gRPC clear what they hand out, which
// costs more than the copy.
type frame struct{ content []byte }

// bytes are valid until the next message is received.
func (f *frame) bytes() []byte { return f.content }

// rawCodec receives frames undecoded and does everything else as gRPC does.
type rawCodec struct{ encoding.CodecV2 }

func newRawCodec() rawCodec { return rawCodec{encoding.GetCodecV2(proto.Name)} }

// Unmarshal copies a frame's bytes; other messages are decoded.
func (c rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	f, ok := v.(*frame)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	f.content = f.content[:0]
	for _, b := range data {
		f.content = append(f.content, b.ReadOnlyData()...)
	}
	return nil
}
