# The Sync Gateway. `make demo` and `make test` are all a fresh clone needs.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -X main.version=$(VERSION)
BIN     := bin
SIZE    ?= 10k,100k
BENCH   ?=

# The end-to-end tests build binaries that go test does not know of: they are never cached.
E2E     := ./core/e2e ./core/chaos/...
RACE    ?= FirstSync|KilledAtAnyMoment|SecretsNeverLeave|TwoDaemons|HeldApproved
UNIT    = $(shell $(GO) list ./... | grep -v '/core/e2e\|/core/chaos')

PLUGINS := $(wildcard plugins/*/cmd/gateway-*)
TOOLS   := examples/sandbox/cmd/sandbox
SYNTHETIC := examples/synthetic/cmd/gateway-synthetic-source examples/synthetic/cmd/gateway-synthetic-target

BUF         := $(GO) run github.com/bufbuild/buf/cmd/buf@v1.75.0
STATICCHECK := $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := $(GO) run golang.org/x/vuln/cmd/govulncheck@v1.5.0

SEEDS     ?= 1-1000
PROCESSES ?= 100
PLANTED   ?=

.PHONY: build demo demo-scim test race kit chaos bench bench-scim proto docs lint vuln clean

build: ## host, plugins, and the lock of exactly these plugins
	CGO_ENABLED=1 $(GO) build -ldflags '$(LDFLAGS)' -o $(BIN)/ ./core/cmd/gateway
	CGO_ENABLED=0 $(GO) build -ldflags '$(LDFLAGS)' -o $(BIN)/plugins/ $(addprefix ./,$(PLUGINS))
	./$(BIN)/gateway plugins lock $(patsubst gateway-%,%,$(notdir $(PLUGINS)))

demo: build ## the main job, end to end, against a pretend company on loopback
	CGO_ENABLED=0 $(GO) build -o $(BIN)/ ./$(TOOLS) ./examples/demo
	./$(BIN)/demo

demo-scim: build ## identity providers that push, against the same company
	CGO_ENABLED=0 $(GO) build -o $(BIN)/ ./$(TOOLS) ./examples/demo
	./$(BIN)/demo -story push -config examples/scim-listener/jira.hcl

test: ## everything that must hold
	$(GO) vet ./...
	$(GO) test -timeout 30m $(UNIT)
	cd examples/connector-go && $(GO) vet ./... && $(GO) test -timeout 10m ./...
	$(GO) test -count=1 -timeout 30m $(E2E)

race: ## under the race detector; end to end, binaries included, those with most at once (RACE=. for all)
	$(GO) test -race -short -timeout 30m $(UNIT)
	$(GO) test -race -short -count=1 -timeout 60m -run '$(RACE)' $(E2E)

chaos: ## the chaos corpus (docs/chaos.md): SEEDS=1-10000 PROCESSES=1000, or PLANTED=all
	CGO_ENABLED=1 $(GO) build -o $(BIN)/chaos/ ./core/cmd/gateway ./core/cmd/chaos
	CGO_ENABLED=0 $(GO) build -o $(BIN)/chaos/ ./$(TOOLS)
	CGO_ENABLED=0 $(GO) build -o $(BIN)/chaos/plugins/ $(addprefix ./,$(PLUGINS)) ./examples/httpdir/cmd/...
	./$(BIN)/chaos/chaos -bin $(abspath $(BIN))/chaos -seeds "$(SEEDS)" -processes "$(PROCESSES)" -planted "$(PLANTED)"

kit: ## every planted violation against every check of the conformance kit
	KIT_FULL=1 $(GO) test -count=1 -timeout 30m ./sdk/conformance/broken

bench: ## whole runs through real processes, beside floors: SIZE=1m, BENCH='-whole -against old.json'
	CGO_ENABLED=1 $(GO) build -ldflags '$(LDFLAGS)' -o $(BIN)/ ./core/cmd/gateway
	CGO_ENABLED=0 $(GO) build -o $(BIN)/plugins/ $(addprefix ./,$(SYNTHETIC))
	CGO_ENABLED=0 $(GO) build -o $(BIN)/ ./examples/synthetic/cmd/bench
	CGO_ENABLED=1 $(GO) test -c -o $(BIN)/floor-sqlite.test ./core/store/sqlite
	./$(BIN)/bench -bin $(BIN) -size $(SIZE) -json bench-runs.json $(BENCH)

bench-scim: build ## the SCIM listener beside a bare server, under the same load
	CGO_ENABLED=0 $(GO) build -o $(BIN)/bench-scim ./examples/scim-listener/cmd/bench
	./$(BIN)/bench-scim -bin $(BIN) -json bench-scim.json

proto: ## generated code of the plugin contract
	cd proto && $(BUF) lint && $(BUF) generate

docs: build ## reference pages made from the plugins and the configuration's grammar
	./$(BIN)/gateway plugins docs $(patsubst gateway-%,%,$(notdir $(PLUGINS)))
	./$(BIN)/gateway reference > docs/reference.md
	$(GO) test -count=1 -run TestDocumentationListsTheChecks ./sdk/conformance -update
	./$(BIN)/gateway plugins contract > examples/connector-python/app/hr_csv/contract.binpb

lint:
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	$(GO) vet ./...
	$(STATICCHECK) ./...

vuln:
	$(GOVULNCHECK) ./...

clean:
	rm -rf $(BIN) data demo
