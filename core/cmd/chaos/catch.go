package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"syncgateway/core/chaos"
	"syncgateway/core/chaos/planted"
)

// tellCaught writes what a run with -until-wrong came to, for catch.
func tellCaught(r *chaos.Report) error { return json.NewEncoder(os.Stdout).Encode(r) }

// catch runs the corpus with each protection switched off, and fails unless the oracle
// objects each time.
func catch(ctx context.Context, names, bin, seeds string) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := planted.Build(root, filepath.Join(bin, "planted"), "./core/cmd/chaos"); err != nil {
		return err
	}
	binary := filepath.Join(bin, "planted", "chaos")
	missed := 0
	for _, v := range planted.All {
		if names != "all" && !slices.Contains(strings.Split(names, ","), v.Name) {
			continue
		}
		cmd := exec.CommandContext(ctx, binary, "-bin", bin, "-seeds", seeds, "-until-wrong")
		cmd.Env, cmd.Stderr = append(os.Environ(), planted.Variable+"="+v.Name), os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%s: %w", v.Name, err)
		}
		var r chaos.Report
		if err := json.Unmarshal(out, &r); err != nil {
			return fmt.Errorf("%s: %w", v.Name, err)
		}
		if len(r.Failures) == 0 {
			missed++
			fmt.Printf("%-20s MISSED in %d seeds: not so that %s\n", v.Name, r.Seeds, v.Off)
			continue
		}
		fmt.Printf("%-20s caught in seed %3d, after %3d: not so that %s\n%22s%s\n", v.Name, r.Failures[0].Seed, r.Seeds, v.Off, "", r.Failures[0].Wrong[0])
	}
	if missed > 0 {
		return fmt.Errorf("%d planted violations were missed", missed)
	}
	return nil
}
