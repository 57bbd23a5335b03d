package ingress

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// refuse answers in the form of a SCIM error, of 2.0 and of 1.1 in one, which every client
// of a listener reads or at least does not stumble over.
func refuse(w http.ResponseWriter, status int, retryAfter time.Duration, detail string) {
	h := w.Header()
	h.Set("Content-Type", "application/scim+json")
	h.Set("Cache-Control", "no-store")
	if retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(retryAfter.Seconds()))))
	}
	w.WriteHeader(status)
	code := strconv.Itoa(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the client may be gone
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": code, "detail": detail,
		"Errors": []map[string]string{{"description": detail, "code": code}}})
}
