package main

import "maps"

// violations are by the id of the check that each breaks.
var violations = merged(ofAll, ofReads("source"), ofSource, ofReads("target"), ofTarget, ofListener)

func merged(themes ...map[string]*violation) map[string]*violation {
	out := map[string]*violation{}
	for _, t := range themes {
		maps.Copy(out, t)
	}
	return out
}
