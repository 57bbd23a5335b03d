package sdk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// profileKey is the variable with the directory that profiles go to; the gateway sets
// it where somebody asks for them.
const profileKey = "SYNC_GATEWAY_PROFILE"

// profile profiles the process until stop is called, which writes what it used its
// time and memory for: NAME-PID.cpu.pprof and NAME-PID.mem.pprof.
func profile(dir, name string) (stop func() error, err error) {
	if dir == "" {
		return func() error { return nil }, nil
	}
	base := filepath.Join(dir, fmt.Sprintf("%s-%d", name, os.Getpid()))
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
