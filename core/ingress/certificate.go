package ingress

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Certificate is a certificate and its key in two PEM files. When they change they are
// read again, for new connections; files that cannot be used leave the old ones in
// place. It is safe for concurrent use.
type Certificate struct {
	cert, key string
	log       hclog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	looked  time.Time
	stamp   [2]fileStamp
}

type fileStamp struct {
	modified time.Time
	size     int64
}

// lookEvery is how often the files are looked at, at most.
const lookEvery = time.Second

// LoadCertificate reads the files, which must be usable now.
func LoadCertificate(cert, key string, log hclog.Logger) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key, log: log}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	return c, nil
}

func (c *Certificate) load() error {
	stamp := c.stamps()
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	c.stamp = stamp // one that is wrong is not read again until it changes
	if err != nil {
		return err
	}
	c.current = &pair
	return nil
}

func (c *Certificate) stamps() (s [2]fileStamp) {
	for i, path := range []string{c.cert, c.key} {
		if info, err := os.Stat(path); err == nil {
			s[i] = fileStamp{info.ModTime(), info.Size()}
		}
	}
	return s
}

func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		if c.stamps() != c.stamp {
			if err := c.load(); err != nil {
				c.log.Error("the changed certificate cannot be used; the old one stays", "error", err)
			} else {
				c.log.Info("the certificate was read again")
			}
		}
	}
	return c.current, nil
}
