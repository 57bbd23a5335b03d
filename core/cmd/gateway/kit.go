package main

import (
	"context"

	"syncgateway/core/cli"
	"syncgateway/sdk/conformance"
)

// kit hands the SDK's conformance kit to the command line. This is the one place where
// host and SDK meet: everywhere else they know nothing of each other.
func kit(ctx context.Context, r cli.KitRun) (cli.KitReport, error) {
	o := conformance.Options{Binary: r.Binary, Config: r.Config, Only: r.Only}
	if len(r.Harness) > 0 {
		o.Harness = conformance.ProcessHarnessIn(r.Dir, r.Harness[0], r.Harness[1:]...)
	}
	found, err := conformance.Run(ctx, o)
	if err != nil {
		return nil, err
	}
	return report{found}, nil
}

type report struct{ *conformance.Report }

// Subject implements cli.KitReport.
func (r report) Subject() (typ, sha256, kit string) { return r.Type, r.SHA256, r.Kit }
