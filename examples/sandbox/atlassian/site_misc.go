package atlassian

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"syncgateway/examples/sandbox/reqlog"
)

const (
	maxPropertyKey   = 255
	maxPropertyValue = 32768
	projectsPage     = 50
	projectsMost     = 100
)

// roleOf shows a product as a Jira application role: which groups grant it, and the seats.
func (o *Org) roleOf(p *product) object {
	defaults, defaultDetails := []string{}, []object{}
	names, details := []string{}, []object{}
	for _, g := range o.groupOrder {
		if g.deleted || !slices.Contains(g.licences(), p) {
			continue
		}
		names, details = append(names, g.name), append(details, o.groupName(g))
		if p.defaultGroup == g {
			defaults, defaultDetails = append(defaults, g.name), append(defaultDetails, o.groupName(g))
		}
	}
	out := object{
		"key": p.key, "name": p.name, "groups": names, "groupDetails": details, "defaultGroups": defaults,
		"defaultGroupsDetails": defaultDetails, "selectedByDefault": p.key == "jira-software", "defined": true, "platform": false,
		"hasUnlimitedSeats": p.seats == 0, "numberOfSeats": -1, "remainingSeats": -1,
		"userCount": p.used, "userCountDescription": seatsText(p.used),
	}
	if p.seats > 0 {
		out["numberOfSeats"], out["remainingSeats"] = p.seats, max(0, p.seats-p.used)
	}
	return out
}

func (o *Org) applicationRoles(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	out := []object{}
	for _, p := range o.products {
		if p.jira {
			out = append(out, o.roleOf(p))
		}
	}
	writeJSON(w, http.StatusOK, out)
}

func (o *Org) applicationRole(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	p := o.productByKey(r.PathValue("key"))
	if p == nil || !p.jira {
		siteError(w, http.StatusNotFound, "The application role does not exist.")
		return
	}
	writeJSON(w, http.StatusOK, o.roleOf(p))
}

func (o *Org) listProperties(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.accountOf(w, r)
	if a == nil {
		return
	}
	keys := []object{}
	for key := range a.properties {
		keys = append(keys, object{"key": key, "self": o.siteURL + r.URL.Path + "/" + key})
	}
	slices.SortFunc(keys, func(x, y object) int { return strings.Compare(x["key"].(string), y["key"].(string)) })
	writeJSON(w, http.StatusOK, object{"keys": keys})
}

func (o *Org) getProperty(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.accountOf(w, r)
	if a == nil {
		return
	}
	key := r.PathValue("key")
	value, ok := a.properties[key]
	if !ok {
		siteError(w, http.StatusNotFound, "The property with key '"+key+"' does not exist.")
		return
	}
	writeJSON(w, http.StatusOK, object{"key": key, "value": json.RawMessage(value)})
}

// putProperty answers 201 for a new property and 200 for a changed one.
func (o *Org) putProperty(w http.ResponseWriter, r *http.Request) {
	value, err := io.ReadAll(r.Body)
	key := r.PathValue("key")
	if err != nil || !json.Valid(value) || len(value) > maxPropertyValue || len(key) > maxPropertyKey {
		siteError(w, http.StatusBadRequest, "The value must be JSON of at most 32768 characters, the key at most 255.")
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.accountOf(w, r)
	if a == nil {
		return
	}
	old, there := a.properties[key]
	if a.properties == nil {
		a.properties = map[string][]byte{}
	}
	a.properties[key] = value
	if string(old) != string(value) {
		note(r, reqlog.PropertySet, a, nil, key)
	}
	status := http.StatusCreated
	if there {
		status = http.StatusOK
	}
	writeJSON(w, status, object{})
}

func (o *Org) deleteProperty(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.accountOf(w, r)
	if a == nil {
		return
	}
	key := r.PathValue("key")
	if _, ok := a.properties[key]; !ok {
		siteError(w, http.StatusNotFound, "The property with key '"+key+"' does not exist.")
		return
	}
	delete(a.properties, key)
	note(r, reqlog.PropertyDelete, a, nil, key)
	w.WriteHeader(http.StatusNoContent)
}

// project shows its lead only when asked to.
func (o *Org) project(p *project, lead bool) object {
	out := object{
		"id": p.id, "key": p.key, "name": p.name, "projectTypeKey": "software", "simplified": false, "style": "classic",
		"isPrivate": false, "self": o.siteURL + "/rest/api/3/project/" + p.id,
	}
	if lead && p.lead != nil {
		u := o.siteUser(p.lead)
		delete(u, "locale")
		delete(u, "timeZone")
		out["lead"] = u
	}
	return out
}

func (o *Org) searchProjects(w http.ResponseWriter, r *http.Request) {
	start, size, err := offsets(r, projectsPage, projectsMost)
	if err != nil {
		siteError(w, http.StatusBadRequest, err.Error())
		return
	}
	lead := slices.Contains(strings.Split(r.URL.Query().Get("expand"), ","), "lead")
	o.mu.RLock()
	defer o.mu.RUnlock()
	shown, v := offsetPage(r, o.projects, start, size)
	out := []object{}
	for _, p := range shown {
		out = append(out, o.project(p, lead))
	}
	writeJSON(w, http.StatusOK, o.pageBean(r, out, v, start, size))
}

func (o *Org) projectOf(w http.ResponseWriter, r *http.Request) *project {
	key := r.PathValue("key")
	for _, p := range o.projects {
		if p.id == key || strings.EqualFold(p.key, key) {
			return p
		}
	}
	siteError(w, http.StatusNotFound, "No project could be found with key '"+key+"'.")
	return nil
}

func (o *Org) getProject(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if p := o.projectOf(w, r); p != nil {
		writeJSON(w, http.StatusOK, o.project(p, true))
	}
}

func (o *Org) putProject(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Lead string `json:"leadAccountId"`
	}
	if err := decode(r, &q); err != nil {
		siteError(w, http.StatusBadRequest, err.Error())
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.projectOf(w, r)
	if p == nil {
		return
	}
	if q.Lead != "" {
		a := o.accounts[q.Lead]
		if a == nil || !a.live.active() {
			siteError(w, http.StatusBadRequest, "The project lead must be an active user.")
			return
		}
		if p.lead != a {
			p.lead = a
			note(r, reqlog.ProjectLead, a, nil, p.key)
		}
	}
	writeJSON(w, http.StatusOK, o.project(p, true))
}
