package engine

import (
	"net/http"
	"strings"

	"syncgateway/plugins/scim/engine/schema"
	"syncgateway/plugins/scim/engine/value"
	"syncgateway/sdk/record"
)

// bulkOperation is one operation of a bulk request with its result.
type bulkOperation struct {
	method  string
	bulkID  string
	version string
	data    value.Object
	t       *schema.ResourceType
	id      string // what the path names; of a POST the id that the resource will get
	needs   []int  // the operations whose resources it refers to
	done    bool
	err     *Error // a refusal
	reply   *reply
}

// bulk is one bulk request.
type bulk struct {
	*call
	ops    []*bulkOperation
	byID   map[string]int // bulkId: its operation
	failAt int            // failOnErrors; 0: never
	errors int
}

// bulk is POST /Bulk. Every operation is a transaction of its own, other than those that
// refer to each other in a circle, which are one. They are run by need: what an operation
// refers to comes before it.
func (c *call) bulk() (*reply, error) {
	in, err := c.object()
	if err != nil {
		return nil, err
	}
	b := &bulk{call: c, byID: map[string]int{}}
	if err := b.read(in); err != nil {
		return nil, err
	}
	for _, together := range byNeed(b.ops) {
		if b.failAt > 0 && b.errors >= b.failAt {
			break
		}
		b.run(together)
	}
	list := []any{}
	for _, op := range b.ops {
		if op.done {
			list = append(list, b.shown(op))
		}
	}
	return message(http.StatusOK, object("schemas", []any{c.face.messageURI(bulkResponseURI)}, "Operations", list)), nil
}

func (b *bulk) read(in value.Object) error {
	if err := b.face.checkSchemas(in, bulkRequestURI); err != nil {
		return err
	}
	v, _ := in.Fold("Operations")
	list, ok := v.([]any)
	if !ok {
		return bad(invalidSyntax, "A bulk request needs Operations, an array.")
	}
	if len(list) > b.engine.MaxBulkOperations {
		return refuse(http.StatusRequestEntityTooLarge, "The bulk request has %d operations; maxOperations is %d.", len(list), b.engine.MaxBulkOperations)
	}
	if n, ok := in.Fold("failOnErrors"); ok && n != nil {
		number, isNumber := n.(value.Number)
		if !isNumber || !number.Integral() || number.Int() < 0 {
			return bad(invalidValue, "failOnErrors must be a whole number.")
		}
		b.failAt = number.Int()
	}
	for i, e := range list {
		o, ok := e.(value.Object)
		if !ok {
			return bad(invalidSyntax, "Operation %d is not an object.", i+1)
		}
		op := &bulkOperation{}
		if err := b.readOperation(op, o, i); err != nil {
			op.err = asError(err)
		}
		b.ops = append(b.ops, op)
	}
	for _, op := range b.ops {
		if op.err == nil {
			b.resolve(op)
		}
	}
	return nil
}

func word(o value.Object, name string) string {
	v, _ := o.Fold(name)
	s, _ := v.(string)
	return s
}

func (b *bulk) readOperation(op *bulkOperation, o value.Object, number int) error {
	op.method, op.bulkID, op.version = strings.ToUpper(word(o, "method")), word(o, "bulkId"), word(o, "version")
	path := strings.Trim(word(o, "path"), "/")
	path = strings.TrimPrefix(strings.TrimPrefix(path, "v2/"), "v1/")
	endpoint, id, _ := strings.Cut(path, "/")
	if op.t = b.engine.typeAt(endpoint); op.t == nil || strings.Contains(id, "/") {
		return refuse(http.StatusNotFound, "There is no endpoint %s.", value.Visible(word(o, "path")))
	}
	op.id = id
	switch op.method {
	case http.MethodPost:
		if id != "" {
			return bad(invalidPath, "The path of a POST is that of an endpoint, such as /Users.")
		}
		if op.bulkID == "" {
			return bad(invalidSyntax, "A POST needs a bulkId.")
		}
		if _, twice := b.byID[op.bulkID]; twice {
			return bad(invalidValue, "The bulkId %s is there twice.", value.Visible(op.bulkID))
		}
		op.id = b.engine.NewID()
		b.byID[op.bulkID] = number
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		if id == "" {
			return bad(invalidPath, "The path of a %s is that of a resource, such as /Users/id.", op.method)
		}
	default:
		return bad(invalidSyntax, "The method must be POST, PUT, PATCH or DELETE.")
	}
	v, _ := o.Fold("data")
	var ok bool
	if list, isList := v.([]any); isList && op.method == http.MethodPatch {
		v = object("Operations", list) // as in the example of RFC 7644 section 3.7.3
	}
	if op.data, ok = v.(value.Object); !ok && op.method != http.MethodDelete {
		return bad(invalidSyntax, "A %s needs data, an object.", op.method)
	}
	return nil
}

// resolve puts ids in the place of bulkIds, those of resources that are yet to be made
// too, and notes whose they are.
func (b *bulk) resolve(op *bulkOperation) {
	replace := func(s string) string { return b.withIDs(op, s) }
	if op.method != http.MethodPost {
		op.id = replace(op.id)
	}
	op.data, _ = rewritten(op.data, replace).(value.Object)
}

const bulkPrefix = "bulkId:"

// withIDs replaces every bulkId:x in a text.
func (b *bulk) withIDs(op *bulkOperation, s string) string {
	var out strings.Builder
	for {
		at := strings.Index(s, bulkPrefix)
		if at < 0 {
			return out.String() + s
		}
		out.WriteString(s[:at])
		s = s[at+len(bulkPrefix):]
		end := strings.IndexAny(s, `"'/[]() ,`)
		if end < 0 {
			end = len(s)
		}
		name := s[:end]
		s = s[end:]
		i, ok := b.byID[name]
		if !ok {
			op.err = &Error{Status: http.StatusConflict, Type: invalidValue, Detail: "No operation has the bulkId " + value.Visible(name) + "."}
			return ""
		}
		op.needs = append(op.needs, i)
		out.WriteString(b.ops[i].id)
	}
}

// rewritten maps every string in a value.
func rewritten(v any, f func(string) string) any {
	switch x := v.(type) {
	case string:
		if strings.Contains(x, bulkPrefix) {
			return f(x)
		}
	case value.Object:
		out := make(value.Object, len(x))
		for i, m := range x {
			out[i] = value.Member{Name: m.Name, Value: rewritten(m.Value, f)}
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = rewritten(e, f)
		}
		return out
	}
	return v
}

// run runs operations that belong together: one, or those of a circle.
func (b *bulk) run(together []int) {
	var failed *Error
	for _, i := range together {
		op := b.ops[i]
		for _, need := range op.needs {
			if b.ops[need].err != nil && op.err == nil {
				op.err = &Error{Status: http.StatusConflict, Detail: "The operation " + value.Visible(b.ops[need].bulkID) + " failed, whose resource is referred to."}
			}
		}
		if op.err != nil {
			failed = op.err
		}
	}
	if len(together) == 1 {
		if op := b.ops[together[0]]; op.err == nil {
			b.one(op)
		}
	} else if failed == nil {
		b.circle(together)
	}
	for _, i := range together {
		op := b.ops[i]
		if op.err == nil && op.reply == nil {
			op.err = &Error{Status: http.StatusConflict, Detail: "Another operation failed, which this one and it refer to each other."}
		}
		op.done = true
		if op.err != nil {
			b.errors++
		}
	}
}

// one runs an operation as the request it stands for.
func (b *bulk) one(op *bulkOperation) {
	c := &call{engine: b.engine, ctx: b.ctx, face: b.face, method: op.method, lenient: b.lenient, ifMatch: op.version}
	var err error
	switch op.method {
	case http.MethodPost:
		op.reply, err = c.create(op.t, op.id, op.data)
	case http.MethodPut:
		op.reply, err = c.replace(op.t, op.id, op.data)
	case http.MethodPatch:
		op.reply, err = c.modify(op.t, op.id, op.data)
	default:
		op.reply, err = c.remove(op.t, op.id)
	}
	if err != nil {
		op.reply, op.err = nil, asError(err)
	}
}

// mostTogether is how many calls the directory takes in one transaction.
const mostTogether = 1000

// circle makes resources that refer to each other, all or none.
func (b *bulk) circle(together []int) {
	var calls []record.DirectoryCall
	last := map[int]int{} // operation: the call that has its final entry
	for _, i := range together {
		op := b.ops[i]
		r, err := b.incoming(op.t, op.id, op.data)
		var more []record.DirectoryCall
		if err == nil {
			more, err = r.calls()
		}
		if err != nil {
			op.err = asError(err)
			return
		}
		calls = append(calls, more...)
		last[i] = len(calls) - 1
	}
	if len(calls) > mostTogether {
		b.ops[together[0]].err = refuse(http.StatusConflict, "Too many operations refer to each other.")
		return
	}
	done, err := b.call.call(calls)
	for _, i := range together {
		op := b.ops[i]
		if err != nil {
			op.err = asError(explain(err, op.t, op.id))
			continue
		}
		op.reply = b.noContent(&resource{t: op.t, entry: done.Entries[last[i]]})
		op.reply.status = http.StatusCreated
	}
}

func (b *bulk) shown(op *bulkOperation) value.Object {
	o := object("method", op.method)
	if op.bulkID != "" {
		o.Set("bulkId", op.bulkID)
	}
	status := http.StatusNoContent
	if op.err != nil {
		status = op.err.Status
	} else {
		status = op.reply.status
		if op.reply.version != "" {
			o.Set("version", op.reply.version)
		}
	}
	if op.t != nil && op.id != "" && (op.err == nil || op.method != http.MethodPost) {
		o.Set("location", b.face.location(op.t, op.id))
	}
	code := itoa(status)
	if b.face.v1 {
		inner := object("code", code)
		if op.err != nil {
			inner.Set("description", op.err.Detail)
		}
		o.Set("status", inner)
		return o
	}
	o.Set("status", code)
	if op.err != nil {
		o.Set("response", op.err.object(b.face))
	}
	return o
}
