package sdk

import (
	"fmt"
	"reflect"
)

// optional is a method a connector may have, and the interface it must then meet.
type optional struct {
	name  string
	meets func(any) bool
	want  reflect.Type
}

func method[I any](name string) optional {
	return optional{name, is[I], reflect.TypeFor[I]()}
}

func is[I any](c any) bool { _, ok := c.(I); return ok }

// fits finds methods that have the name of an optional one and another signature:
// without this they would silently never be called.
func fits(c any, methods ...optional) error {
	for _, m := range methods {
		if _, has := reflect.TypeOf(c).MethodByName(m.name); has && !m.meets(c) {
			want, _ := m.want.MethodByName(m.name)
			return fmt.Errorf("the method %s of %T must have the signature %s", m.name, c, want.Type)
		}
	}
	return nil
}
