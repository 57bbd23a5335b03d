package mapping

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// DefaultMap is users.map where the block is missing. A map block replaces it whole.
var DefaultMap = []struct{ Name, Expr string }{
	{FieldUsername, "user.username"},
	{FieldEmail, "lower(user.email)"},
	{FieldDisplayName, "user.display_name"},
	{FieldGivenName, "user.given_name"},
	{FieldFamilyName, "user.family_name"},
}

func defaultFields() []FieldSpec {
	out := make([]FieldSpec, len(DefaultMap))
	for i, d := range DefaultMap {
		expr, diags := hclsyntax.ParseExpression([]byte(d.Expr), "", hcl.InitialPos)
		if diags.HasErrors() {
			panic("core/mapping: the default map is invalid: " + diags.Error())
		}
		out[i] = FieldSpec{Name: d.Name, Expr: expr}
	}
	return out
}
