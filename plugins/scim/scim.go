// Package scim is a listener that identity providers push people and groups to, by SCIM
// 2.0 and 1.1. Package engine speaks the protocol; the gateway keeps what is pushed. This
// package is what lies between them: settings, and the gateway's directory.
package scim

import (
	"context"
	"net"
	"runtime"

	"syncgateway/plugins/scim/engine"
	"syncgateway/sdk"
)

// Listener is the connector. New makes one.
type Listener struct {
	settings
	options engine.Options
}

// New makes a listener that waits to be configured.
func New() *Listener { return &Listener{} }

var _ sdk.Listener[settings] = (*Listener)(nil)

// About describes the connector in the given version.
func About(version string) sdk.About {
	return sdk.About{
		Type: "scim", Version: version,
		Summary:     "Identity providers push people and groups to it, by SCIM 2.0 or 1.1.",
		Permissions: permissions, Limits: limits, Config: configSchema,
		Kinds: []sdk.Kind{
			{Name: "user", Shape: sdk.UserShape, Attributes: userAttributes},
			{Name: "group", Shape: sdk.GroupShape, Attributes: groupAttributes},
		},
	}
}

// Configure validates and keeps the settings.
func (l *Listener) Configure(_ context.Context, s settings) error {
	options, err := s.options()
	if err != nil {
		return err
	}
	l.settings, l.options = s, options
	return nil
}

// Check tells how callers are known. There is nothing to reach: the others come here.
func (l *Listener) Check(_ context.Context, steps sdk.Steps) {
	steps.Run("credentials", func() error {
		if l.Token == "" {
			steps.Detailf("the gateway's own tokens are used: gateway tokens create")
			return nil
		}
		steps.Detailf("the token of the configuration is used")
		return nil
	})
}

// ballast is memory that is never touched, and so takes none. The collector counts it: it
// then collects when requests have left some tens of megabytes, not a few.
const ballast = 32 << 20

// Listen serves SCIM until ctx ends.
func (l *Listener) Listen(ctx context.Context, d sdk.Directory, socket net.Listener, publicURL string) error {
	o := l.options
	o.BaseURL = publicURL
	e, err := engine.New(d, o)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(make([]byte, ballast))
	return sdk.ServeHTTP(ctx, socket, e)
}
