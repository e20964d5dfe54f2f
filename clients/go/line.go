package schemaregistry

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// Keepalive is HTTP/2 keepalive: after Idle without a byte the client sends a ping and waits Wait for its answer, so
// that a connection that broke silently is noticed within the sum of both, even with no call in progress. gRPC raises
// an Idle below 10 s to that.
type Keepalive struct {
	Idle, Wait time.Duration
}

// DefaultKeepalive notices a broken connection within 40 s.
var DefaultKeepalive = Keepalive{Idle: 30 * time.Second, Wait: 10 * time.Second}

// Option changes how a Client connects to its registry.
type Option func(*line)

// WithKeepalive replaces DefaultKeepalive.
func WithKeepalive(keepalive Keepalive) Option {
	return func(l *line) { l.keepalive = keepalive }
}

// replacedConnections is the number of replaced connections that stay open for their calls; older ones are closed.
const replacedConnections = 2

// line is the current connection, which it replaces where one breaks. Calls in progress finish on the connection that
// they began on.
type line struct {
	target    string
	files     Credentials
	keepalive Keepalive
	token     TokenProvider

	mutex    sync.Mutex
	current  *grpc.ClientConn
	replaced []*grpc.ClientConn
}

func (l *line) connect() (*grpc.ClientConn, error) {
	secured, err := l.files.Transport()
	if err != nil {
		return nil, err
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(secured),
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: l.keepalive.Idle, Timeout: l.keepalive.Wait, PermitWithoutStream: true,
		}),
	}
	if l.token != nil {
		options = append(options, grpc.WithPerRPCCredentials(shown{l.token}))
	}
	if isLocal(l.target) {
		options = append(options, grpc.WithNoProxy())
	}
	return grpc.NewClient(l.target, options...)
}

func (l *line) connection() *grpc.ClientConn {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.current
}

// leave makes the next call use a new connection, unless this one has been replaced already. It does nothing while the
// credentials' files don't belong together.
func (l *line) leave(connection *grpc.ClientConn) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.current != connection {
		return
	}
	made, err := l.connect()
	if err != nil {
		return
	}
	l.current, l.replaced = made, append(l.replaced, connection)
	if len(l.replaced) > replacedConnections {
		l.replaced[0].Close()
		l.replaced = l.replaced[1:]
	}
}

func (l *line) close() error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, connection := range l.replaced {
		connection.Close()
	}
	l.replaced = nil
	return l.current.Close()
}

// Invoke and NewStream make a line a grpc.ClientConnInterface.
func (l *line) Invoke(ctx context.Context, method string, args, reply any, options ...grpc.CallOption) error {
	return l.connection().Invoke(ctx, method, args, reply, options...)
}

func (l *line) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	return l.connection().NewStream(ctx, desc, method, options...)
}

// endpoint is the HOST:PORT of a target, which may have a scheme of gRPC's own.
func endpoint(target string) string {
	for _, scheme := range []string{"dns:///", "dns:", "passthrough:///"} {
		if rest, found := strings.CutPrefix(target, scheme); found {
			return rest
		}
	}
	return target
}

// isLocal reports whether a target is localhost or a loopback address, which no proxy could reach.
func isLocal(target string) bool {
	if strings.HasPrefix(target, "unix") {
		return true
	}
	host, _, err := net.SplitHostPort(endpoint(target))
	if err != nil {
		return false
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// byProxy returns a clause for error messages about the proxy that the environment names for a target, without its user
// and password; empty for a direct connection.
func byProxy(target string) string {
	if isLocal(target) {
		return ""
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: endpoint(target)}})
	if err != nil || proxy == nil {
		return ""
	}
	return fmt.Sprintf("by way of the proxy %s (the environment's HTTPS_PROXY; if it is reached without one, name its host in NO_PROXY)", proxy.Host)
}
