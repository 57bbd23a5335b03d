package conformance

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// The time that a connector may outlive its parent, and what a busy machine adds.
const (
	orphanTime  = 5 * time.Second
	orphanSlack = 3 * time.Second
)

// parentDeath starts the connector below a shell, and kills that. The end of the
// connector shows at the pipe that both write to.
func parentDeath(ctx context.Context, b *bench) error {
	cert, err := clientCertificate()
	if err != nil {
		return err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command("/bin/sh", append([]string{"-c", `"$@" & wait`, "sh", b.binary.Path}, b.binary.Args...)...)
	cmd.Env = append(b.binary.Environment(), "SYNC_GATEWAY_PLUGIN=1", "PLUGIN_CLIENT_CERT="+cert, "PLUGIN_PROTOCOL_VERSIONS=1",
		"PLUGIN_MIN_PORT=10000", "PLUGIN_MAX_PORT=25000")
	cmd.Stdout, cmd.SysProcAttr = in, &syscall.SysProcAttr{Setpgid: true}
	if err := errors.Join(cmd.Start(), in.Close()); err != nil {
		return fmt.Errorf("start a shell as the parent: %w", err)
	}
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }()
	lines := bufio.NewReader(out)
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer stop()
	if line, err := lines.ReadString('\n'); err != nil || strings.Count(line, "|") < 4 {
		return fmt.Errorf("no handshake line below a shell, but %.100q", line)
	}
	if err := cmd.Process.Kill(); err != nil {
		return err
	}
	_ = cmd.Wait() // it was killed
	began := time.Now()
	gone := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, lines); close(gone) }()
	timer := time.NewTimer(orphanTime + orphanSlack)
	defer timer.Stop()
	select {
	case <-gone:
		b.sawf("after %s", time.Since(began).Round(100*time.Millisecond))
		return nil
	case <-timer.C:
		return fmt.Errorf("its parent was killed, and it still ran %s later", orphanTime+orphanSlack)
	}
}

// clientCertificate is one as the gateway would show it.
func clientCertificate() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return "", fmt.Errorf("make a certificate: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}
