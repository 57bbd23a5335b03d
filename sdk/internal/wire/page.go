package wire

import (
	"fmt"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	protobuf "google.golang.org/protobuf/proto"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/record"
)

// pageField is the field of every read's response that holds a page.
const pageField = 1

// page is an encoded page on its way. Its buffer goes back to where it came from when
// gRPC has sent it.
type page struct{ body *[]byte }

// newPage encodes a page. The record writers keep it near 256 KiB.
func newPage(encode func([]byte) []byte) page {
	body := pages.Get(0)
	*body = encode((*body)[:0])
	return page{body}
}

func userPage(p record.UserPage) page {
	return newPage(func(b []byte) []byte { return appendItems(appendUsers(b, 1, p.Users), 2, cleanAll(p.Removed)) })
}

func groupPage(p record.GroupPage) page {
	return newPage(func(b []byte) []byte {
		b = appendMembers(appendGroups(b, 1, p.Groups), 2, p.Members)
		b = appendMembers(appendItems(b, 3, cleanAll(p.Removed)), 4, p.RemovedMembers)
		return appendItems(b, 5, cleanAll(p.Replace))
	})
}

func statePage(p record.StatePage) page {
	return newPage(func(b []byte) []byte {
		b = appendMembers(appendGroups(appendUsers(b, 1, p.Users), 2, p.Groups), 3, p.Members)
		for _, x := range p.Protected {
			id, reason := clean(x.UserID), clean(x.Reason)
			b = appendHead(b, 4, textSize(id)+textSize(reason))
			b = appendText(appendText(b, 1, id), 2, reason)
		}
		return appendQuotas(b, 5, p.Quotas)
	})
}

func appendQuotas(b []byte, num protowire.Number, quotas []record.Quota) []byte {
	for _, q := range quotas {
		var m []byte
		m = appendText(m, 1, clean(q.Name))
		m = appendNumber(appendNumber(m, 2, q.Total), 3, q.Used)
		m = appendItems(appendTrue(m, 4, q.Unlimited), 5, cleanAll(q.GroupIDs))
		m = appendTrue(m, 6, q.NewUsers)
		b = append(appendHead(b, num, len(m)), m...)
	}
	return b
}

// pageSize is what a page's buffer holds without growing; a single record may be larger.
const pageSize = 264 << 10

// bufferPool keeps the buffers of pages.
type bufferPool struct{ sync.Pool }

var pages = &bufferPool{sync.Pool{New: func() any { b := make([]byte, 0, pageSize); return &b }}}

// Get implements mem.BufferPool; the buffer may grow to any length.
func (p *bufferPool) Get(int) *[]byte { return p.Pool.Get().(*[]byte) }

// Put implements mem.BufferPool. What a large record made of a buffer is not kept.
func (p *bufferPool) Put(b *[]byte) {
	if cap(*b) <= 2*pageSize {
		p.Pool.Put(b)
	}
}

// codec is gRPC's own, but for pages, which are encoded already.
type codec struct{ encoding.CodecV2 }

// Encoding makes a server send pages as they are.
func Encoding() grpc.ServerOption {
	return grpc.ForceServerCodecV2(codec{encoding.GetCodecV2(proto.Name)})
}

// Marshal implements encoding.CodecV2.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	p, ok := v.(page)
	if !ok {
		return c.CodecV2.Marshal(v)
	}
	head := appendHead(nil, pageField, len(*p.body))
	return mem.BufferSlice{mem.SliceBuffer(head), mem.NewBuffer(p.body, pages)}, nil
}

// Whole is what a stream of the method sends, as a message of the contract: for whoever
// wants to change it on its way. The error is of an unknown method.
func Whole(method string, m any) (any, error) {
	p, ok := m.(page)
	if !ok {
		return m, nil
	}
	defer pages.Put(p.body)
	var whole protobuf.Message
	switch method {
	case pb.SourceService_ReadUsers_FullMethodName:
		whole = &pb.ReadUsersResponse{}
	case pb.SourceService_ReadGroups_FullMethodName:
		whole = &pb.ReadGroupsResponse{}
	case pb.TargetService_ReadState_FullMethodName:
		whole = &pb.ReadStateResponse{}
	default:
		return nil, fmt.Errorf("no pages are sent by %s", method)
	}
	return whole, protobuf.Unmarshal(append(appendHead(nil, pageField, len(*p.body)), *p.body...), whole)
}
