package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// bare is a connector's process without a gateway: a client that does nothing with what
// it gets. The messages are put together by hand, since it is bytes that are measured.
type bare struct {
	client *plugin.Client
	conn   *grpc.ClientConn
	pid    int
}

type connection struct{ plugin.NetRPCUnsupportedPlugin }

// GRPCServer is the connector's side, which is not here.
func (connection) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the bench serves nothing")
}

// GRPCClient returns the connection.
func (connection) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

// startBare starts and configures a connector as the gateway does, over mutual TLS.
func startBare(binary string, config map[string]any) (*bare, error) {
	cmd := exec.Command(binary)
	b := &bare{client: plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "SYNC_GATEWAY_PLUGIN", MagicCookieValue: "1"},
		Plugins:          plugin.PluginSet{"gateway": connection{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true, Cmd: cmd, Logger: hclog.NewNullLogger(),
	})}
	protocol, err := b.client.Client()
	if err == nil {
		var raw any
		if raw, err = protocol.Dispense("gateway"); err == nil {
			b.conn, b.pid = raw.(*grpc.ClientConn), cmd.Process.Pid
			err = b.configure(config)
		}
	}
	if err != nil {
		b.stop()
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	return b, nil
}

func (b *bare) stop() { b.client.Kill() }

const service = "/gateway.plugin.v1."

// configure hands the connector its block: ConfigureRequest{instance, config_json}.
func (b *bare) configure(config map[string]any) error {
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	req := field(field(nil, 1, []byte("bench")), 2, text)
	_, err = b.stream(service+"PluginService/Configure", req, func(answer []byte) error {
		if len(answer) > 0 {
			return fmt.Errorf("the configuration is refused: %q", answer)
		}
		return nil
	})
	return err
}

// field appends a length-delimited field of a message.
func field(b []byte, num protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), value)
}

// stream makes a call and hands on each message as it came. It returns the bytes of all.
func (b *bare) stream(method string, req []byte, take func([]byte) error) (bytes int, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := b.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method, grpc.ForceCodecV2(raw{encoding.GetCodecV2(proto.Name)}))
	if err == nil {
		err = errors.Join(s.SendMsg(req), s.CloseSend())
	}
	for err == nil {
		var m message
		if err = s.RecvMsg(&m); err == nil {
			bytes += m.buffer.Len()
			err = take(m.buffer.ReadOnlyData())
			m.buffer.Free()
		}
	}
	if !errors.Is(err, io.EOF) {
		return bytes, err
	}
	return bytes, nil
}

// message is a message as it came.
type message struct{ buffer mem.Buffer }

// raw sends bytes and receives messages without looking into them.
type raw struct{ encoding.CodecV2 }

// Marshal implements encoding.CodecV2.
func (raw) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

// Unmarshal implements encoding.CodecV2.
func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	v.(*message).buffer = data.MaterializeToBuffer(mem.DefaultBufferPool())
	return nil
}
