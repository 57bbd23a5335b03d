package remote

import (
	"net/http"
	"strings"
)

// batch is a request that changes something.
type batch struct {
	Operations []operation `json:"operations"`
}

type operation struct {
	ID      string     `json:"id"`
	Kind    string     `json:"kind"`
	User    *wireUser  `json:"user"`
	Changed []string   `json:"changed"`
	Group   *wireGroup `json:"group"`
	UserID  string     `json:"user_id"`
	GroupID string     `json:"group_id"`
	Made    string     `json:"made"`
}

type result struct {
	ID       string `json:"id"`
	Outcome  string `json:"outcome"`
	RemoteID string `json:"remote_id"`
	Message  string `json:"message"`
}

func (w *World) operations(system string, b batch) answer {
	if system != "app" {
		return notFound
	}
	f := w.match(system, "operations", 0, LostAnswer, HalfBatch)
	ops := b.Operations
	if f != nil && f.Kind == HalfBatch {
		ops = ops[:len(ops)/2]
	}
	made := map[string]string{}
	results := make([]result, 0, len(ops))
	for _, op := range ops {
		r := w.App.carryOut(op, made)
		r.ID = op.ID
		results = append(results, r)
	}
	switch {
	case f == nil:
		return answer{body: map[string]any{"results": results}}
	case f.Kind == HalfBatch:
		return answer{status: http.StatusInternalServerError, body: map[string]string{"error": "something went wrong"}}
	}
	return answer{gone: true}
}

var (
	already = result{Outcome: "already"}
	missing = result{Outcome: "missing", Message: "there is no such record"}
)

// carryOut does one operation. The application takes the same address twice: it is for
// its clients not to make somebody a second account.
func (a *App) carryOut(op operation, made map[string]string) result {
	switch op.Kind {
	case "create_user":
		x := a.AddAccount(Account{Username: op.User.Username, Email: op.User.Email, Name: op.User.Name, Department: op.User.Department, Active: true}, false)
		made[op.ID] = x.ID
		return result{Outcome: "applied", RemoteID: x.ID}
	case "create_group":
		return result{Outcome: "applied", RemoteID: a.AddGroup(op.Group.Name, "", false).ID}
	case "delete_group":
		g := a.Groups[op.Group.ID]
		if g == nil {
			return already
		}
		a.deleteGroup(g)
		return result{Outcome: "applied"}
	case "add_member", "remove_member":
		return a.member(op, made)
	}
	return a.change(op)
}

func (a *App) member(op operation, made map[string]string) result {
	id := op.UserID
	if id == "" {
		id = made[op.Made]
	}
	g, x := a.Groups[op.GroupID], a.Accounts[id]
	switch {
	case g == nil || x == nil:
		return missing
	case g.ReadOnly != "":
		return result{Outcome: "refused", Message: g.ReadOnly}
	case !a.SetMember(g, x, op.Kind == "add_member", false):
		return already
	}
	return result{Outcome: "applied"}
}

func (a *App) change(op operation) result {
	x := a.Accounts[op.User.ID]
	if x == nil {
		return missing
	}
	switch op.Kind {
	case "activate_user", "deactivate_user":
		active := op.Kind == "activate_user"
		if x.Active == active {
			return already
		}
		a.Update(x, false, op.Kind, func(x *Account) { x.Active = active })
	case "delete_user":
		a.Delete(x, false)
	case "update_user":
		a.Update(x, false, op.Kind, func(x *Account) {
			for _, name := range op.Changed {
				set(x, name, op.User)
			}
		})
	default:
		return result{Outcome: "refused", Message: "the application does not know " + op.Kind}
	}
	return result{Outcome: "applied"}
}

func set(x *Account, name string, u *wireUser) {
	switch strings.TrimPrefix(name, "attributes.") {
	case "username":
		x.Username = u.Username
	case "email":
		x.Email = u.Email
	case "display_name":
		x.Name = u.Name
	case "department":
		x.Department = u.Department
	}
}
