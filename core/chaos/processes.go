package chaos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"syncgateway/core/api"
	"syncgateway/core/chaos/company"
	"syncgateway/core/chaos/remote"
	"syncgateway/core/engine"
	"syncgateway/core/store"
)

// blockSize is how many rounds a sandbox and a data directory live for.
const blockSize = 20

// Processes runs rounds through the real binaries: the gateway, its Okta and Jira Cloud
// plugins and the sandbox, with real kills. Rounds of one block follow one another in
// the same company.
type Processes struct {
	bin, scratch string
}

// NewProcesses uses the binaries in bin; scratch is a directory for data.
func NewProcesses(bin, scratch string) *Processes { return &Processes{bin: bin, scratch: scratch} }

// block is one company on its way through its rounds.
type block struct {
	*Processes
	dir    string
	sb     *sandbox
	world  *remote.World
	oracle *oracle
	daemon *daemon // nil when none runs
	after  int64
	length time.Duration // about how long a run takes
	result *Result
}

// Block runs the rounds of a block up to last, and calls done after each.
func (p *Processes) Block(ctx context.Context, first, last uint64, done func(*Result)) error {
	dir, err := os.MkdirTemp(p.scratch, "chaos-block")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &block{Processes: p, dir: dir, length: 500 * time.Millisecond}
	sb, err := startSandbox(ctx, filepath.Join(p.bin, "sandbox"), dir, "-seed", strconv.FormatUint(first, 10), "-people", "32", "-groups", "30", "-memberships", "3")
	if err != nil {
		return err
	}
	defer sb.close()
	b.sb = sb
	defer b.stop()
	if err := b.begin(ctx); err != nil {
		return fmt.Errorf("begin block %d: %w", first, err)
	}
	for round := first; round <= last; round++ {
		began := time.Now()
		b.result = &Result{Seed: round, Fired: map[remote.Kind]int{}}
		judged := b.oracle.judged
		if err := b.round(ctx, round); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		b.result.Wrong, b.result.Judged, b.result.Took = b.oracle.wrong, b.oracle.judged-judged, time.Since(began)
		b.oracle.wrong = nil
		done(b.result)
		if len(b.result.Wrong) > 0 {
			return nil // what follows in this block would follow from it
		}
	}
	return nil
}

const processConfig = `
gateway { plugin_dir = %q }
source "okta" "corp" {
  org_url    = plain_env("OKTA_ORG_URL")
  api_token  = env("OKTA_API_TOKEN")
  rate_share = 1
}
target "jira-cloud" "acme" {
  site      = plain_env("JIRA_SITE_URL")
  email     = plain_env("JIRA_EMAIL")
  api_token = env("JIRA_API_TOKEN")
  org_id    = plain_env("ATLASSIAN_ORG_ID")
  api_key   = env("ATLASSIAN_ORG_KEY")
  admin_url = plain_env("ATLASSIAN_API_URL")
}
sync "staff" {
  from = [source.okta.corp]
  to   = target.jira-cloud.acme
  users {
    include = contains(user.groups, "jira-users")
    map { email = lower(user.email) }
  }
  groups {
    include  = regex_match("team-", group.name)
    on_leave = %q
  }
  limits {
    min_population = 1
    deactivate { count = 100000 }
    delete { count = 100000 }
    remove_member { count = 100000 }
    delete_group { count = 100000 }
  }
}
`

func (b *block) begin(ctx context.Context) error {
	s, err := b.sb.state(ctx)
	if err != nil {
		return err
	}
	b.world = remote.NewWorld(employed(&s), 1, false)
	rules := company.Rules{Include: company.IncludeStaff, TeamsOnly: true, KeepExisting: true, AddressOnly: true, MinPopulation: 1}
	wide(&rules)
	b.oracle = newOracle(b.world, rules)
	b.oracle.foreign = closed(&s, b.world.Company)
	show(&s, b.world.App, b.sb.value("JIRA_EMAIL"))
	for id := range b.world.App.Accounts {
		b.oracle.live[id] = true
	}
	if b.after, err = look(ctx, b.sb, b.world.App, 0); err != nil {
		return err
	}
	if err := b.configure(); err != nil {
		return err
	}
	if out, err := b.command(ctx, "plugins", "lock", "okta", "jira-cloud").CombinedOutput(); err != nil {
		return fmt.Errorf("lock the plugins: %w: %s", err, out)
	}
	b.result = &Result{Fired: map[remote.Kind]int{}}
	_, err = b.run(ctx, full, nil)
	return err
}

// full asks for a run that reads everything.
var full = api.RunRequest{Sync: "staff", Mode: engine.ModeFull, Apply: true, Who: "chaos", Brief: true}

func (b *block) configure() error {
	leave := "keep"
	if b.oracle.rules.DeleteGroups {
		leave = "delete"
	}
	return os.WriteFile(filepath.Join(b.dir, "gateway.hcl"), fmt.Appendf(nil, processConfig, filepath.Join(b.bin, "plugins"), leave), 0o600)
}

func (b *block) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(b.bin, "gateway"), args...)
	cmd.Dir, cmd.Env = b.dir, append(os.Environ(), b.sb.env...)
	return cmd
}

// run lets the gateway run to its end, or to the kill, and the oracle judge what it did.
// It tells whether everything was done.
func (b *block) run(ctx context.Context, q api.RunRequest, kill func(pid int, ended <-chan struct{}) remote.Kind) (done bool, err error) {
	b.result.Runs++
	b.world.App.Run = b.result.Runs
	now := time.Now()
	b.oracle.before(now)
	before, err := b.sb.faults(ctx)
	if err != nil {
		return false, err
	}
	if err := b.start(ctx); err != nil {
		return false, err
	}
	var answer *api.RunAnswer
	var said error
	ended := make(chan struct{})
	go func() {
		answer, said = b.daemon.client.Run(ctx, q)
		close(ended)
	}()
	var killed remote.Kind
	if kill != nil {
		killed = kill(b.daemon.cmd.Process.Pid, ended)
	}
	<-ended
	if killed == hostKill {
		b.stop()
	}
	x := circumstances{now: now, full: q.Mode == engine.ModeFull, clean: said == nil && killed == "" && answer.Report.Run.State == store.RunDone}
	if done = x.clean; killed != "" {
		b.result.Fired[killed]++
	}
	if err := b.struck(ctx, before, &x); err != nil {
		return false, err
	}
	if b.after, err = look(ctx, b.sb, b.world.App, b.after); err != nil {
		return false, err
	}
	from := b.oracle.seen
	b.oracle.after(x)
	b.tell("run %d, %s: %s %v", b.result.Runs, killed, answer.Report.Run.Summary, said)
	for _, e := range b.world.App.Log[from:] {
		b.tell("  %s", e)
	}
	return done, nil
}

func (b *block) tell(format string, args ...any) {
	b.result.Story = append(b.result.Story, fmt.Sprintf(format, args...))
}

// kinds names the sandbox's faults as the other half of the corpus does.
var kinds = map[string]remote.Kind{"drop_page": remote.DropPage, "empty_list": remote.Empty, "half": "half a listing", "status503": remote.Unavailable,
	"status429": remote.Storm, "cut_body": remote.CutBody, "truncated_json": "cut JSON", "repeat_cursor": remote.RepeatedCursor,
	"lost_scope": remote.LostScope, "lost_role": "lost role", "duplicate_page": remote.DuplicatePage, "lost_response": remote.LostAnswer,
	"drop_request": "request lost", "clock_skew": clockSkew, "slow": "slow answer", "html": "a page instead of JSON"}

func (f *rule) kind() remote.Kind {
	if f.Kind == "status" {
		return kinds[fmt.Sprint("status", f.Status)]
	}
	return kinds[f.Kind]
}

// breaks tells whether a listing of Okta that the fault hit cannot have looked whole.
func (f *rule) breaks() bool {
	return f.Server == "okta" && (f.Kind == "lost_scope" || f.Kind == "repeat_cursor")
}

// struck takes note of the faults that happened since.
func (b *block) struck(ctx context.Context, before []rule, x *circumstances) error {
	then := map[string]int{}
	for _, f := range before {
		then[f.ID] = f.Fired
	}
	now, err := b.sb.faults(ctx)
	for i := range now {
		f := &now[i]
		n := f.Fired - then[f.ID]
		if n == 0 {
			continue
		}
		b.result.Fired[f.kind()] += n
		if f.Kind != "slow" {
			x.clean = false
		}
		if f.breaks() {
			x.broken = f.Kind
		}
	}
	return err
}
