package pluginhost

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// frame is a message as it came. `repeated User` and `repeated bytes` are the same on
// the wire, so that a record can be fingerprinted, and skipped, undecoded.
type frame struct{ buffer mem.Buffer }

func (f *frame) bytes() []byte { return f.buffer.ReadOnlyData() }

// free gives the buffer back; what points into it must not be used any more.
func (f *frame) free() {
	if f.buffer != nil {
		f.buffer.Free()
		f.buffer = nil
	}
}

// rawCodec receives frames undecoded and does everything else as gRPC does.
type rawCodec struct{ encoding.CodecV2 }

func newRawCodec() rawCodec { return rawCodec{encoding.GetCodecV2(proto.Name)} }

// Unmarshal keeps a frame's bytes; other messages are decoded.
func (c rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	f, ok := v.(*frame)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	f.buffer = data.MaterializeToBuffer(mem.DefaultBufferPool())
	return nil
}
