package cli

import (
	"os"
	"path/filepath"

	"syncgateway/core/scaffold"
)

// newPlugin writes the skeleton of a connector into a folder below this one.
func (c *call) newPlugin(typ string, f *pluginFlags) error {
	sdk, err := sdkFolder(f.sdk)
	if err != nil {
		return exit{exitUsage, "Error: " + err.Error()}
	}
	folder, files, err := scaffold.Write(".", typ, sdk)
	if err != nil {
		return exit{exitUsage, "Error: " + err.Error()}
	}
	if c.json {
		return c.printJSON(map[string]any{"folder": folder, "files": files})
	}
	for _, name := range files {
		c.text("%s\n", filepath.Join(folder, name))
	}
	c.text("\nA source that works, against a pretend system. README.md in the folder has the next commands.\n")
	return nil
}

// sdkFolder is the folder that was named, or the one this command runs in or belongs
// to, as an absolute path.
func sdkFolder(named string) (string, error) {
	if named != "" {
		return scaffold.FindSDK(named)
	}
	if dir, err := scaffold.FindSDK("."); err == nil {
		return dir, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	return scaffold.FindSDK(filepath.Dir(self))
}
