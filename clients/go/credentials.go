package schemaregistry

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
)

// DefaultTarget is where `schemaregistry serve --dev` listens.
const DefaultTarget = "localhost:50051"

// Credentials are the paths of three PEM files: the registry's CA, this client's certificate chain and its
// unencrypted private key.
type Credentials struct {
	CA, Cert, Key string
}

// DevCredentials are the certificates that `schemaregistry serve --dev` made in its data directory for an identity,
// "reader" or "ci-bot".
func DevCredentials(data, identity string) Credentials {
	in := func(name string) string { return filepath.Join(data, "tls", name) }
	return Credentials{CA: in("ca.pem"), Cert: in(identity + ".pem"), Key: in(identity + "-key.pem")}
}

// FromEnvironment is the registry at SCHEMAREGISTRY_TARGET with the files of SCHEMAREGISTRY_CA, _CERT and _KEY;
// without them DefaultTarget, and the reader's dev certificates under SCHEMAREGISTRY_DATA or ".data".
func FromEnvironment() (target string, credentials Credentials) {
	credentials = DevCredentials(environment("SCHEMAREGISTRY_DATA", ".data"), "reader")
	credentials.CA = environment("SCHEMAREGISTRY_CA", credentials.CA)
	credentials.Cert = environment("SCHEMAREGISTRY_CERT", credentials.Cert)
	credentials.Key = environment("SCHEMAREGISTRY_KEY", credentials.Key)
	return environment("SCHEMAREGISTRY_TARGET", DefaultTarget), credentials
}

func environment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// TLS reads the files once to tell whether they are sound. The certificate and its key are read again for each
// handshake, so that a renewed pair is used without a restart.
func (c Credentials) TLS() (*tls.Config, error) {
	roots, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, fmt.Errorf("the registry's CA can't be read: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(roots) {
		return nil, fmt.Errorf("%s holds no PEM certificate: give the CA that signed the registry's", c.CA)
	}
	if _, err := c.pair(nil); err != nil {
		return nil, err
	}
	return &tls.Config{RootCAs: pool, GetClientCertificate: c.pair, MinVersion: tls.VersionTLS12}, nil
}

func (c Credentials) pair(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("%s and %s are not a certificate and its own private key: %w", c.Cert, c.Key, err)
	}
	return &pair, nil
}
