package conformance

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	pb "syncgateway/proto/gateway/plugin/v1"
	"syncgateway/sdk/conformance/internal/plug"
)

const idStarts = "all.starts"

func startChecks() []check {
	return []check{{id: idStarts, role: roleAll, title: "Starts, shakes hands over mutual TLS on a unix socket, and answers",
		look: "the handshake line on standard output, and that the certificate in it is the one the server uses",
		run:  starts}}
}

var typeName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

func starts(_ context.Context, b *bench) error {
	d := b.run.about
	if !typeName.MatchString(d.GetType()) {
		return fmt.Errorf("it says that its type is %q, which cannot be the label of a block", d.GetType())
	}
	if len(d.GetRoles()) == 0 {
		return errors.New("it says that it has no role")
	}
	b.sawf("%s %s, %s", d.GetType(), d.GetVersion(), d.GetSdk())
	return nil
}

func describeChecks() []check {
	return []check{
		{id: "all.describe-same", role: roleAll, title: "Describe gives the same answer every time",
			look: "what Describe depends on: maps without order, the time, the environment", run: describeSame},
		{id: "all.describe-fast", role: roleAll, title: "Describe answers at once",
			look: "work in Describe that belongs into Check or a read", run: describeFast},
		{id: "all.describe-offline", role: roleAll, title: "Describe makes no network call", needs: needProxy | needConfig,
			look: "requests made in Describe: what the connector can do must not depend on its remote system", run: describeOffline},
		{id: "all.documented", role: roleAll, title: "Every setting is documented",
			look: "the settings named, and the summary and version of the connector", run: documented},
		{id: "all.secrets-marked", role: roleAll, title: "Settings that hold a secret are marked as sensitive",
			look: "the settings named: an unmarked one is shown in plans, logs and messages", run: secretsMarked},
	}
}

func describe(ctx context.Context, s *plug.Session) ([]byte, *pb.DescribeResponse, error) {
	d, err := pb.NewPluginServiceClient(s.Conn).Describe(ctx, &pb.DescribeRequest{HostVersion: "kit"})
	if err != nil {
		return nil, nil, fmt.Errorf("call Describe: %w", err)
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(d)
	return data, d, err
}

// describeSame asks twice, and a process with another environment once more.
func describeSame(ctx context.Context, b *bench) error {
	first, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer first.Close()
	other := *b.binary
	other.Env = append([]string{"TZ=Asia/Kolkata", "LANG=tr_TR.UTF-8", "KIT=1"}, other.Env...)
	second, err := plug.Start(ctx, &other, b.run.heard)
	if err != nil {
		return err
	}
	defer second.Close()
	var before []byte
	for i, s := range []*plug.Session{first, first, second} {
		data, _, err := describe(ctx, s)
		if err != nil {
			return err
		}
		if i > 0 && string(data) != string(before) {
			return fmt.Errorf("answer %d differs from the one before", i+1)
		}
		before = data
	}
	return nil
}

// fast is how long Describe may take, on a busy machine too.
const fast = 2 * time.Second

func describeFast(ctx context.Context, b *bench) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, fast)
	defer cancel()
	if _, _, err := describe(limited, s); err != nil {
		return fmt.Errorf("no answer within %s: %w", fast, err)
	}
	b.sawf("%s", time.Since(began).Round(time.Millisecond/10))
	return nil
}

// describeOffline asks a configured connector, since another knows of no remote system.
func describeOffline(ctx context.Context, b *bench) error {
	s, err := b.connector(ctx)
	if err != nil {
		return err
	}
	before := b.front.Requests()
	if _, _, err := describe(ctx, s); err != nil {
		return err
	}
	if n := b.front.Requests() - before; n > 0 {
		return fmt.Errorf("it made %d requests", n)
	}
	return nil
}

func documented(_ context.Context, b *bench) error {
	d := b.run.about
	var missing []string
	if strings.TrimSpace(d.GetSummary()) == "" {
		missing = append(missing, "the connector's summary")
	}
	if strings.TrimSpace(d.GetVersion()) == "" {
		missing = append(missing, "the connector's version")
	}
	missing = append(missing, undocumented(d.GetConfig().GetRoot(), "")...)
	if len(missing) > 0 {
		return fmt.Errorf("without a text: %s", strings.Join(missing, ", "))
	}
	return nil
}

func undocumented(block *pb.Block, at string) []string {
	var out []string
	for _, f := range block.GetFields() {
		if strings.TrimSpace(f.GetDoc()) == "" {
			out = append(out, at+f.GetName())
		}
	}
	for _, n := range block.GetBlocks() {
		if strings.TrimSpace(n.GetDoc()) == "" {
			out = append(out, at+n.GetName())
		}
		out = append(out, undocumented(n.GetBody(), at+n.GetName()+".")...)
	}
	return out
}

func secretsMarked(_ context.Context, b *bench) error {
	var open []string
	walk(b.run.about.GetConfig().GetRoot(), "", func(name string, f *pb.Field) {
		secret := f.GetType() == pb.Type_TYPE_STRING && secretName.MatchString(f.GetName()) || contains(b.fake.Secrets, name)
		if secret && !f.GetSensitive() {
			open = append(open, name)
		}
	})
	if len(open) > 0 {
		return fmt.Errorf("not marked: %s", strings.Join(open, ", "))
	}
	return nil
}

// walk calls f for every field of a schema, by its name within blocks.
func walk(block *pb.Block, at string, f func(string, *pb.Field)) {
	for _, field := range block.GetFields() {
		f(at+field.GetName(), field)
	}
	for _, n := range block.GetBlocks() {
		walk(n.GetBody(), at+n.GetName()+".", f)
	}
}
