package atlassian

import (
	"net/http"
	"net/mail"
	"strings"

	"syncgateway/examples/sandbox/company"
	"syncgateway/examples/sandbox/reqlog"
)

// managed finds the request's account if the organisation may manage it, or refuses.
func (o *Org) managed(w http.ResponseWriter, r *http.Request) *account {
	a := o.accounts[r.PathValue("account")]
	switch {
	case a == nil || a.kind != "atlassian":
		writeJSON(w, http.StatusNotFound, object{"key": "accountNotFound"})
		return nil
	case !a.managed:
		writeJSON(w, http.StatusForbidden, object{"key": "forbidden"})
		return nil
	}
	return a
}

// writable is managed, and refuses what an identity provider's directory owns.
func (o *Org) writable(w http.ResponseWriter, r *http.Request) *account {
	a := o.managed(w, r)
	if a != nil && a.scim {
		writeJSON(w, http.StatusForbidden, object{
			"key": "forbidden.action", "context": object{"allowed": false, "reason": object{"key": "externalDirectory.scim"}},
		})
		return nil
	}
	return a
}

func violation(w http.ResponseWriter, field, key string) {
	writeJSON(w, http.StatusBadRequest, object{"key": "fieldConstraintsViolated", "context": object{
		"fieldViolations": []object{{"field": field, "violations": []object{{"key": key}}}},
	}})
}

func (o *Org) managePermissions(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	a := o.managed(w, r)
	if a == nil {
		return
	}
	write := object{"allowed": true}
	if a.scim {
		write = object{"allowed": false, "reason": object{"key": "externalDirectory.scim"}}
	}
	fields := object{}
	for _, f := range []string{"name", "nickname", "locale", "zoneinfo", "extended_profile.job_title", "extended_profile.department"} {
		fields[f] = write
	}
	writeJSON(w, http.StatusOK, object{
		"profile": fields, "profile.write": fields, "profile.read": object{"allowed": true}, "email.set": write,
		"lifecycle.enablement": write, "lifecycle.delete": write,
		"apiToken.read": object{"allowed": true}, "apiToken.delete": object{"allowed": true},
	})
}

func (o *Org) profile(a *account) object {
	p := &a.live
	extended := object{}
	for name, v := range map[string]string{
		"job_title": p.jobTitle, "department": p.department, "organization": p.organization, "location": p.location,
	} {
		if v != "" {
			extended[name] = v
		}
	}
	return object{"account": object{
		"account_id": a.id, "account_type": "atlassian", "account_status": p.accountStatus, "name": p.name, "nickname": p.nickname,
		"email": p.email, "picture": o.apiURL + "/avatar/" + a.id, "locale": p.locale, "zoneinfo": p.zone, "extended_profile": extended,
	}}
}

func (o *Org) readProfile(w http.ResponseWriter, r *http.Request) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if a := o.managed(w, r); a != nil {
		writeJSON(w, http.StatusOK, o.profile(a))
	}
}

type profilePatch struct {
	Name     *string `json:"name"`
	Nickname *string `json:"nickname"`
	Locale   *string `json:"locale"`
	Zone     *string `json:"zoneinfo"`
	Extended struct {
		JobTitle     *string `json:"job_title"`
		Department   *string `json:"department"`
		Organization *string `json:"organization"`
		Location     *string `json:"location"`
	} `json:"extended_profile"`
}

func (o *Org) patchProfile(w http.ResponseWriter, r *http.Request) {
	var q profilePatch
	if err := decode(r, &q); err != nil {
		writeJSON(w, http.StatusBadRequest, object{"key": "badRequest"})
		return
	}
	switch {
	case q.Name != nil && strings.TrimSpace(*q.Name) == "":
		violation(w, "name", "blank")
		return
	case q.Nickname != nil && len([]rune(*q.Nickname)) > 30:
		violation(w, "nickname", "maxLength")
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.writable(w, r)
	if a == nil {
		return
	}
	var changed []string
	o.change(a, func(p *person) {
		for _, f := range []struct {
			name string
			to   *string
			at   *string
		}{
			{"name", q.Name, &p.name}, {"nickname", q.Nickname, &p.nickname}, {"locale", q.Locale, &p.locale},
			{"zoneinfo", q.Zone, &p.zone}, {"job_title", q.Extended.JobTitle, &p.jobTitle},
			{"department", q.Extended.Department, &p.department}, {"organization", q.Extended.Organization, &p.organization},
			{"location", q.Extended.Location, &p.location},
		} {
			if f.to != nil && *f.to != *f.at {
				*f.at = *f.to
				changed = append(changed, f.name)
			}
		}
	})
	if len(changed) > 0 {
		note(r, reqlog.UserProfile, a, nil, strings.Join(changed, ","))
	}
	writeJSON(w, http.StatusOK, o.profile(a))
}

func (o *Org) setEmail(w http.ResponseWriter, r *http.Request) {
	var q struct{ Email string }
	if err := decode(r, &q); err != nil {
		writeJSON(w, http.StatusBadRequest, object{"key": "badRequest"})
		return
	}
	if parsed, err := mail.ParseAddress(q.Email); err != nil || parsed.Address != q.Email {
		violation(w, "email", "invalid")
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.writable(w, r)
	if a == nil {
		return
	}
	_, domain, _ := strings.Cut(fold(q.Email), "@")
	if domain != company.Domain {
		writeJSON(w, http.StatusForbidden, object{"key": "forbidden.unclaimedDomain", "context": object{"domain": domain}})
		return
	}
	if other := o.emails[fold(q.Email)]; other != nil && other != a {
		violation(w, "email", "taken")
		return
	}
	if a.live.email != q.Email {
		delete(o.emails, fold(a.live.email))
		o.emails[fold(q.Email)] = a
		o.change(a, func(p *person) { p.email = q.Email })
		note(r, reqlog.UserEmail, a, nil, "")
	}
	w.WriteHeader(http.StatusNoContent)
}

// lifecycle acts on the whole Atlassian account, beyond this organisation. What is so already is a conflict.
func (o *Org) lifecycle(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.writable(w, r)
	if a == nil {
		return
	}
	status := map[bool]string{true: statusActive, false: statusInactive}
	switch action := r.PathValue("action"); action {
	case "enable", "disable":
		enable := action == "enable"
		if a.live.accountStatus == status[enable] || a.live.accountStatus == statusClosed || a.deletion {
			notEligible(w, a)
			return
		}
		o.change(a, func(p *person) { p.accountStatus = status[enable] })
		note(r, map[bool]string{true: reqlog.UserEnable, false: reqlog.UserDisable}[enable], a, nil, "")
		w.WriteHeader(http.StatusNoContent)
	case "delete", "cancel-delete":
		if a.deletion == (action == "delete") {
			notEligible(w, a)
			return
		}
		a.deletion = action == "delete"
		o.change(a, func(p *person) { p.accountStatus = status[!a.deletion] })
		note(r, reqlog.UserDelete, a, nil, action)
		writeJSON(w, http.StatusOK, object{"message": "Success"})
	default:
		writeJSON(w, http.StatusNotFound, object{"key": "notFound"})
	}
}

func notEligible(w http.ResponseWriter, a *account) {
	writeJSON(w, http.StatusConflict, object{"key": "conflict.lifecycleErrors", "context": object{
		"accountId": a.id, "message": "This account isn't eligible for the requested action",
		"errorCodes": []object{{"code": "state", "message": "The account is in that state already."}},
	}})
}
