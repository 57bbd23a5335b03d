package cli

import (
	"fmt"
	"strings"

	"syncgateway/core/engine"
	"syncgateway/core/store"
)

// showDrift prints how what was pushed stands against what was read, in few lines.
func (c *call) showDrift(d *engine.DriftReport, indent string) {
	if d == nil || d.Late+d.Lost+d.Contradicted+d.Arrived == 0 {
		return
	}
	c.text("%sWhat was pushed to %s differs from %s: %s lost, %d late, %d contradicted.\n", indent, d.Pushed, d.Pulled, peopleCount(d.Lost), d.Late, d.Contradicted)
	for i := range d.Standing {
		c.driftOf(&d.Standing[i], indent+"  ")
	}
	if more := d.Late + d.Lost + d.Contradicted - len(d.Standing); more > 0 {
		c.text("%s  … and %d more\n", indent, more)
	}
	if d.Arrived > 0 {
		c.text("%sPushes that had been lost have come, of %s:\n", indent, peopleCount(d.Arrived))
	}
	for i := range d.Arrivals {
		c.text("%s  %s, since %s: %s\n", indent, d.Arrivals[i].Person, d.Arrivals[i].Since.Local().Format(timeLayout), differences(d.Arrivals[i].Differences))
	}
}

func (c *call) driftOf(v *engine.DriftView, indent string) {
	c.text("%s%s %s, since %s: %s\n", indent, v.Kind, v.Person, v.Since.Local().Format(timeLayout), differences(v.Differences))
}

// differences says what was pushed and what was read.
func differences(ds []store.Difference) string {
	parts := make([]string, len(ds))
	for i, d := range ds {
		parts[i] = difference(d)
	}
	return strings.Join(parts, "; ")
}

func difference(d store.Difference) string {
	switch {
	case d.Field == "person" && d.Pushed == "":
		return "never pushed"
	case d.Field == "person" && d.Pulled == "":
		return "pushed as active, and not there"
	case d.Field == "person":
		return "pushed as deleted, and there"
	case d.Field == "group" && d.Pushed == "":
		return fmt.Sprintf("in group %q, which was not pushed", d.Pulled)
	case d.Field == "group":
		return fmt.Sprintf("pushed into group %q, and not in it", d.Pushed)
	}
	return fmt.Sprintf("%s pushed as %q, is %q", d.Field, d.Pushed, d.Pulled)
}
