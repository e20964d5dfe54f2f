// Package schemaregistry gets documents from a schema registry over mutual TLS, caches them, and watches for new ones.
// Package registryv1 has the messages and the other RPCs, generated from the proto.
package schemaregistry

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"schemaregistry/clients/go/registryv1"
)

// Latest refers to the highest release of a schema; to a pre-release only where nothing else exists.
const Latest = "latest"

// gRPC may retry every call: reads change nothing, and a repeated write of the same content gets the answer of the
// first one. A call's deadline covers all its attempts (gRFC A6).
const serviceConfig = `{"methodConfig": [{
	"name": [{"service": "schemaregistry.v1.SchemaRegistry"}],
	"retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
		"retryableStatusCodes": ["UNAVAILABLE"]}}]}`

// Client is one connection to a registry; goroutines may share it.
type Client struct {
	// RPC is the generated client on the same connection.
	RPC registryv1.SchemaRegistryClient

	line  *line
	known *recent
}

// Document is one version, byte for byte as it was registered. It is shared: don't change Raw.
type Document struct {
	ID, Version, Fingerprint, ETag string
	Revision                       int64
	Raw                            []byte
}

// Dial reads the credentials' files; the first call makes the connection. It returns an error that names the file where
// one can't be used.
//
// The client connects directly to localhost and loopback addresses, and to others through the proxy that the
// environment names, if any (HTTPS_PROXY, NO_PROXY).
func Dial(target string, files Credentials, options ...Option) (*Client, error) {
	to := &line{target: target, files: files, keepalive: DefaultKeepalive}
	for _, option := range options {
		option(to)
	}
	if files.TokenFile != "" {
		if to.token != nil {
			return nil, errors.New("give a Credentials.TokenFile or WithToken, not both")
		}
		to.token = fileToken(files.TokenFile)
	}
	var err error
	if to.current, err = to.connect(); err != nil {
		return nil, err
	}
	return &Client{registryv1.NewSchemaRegistryClient(to), to, newRecent(1000)}, nil
}

// Close closes the connection and ends the calls and watches on it.
func (c *Client) Close() error { return c.line.close() }

// Get returns one version of a schema ("1.0.0"), or the one that a reference means: Latest, or "1", "1.2", "^1.2" and
// "~1.2" for the highest release of a line.
//
// A version never changes, so it comes from the cache if this client has had it before; for a reference, which may mean
// another one later, the client asks the registry each time, which sends the document only if it changed. Errors are
// *Refused.
func (c *Client) Get(ctx context.Context, id, version string) (*Document, error) {
	asked := name{id, strings.TrimPrefix(version, "v")}
	if asked.version == "" {
		asked.version = Latest
	}
	known := c.known.get(asked)
	// A reference is exact where it is the number of its answer's version.
	if known != nil && known.Version == asked.version {
		return known, nil
	}
	request := &registryv1.GetSchemaRequest{Id: asked.id, Version: asked.version}
	if known != nil {
		request.IfNoneMatch = known.ETag
	}
	var header metadata.MD
	body, err := c.RPC.GetSchema(ctx, request, grpc.Header(&header))
	if err != nil {
		return nil, c.refused(err)
	}
	if known != nil && len(body.GetData()) == 0 {
		return known, nil
	}
	document := read(body, header)
	c.known.put(asked, document)
	c.known.put(name{id, document.Version}, document)
	return document, nil
}

// Validate validates a JSON array of up to 1,000 records against one version, on the server. Errors are *Refused.
func (c *Client) Validate(ctx context.Context, id, version string, records []byte) (*registryv1.ValidateRecordsResponse, error) {
	body := &httpbody.HttpBody{ContentType: "application/json", Data: records}
	answer, err := c.RPC.ValidateRecords(ctx, &registryv1.ValidateRecordsRequest{Id: id, Version: version, Records: body})
	if err != nil {
		return nil, c.refused(err)
	}
	return answer, nil
}

func read(body *httpbody.HttpBody, header metadata.MD) *Document {
	first := func(key string) string { return strings.Join(header.Get(key), "") }
	revision, _ := strconv.ParseInt(first("x-schema-revision"), 10, 64)
	return &Document{
		ID:          first("x-schema-id"),
		Version:     first("x-schema-version"),
		Fingerprint: first("x-schema-fingerprint"),
		ETag:        first("etag"),
		Revision:    revision,
		Raw:         body.GetData(),
	}
}
