package schemaregistry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc/credentials"
)

// DefaultTarget is where `schemaregistry serve --dev` listens.
const DefaultTarget = "localhost:50051"

// Credentials are the paths of three PEM files: the registry's CA, this client's certificate chain and its
// unencrypted private key. TokenFile may name a file with a token to show beside the certificate, whose rights count
// then; it is read before each call.
type Credentials struct {
	CA, Cert, Key string

	TokenFile string
}

// DevCredentials returns the files that `schemaregistry serve --dev` made in its data directory for an identity,
// "reader" or "ci-bot".
func DevCredentials(data, identity string) Credentials {
	in := func(name string) string { return filepath.Join(data, "tls", name) }
	return Credentials{CA: in("ca.pem"), Cert: in(identity + ".pem"), Key: in(identity + "-key.pem")}
}

// FromEnvironment returns the target in SCHEMAREGISTRY_TARGET and the files in SCHEMAREGISTRY_CA, _CERT, _KEY and
// _TOKEN_FILE. The defaults are DefaultTarget, the reader's dev files in SCHEMAREGISTRY_DATA or ".data", and no token.
func FromEnvironment() (target string, credentials Credentials) {
	credentials = DevCredentials(environment("SCHEMAREGISTRY_DATA", ".data"), "reader")
	credentials.CA = environment("SCHEMAREGISTRY_CA", credentials.CA)
	credentials.Cert = environment("SCHEMAREGISTRY_CERT", credentials.Cert)
	credentials.Key = environment("SCHEMAREGISTRY_KEY", credentials.Key)
	credentials.TokenFile = os.Getenv("SCHEMAREGISTRY_TOKEN_FILE")
	return environment("SCHEMAREGISTRY_TARGET", DefaultTarget), credentials
}

func environment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// TLS returns a client's TLS configuration from the files as they are now; the error names the file that can't be used.
func (c Credentials) TLS() (*tls.Config, error) {
	roots, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, fmt.Errorf("the registry's CA can't be read: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(roots) {
		return nil, fmt.Errorf("%s holds no PEM certificate: give the CA that signed the registry's", c.CA)
	}
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("%s and %s are not a certificate and its own private key: %w", c.Cert, c.Key, err)
	}
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// Transport returns gRPC's TLS credentials from these files. They are read at once, to report faults, and again for
// each handshake, so renewed files are used without a restart.
func (c Credentials) Transport() (credentials.TransportCredentials, error) {
	config, err := c.TLS()
	if err != nil {
		return nil, err
	}
	return renewed{credentials.NewTLS(config), c}, nil
}

type renewed struct {
	credentials.TransportCredentials

	files Credentials
}

func (r renewed) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	config, err := r.files.TLS()
	if err != nil {
		return nil, nil, err
	}
	return credentials.NewTLS(config).ClientHandshake(ctx, authority, raw)
}

func (r renewed) Clone() credentials.TransportCredentials {
	return renewed{r.TransportCredentials.Clone(), r.files}
}
