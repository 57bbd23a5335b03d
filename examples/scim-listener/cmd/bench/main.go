// Command bench measures the SCIM listener beside a bare HTTP server over a map, with
// the same load from the same client: everything through front door, plugin and host,
// every write durable.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	bin := flag.String("bin", "bin", "`folder` with gateway and plugins")
	sizes := flag.String("sizes", "1000,100000", "`numbers` of users in the directory")
	each := flag.Duration("time", 3*time.Second, "how long each load lasts")
	connections := flag.Int("connections", 8, "keep-alive connections")
	file := flag.String("json", "", "write the figures as JSON to this `file` as well")
	bare := flag.String("bare", "", "serve the bare server at this `address`, and nothing else")
	flag.Parse()
	if *bare != "" {
		log.Fatal(serveBare(*bare))
	}
	var all []row
	for text := range strings.SplitSeq(*sizes, ",") {
		users, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			log.Fatal(err)
		}
		rows, err := measure(*bin, users, *connections, *each)
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, rows...)
	}
	table(all)
	if *file != "" {
		data, err := json.MarshalIndent(all, "", "  ")
		if err == nil {
			err = os.WriteFile(*file, append(data, '\n'), 0o644)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

// row is one load on both servers.
type row struct {
	Load    string        `json:"load"`
	Users   int           `json:"users"`
	Gateway float64       `json:"gateway_per_second"`
	Bare    float64       `json:"bare_per_second"`
	Ratio   float64       `json:"ratio"`
	P50     time.Duration `json:"p50_ns"`
	P99     time.Duration `json:"p99_ns"`
	CPU     cpu           `json:"cpu_us_per_request"`
}

// cpu is where the time went, in microseconds a request.
type cpu struct {
	Host   float64 `json:"host"`
	Plugin float64 `json:"plugin"`
	Client float64 `json:"client"`
}

func table(rows []row) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "load\tusers\tgateway/s\tbare/s\tratio\tp50\tp99\thost µs\tplugin µs\tclient µs\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%.0f\t%.2f\t%s\t%s\t%.0f\t%.0f\t%.0f\t\n", r.Load, r.Users, r.Gateway, r.Bare, r.Ratio,
			r.P50.Round(10*time.Microsecond), r.P99.Round(10*time.Microsecond), r.CPU.Host, r.CPU.Plugin, r.CPU.Client)
	}
	_ = w.Flush()
}
