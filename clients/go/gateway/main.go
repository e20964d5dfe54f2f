// A stock grpc-gateway over the generated handlers, with mutual TLS to a registry. It answers each path of the proto's
// annotations as the registry's own REST transport does, with the formats of problem.go and format.go.
//
//	gateway -listen 127.0.0.1:8080
//
// The registry and the certificate are set as for the Go client: SCHEMAREGISTRY_TARGET, _CA, _CERT, _KEY. Everyone who
// can reach the gateway has that certificate's rights.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"

	schemaregistry "schemaregistry/clients/go"
	registrygw "schemaregistry/clients/go/gateway/registrygw"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "HOST:PORT to answer on; port 0 takes a free one")
	flag.Parse()
	if err := serve(*listen); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func serve(listen string) error {
	target, files := schemaregistry.FromEnvironment()
	secured, err := files.Transport()
	if err != nil {
		return err
	}
	mux := runtime.NewServeMux(options()...)
	dialing := []grpc.DialOption{grpc.WithTransportCredentials(secured)}
	if err := registrygw.RegisterSchemaRegistryHandlerFromEndpoint(context.Background(), mux, target, dialing); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Printf("Listening: http://%s for the registry at %s\n", listener.Addr(), target)
	server := &http.Server{
		Handler:           ownOrigin(listener.Addr(), asked(mux)),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    32 << 10,
	}
	return server.Serve(listener)
}

func options() []runtime.ServeMuxOption {
	return []runtime.ServeMuxOption{
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newFormat()),
		runtime.WithMarshalerOption("text/plain", text{newFormat()}),
		runtime.WithOutgoingHeaderMatcher(sameName),
		runtime.WithForwardResponseOption(statusOf),
		runtime.WithErrorHandler(refuse),
		runtime.WithRoutingErrorHandler(refusePath),
		runtime.SetQueryParameterParser(known{}),
		// %2f within a segment is no slash; the mode that unescapes all characters would split the path there.
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptSlash),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithWriteContentLength(),
	}
}
