package schema

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	attributeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
	schemaURI     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+-]*:[A-Za-z0-9:._/-]*[A-Za-z0-9]$`)
)

// CheckExtension says what is wrong with a schema from a configuration, nil when it may
// be used beside the others.
func CheckExtension(s *Schema, others []*ResourceType) error {
	if !schemaURI.MatchString(s.ID) {
		return fmt.Errorf("%q is not the URI of a schema, such as urn:example:params:scim:schemas:extension:acme:2.0:User", s.ID)
	}
	for _, t := range others {
		if t.Core.is(s.ID) || t.Extension(s.ID) != nil {
			return fmt.Errorf("the schema %s is there already", s.ID)
		}
	}
	if len(s.Attributes) == 0 {
		return fmt.Errorf("the schema %s has no attributes", s.ID)
	}
	return checkAttributes(s.ID, s.Attributes)
}

func checkAttributes(where string, list []*Attribute) error {
	seen := map[string]bool{}
	for _, a := range list {
		folded := strings.ToLower(a.Name)
		switch {
		case !attributeName.MatchString(a.Name):
			return fmt.Errorf("%s: %q is not the name of an attribute: letters, digits, - and _, beginning with a letter", where, a.Name)
		case seen[folded]:
			return fmt.Errorf("%s: there are two attributes %s", where, a.Name)
		case a.Type == Complex && len(a.Sub) == 0:
			return fmt.Errorf("%s: the complex attribute %s needs sub-attributes", where, a.Name)
		case a.Type != Complex && len(a.Sub) > 0:
			return fmt.Errorf("%s: %s has sub-attributes, so its type must be complex", where, a.Name)
		}
		seen[folded] = true
		for _, sub := range a.Sub {
			if sub.Type == Complex {
				return fmt.Errorf("%s: %s.%s cannot be complex: sub-attributes are simple", where, a.Name, sub.Name)
			}
		}
		if err := checkAttributes(where+":"+a.Name, a.Sub); err != nil {
			return err
		}
	}
	return nil
}
