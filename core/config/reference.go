package config

import (
	"bytes"
	"fmt"
	"strings"

	"syncgateway/core/mapping"
	"syncgateway/core/schema"
)

// Reference is the page on the host's part of gateway.hcl in Markdown, made from the
// grammar that reads it. The same program gives the same bytes.
func Reference() []byte {
	var b bytes.Buffer
	b.WriteString("# gateway.hcl\n\n")
	for _, section := range []struct {
		title, text string
		block       schema.Block
	}{
		{"`gateway`", "The gateway itself.", gatewayBlock},
		{"`plugin \"TYPE\"`", "What every process of a plugin gets.", pluginBlock},
		{"`gateway` in `source` and `target`", "The rest of a source or target block is its plugin's.", hostBlock},
		{"`sync \"NAME\"`", "One direction: sources to a target.", syncBlock},
	} {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n%s", section.title, section.text, section.block.Docs())
	}
	b.WriteString("## Expressions\n\nA person is `user`, a group is `group`: ")
	b.WriteString("`user.email`, `user.groups`, `user.attributes.NAME` (or `user.NAME`), `group.name`. ")
	b.WriteString("`locals { x = … }` defines `local.x`; `source.TYPE.NAME.SETTING` is a setting of another block.\n\n")
	b.WriteString("`env(name)` and `file(path)` give secrets, for settings that are secret alone. ")
	b.WriteString("`plain_env(name, default)` gives what may be shown.\n\n")
	fmt.Fprintf(&b, "Functions: `%s`.\n", strings.Join(mapping.Signatures(), "`, `"))
	return b.Bytes()
}
