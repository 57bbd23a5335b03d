package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// profileKey is the variable that tells plugins where to write their profiles; those
// built with the SDK heed it.
const profileKey = "SYNC_GATEWAY_PROFILE"

// startProfile profiles this process, and the plugins that it starts from here on, until
// stop is called: NAME-PID.cpu.pprof and NAME-PID.mem.pprof in the directory. Without one
// nothing happens.
func startProfile(dir string) (stop func() error, err error) {
	if dir == "" {
		return func() error { return nil }, nil
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory for profiles: %w", err)
	}
	if err := os.Setenv(profileKey, dir); err != nil {
		return nil, err
	}
	base := filepath.Join(dir, fmt.Sprintf("gateway-%d", os.Getpid()))
	cpu, err := os.Create(base + ".cpu.pprof")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return errors.Join(cpu.Close(), allocations(base+".mem.pprof"))
	}, nil
}

// allocations writes what memory was used for, and what of it still is.
func allocations(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
