package pluginhost

import (
	"errors"
	"io"
	"testing"

	"google.golang.org/grpc"

	pb "syncgateway/proto/gateway/plugin/v1"
)

// What one read of the floor brings.
const floorPages, floorPage = 200, 500

// BenchmarkFloorStream takes pages of users from a plugin process and looks at none of
// them: no read can be faster.
func BenchmarkFloorStream(b *testing.B) {
	p := start(b, "wide", floorPage)
	s, err := p.ready(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	bytes := 0
	for b.Loop() {
		stream, err := s.conn.NewStream(b.Context(), &grpc.StreamDesc{ServerStreams: true}, pb.SourceService_ReadUsers_FullMethodName, grpc.ForceCodecV2(newRawCodec()))
		if err == nil {
			err = errors.Join(stream.SendMsg(&pb.ReadUsersRequest{}), stream.CloseSend())
		}
		messages := 0
		var f frame
		for bytes = 0; err == nil; messages++ {
			if err = stream.RecvMsg(&f); err == nil {
				bytes += len(f.bytes())
			}
		}
		if !errors.Is(err, io.EOF) || messages != floorPages+2 { // with the end of the read, and of the stream
			b.Fatal(messages, err)
		}
	}
	floor(b, bytes)
}

// BenchmarkFloorRead is the same read through the host: counted, split into records,
// each fingerprinted.
func BenchmarkFloorRead(b *testing.B) {
	p := start(b, "wide", floorPage)
	for b.Loop() {
		end, err := p.ReadUsers(b.Context(), ReadOptions{}, discard{})
		if err != nil || end.Count != floorPages*floorPage {
			b.Fatal(end, err)
		}
	}
	floor(b, 0)
}

func floor(b *testing.B, bytes int) {
	seconds := b.Elapsed().Seconds()
	b.ReportMetric(floorPages*floorPage*float64(b.N)/seconds, "records/s")
	if bytes > 0 {
		b.ReportMetric(float64(bytes)*float64(b.N)/seconds/1e6, "MB/s")
	}
}
