package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// processes is what the daemon and its plugins used so far, without their remote calls.
// reset starts peaks anew.
func (d *daemon) processes(reset bool) ([]Process, error) {
	var out []Process
	for _, name := range processNames {
		p, err := processUsage(name, d.pids[name], reset)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// since is what was used between two looks; peaks are of the later one.
func since(before, after []Process) []Process {
	out := make([]Process, len(after))
	for i, p := range after {
		out[i] = Process{Name: p.Name, CPU: p.CPU - before[i].CPU, PeakMB: p.PeakMB, Calls: p.Calls - before[i].Calls}
	}
	return out
}

// find looks for the daemon's plugins among its children.
func (d *daemon) find() error {
	d.pids = map[string]int{"gateway": d.cmd.Process.Pid}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return err
	}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		var pid, parent int
		var comm, state string
		if _, err := fmt.Sscanf(string(b), "%d %s %s %d", &pid, &comm, &state, &parent); err != nil || parent != d.cmd.Process.Pid {
			continue
		}
		cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			continue
		}
		for _, name := range []string{"source", "target"} {
			if strings.Contains(string(cmdline), "gateway-synthetic-"+name) {
				d.pids[name] = pid
			}
		}
	}
	if len(d.pids) != len(processNames) {
		return fmt.Errorf("the plugins of the daemon are not to be found: %v", d.pids)
	}
	return nil
}

// clockTick is the unit of CPU times in /proc: a hundredth of a second on Linux.
const clockTick = 0.01

func processUsage(name string, pid int, reset bool) (Process, error) {
	p := Process{Name: name}
	if reset {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
			return p, err
		}
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, err
	}
	// Fields 14 and 15, counted after the name, which may hold spaces.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var user, system float64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return p, err
	}
	p.CPU = (user + system) * clockTick
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return p, err
	}
	for line := range strings.Lines(string(status)) {
		var kb float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kb); err == nil {
			p.PeakMB = kb / 1024
		}
	}
	return p, nil
}
