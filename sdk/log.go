package sdk

import (
	"context"
	"log"
	"os"

	"github.com/hashicorp/go-hclog"

	"syncgateway/sdk/internal/redact"
)

// stderr is the process's own, which the host reads; os.Stderr is replaced while a
// plugin is served.
var stderr = os.Stderr

var logger = newLogger(hclog.Debug)

func newLogger(level hclog.Level) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Level: level, Output: redact.Writer{To: stderr}, JSONFormat: true})
}

// Logger returns where a connector logs, by message and key-value pairs. Secrets of
// the configuration are taken out. The host keeps the last lines of a connector and
// shows them when it breaks.
func Logger(ctx context.Context) hclog.Logger {
	if id := RunID(ctx); id != "" {
		return logger.With("run", id)
	}
	return logger
}

// captureLog sends what libraries log with package log the same way.
func captureLog() {
	log.SetFlags(0)
	log.SetOutput(logger.StandardWriter(&hclog.StandardLoggerOptions{InferLevels: true}))
}
