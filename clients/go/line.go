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

// Keepalive says when the client asks a silent registry for a sign of life (after Idle) and how long it waits for it
// (Wait): a peer that vanished without a word is noticed within both together, whether or not a call is under way.
// gRPC takes no Idle below 10 s.
type Keepalive struct {
	Idle, Wait time.Duration
}

// DefaultKeepalive notices a vanished peer within 40 s.
var DefaultKeepalive = Keepalive{Idle: 30 * time.Second, Wait: 10 * time.Second}

// Option changes how a Client reaches its registry.
type Option func(*line)

// WithKeepalive is another Keepalive than DefaultKeepalive.
func WithKeepalive(keepalive Keepalive) Option {
	return func(l *line) { l.keepalive = keepalive }
}

// replacedConnections may still carry calls; older ones are closed.
const replacedConnections = 2

// line is the connection in use. Calls under way end on the one that they began on.
type line struct {
	target    string
	files     Credentials
	keepalive Keepalive

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

// leave lets the next call make a new connection, unless this one has been replaced already. While the credentials'
// files don't fit together it stays.
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

// isLocal says whether a target is on this machine by its very name: no proxy could reach it.
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

// byProxy names the proxy that gRPC takes by the environment, empty where it connects directly. It never holds the
// user and the password that the variable may have.
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
