package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/genproto/googleapis/api/httpbody"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"schemaregistry/clients/go/registryv1"
)

// format writes JSON with the proto's field names, with empty fields and without spaces; an HttpBody as its own bytes.
type format struct{ runtime.HTTPBodyMarshaler }

func newFormat() *format {
	options := protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}
	return &format{runtime.HTTPBodyMarshaler{Marshaler: &runtime.JSONPb{MarshalOptions: options}}}
}

func (f *format) Marshal(v any) ([]byte, error) {
	switch chunk := v.(type) {
	case map[string]any:
		written, err := f.Marshal(chunk["result"])
		return append(written, '\n'), err
	case map[string]proto.Message:
		return problemOf(status.FromProto(chunk["error"].(*spb.Status))).body(), nil
	}
	written, err := f.HTTPBodyMarshaler.Marshal(v)
	if _, isBody := v.(*httpbody.HttpBody); isBody || err != nil {
		return written, err
	}
	var compact bytes.Buffer
	err = json.Compact(&compact, written)
	return compact.Bytes(), err
}

// Delimiter is empty, since each message of a stream ends its own line.
func (*format) Delimiter() []byte { return nil }

func (*format) StreamContentType(any) string { return "application/x-ndjson" }

func (f *format) ContentType(v any) string {
	if _, isRefused := v.(map[string]proto.Message); isRefused {
		return "application/problem+json"
	}
	return f.HTTPBodyMarshaler.ContentType(v)
}

// NewDecoder returns a document unchanged, since it is registered byte for byte; it reads a message's JSON.
func (*format) NewDecoder(body io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		data, err := io.ReadAll(io.LimitReader(body, maxBody+1))
		switch {
		case err != nil:
			return err
		case len(data) > maxBody:
			return errors.New(overMaxBody)
		}
		switch into := v.(type) {
		case **httpbody.HttpBody:
			*into = &httpbody.HttpBody{ContentType: "application/json", Data: data}
			return nil
		case proto.Message:
			if err := protojson.Unmarshal(data, into); err != nil {
				return errors.New(isWrongBody + err.Error())
			}
			return nil
		}
		return fmt.Errorf("no body is read into %T", v)
	})
}

// text answers `Accept: text/plain`: a verdict as one line, every other message as format does.
type text struct{ *format }

func (t text) ContentType(v any) string {
	if _, isVerdict := v.(*registryv1.Verdict); isVerdict {
		return "text/plain; charset=utf-8"
	}
	return t.format.ContentType(v)
}

func (t text) Marshal(v any) ([]byte, error) {
	verdict, isVerdict := v.(*registryv1.Verdict)
	switch {
	case !isVerdict:
		return t.format.Marshal(v)
	case verdict.GetVerdict() == "compatible":
		return []byte("compatible"), nil
	}
	return fmt.Appendf(nil, "%s: %s", verdict.GetVerdict(), verdict.GetMessage()), nil
}

// known refuses query parameters that the path doesn't have, which the stock parser ignores.
type known struct{ runtime.DefaultQueryParser }

func (k known) Parse(request proto.Message, query url.Values, filter *utilities.DoubleArray) error {
	var names []string
	fields := request.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		name := string(fields.Get(i).Name())
		if fields.Get(i).Message() == nil && !filter.HasCommonPrefix([]string{name}) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for name := range query {
		if !slices.Contains(names, name) {
			return fmt.Errorf("`%s`%s{path}. It takes: %s.", name, isNoParameter, cmp.Or(strings.Join(names, ", "), "none"))
		}
	}
	return k.DefaultQueryParser.Parse(request, query, filter)
}

// conditioned refuses a conditional header that isn't evaluated, as the registry does; nil where there is none.
func conditioned(r *http.Request) *problem {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	name := "If-Match"
	if r.Header.Values(name) == nil {
		name = "If-None-Match"
		if method == http.MethodGet || r.Header.Values(name) == nil {
			return nil
		}
	}
	return &problem{
		http: http.StatusBadRequest, code: codes.InvalidArgument, reason: "UNSUPPORTED_PRECONDITION",
		detail: fmt.Sprintf("%s is not judged on a %s: leave it out. No version is ever replaced: other content for one "+
			"that is there is refused anyway.", name, method),
	}
}

// asked prepares a request: it turns HEAD into a GET whose body net/http drops, passes `If-None-Match` as a field of
// the request, applies `Accept` and `Content-Encoding`, and removes the body's Content-Type, which is ignored here.
func asked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Content-Type")
		if refused := conditioned(r); refused != nil {
			refused.write(w)
			return
		}
		if refused := undoEncoding(r); refused != nil {
			if refused.http == http.StatusUnsupportedMediaType {
				w.Header().Set("Accept-Encoding", "gzip")
			}
			refused.write(w)
			return
		}
		if len(r.URL.Path) > 1 && strings.HasSuffix(r.URL.EscapedPath(), "/") {
			refusePath(r.Context(), nil, nil, w, r, http.StatusNotFound)
			return
		}
		if r.Method == http.MethodHead {
			r.Method = http.MethodGet
		}
		if !strings.Contains(strings.ToLower(r.URL.RawPath), "%2f") {
			r.URL.RawPath = "" // the mux would not match a literal segment that has an escaped letter
		}
		wantsText := prefersText(strings.Join(r.Header.Values("Accept"), ", "))
		r.Header.Del("Accept")
		if wantsText {
			r.Header.Set("Accept", "text/plain")
		}
		if etags := r.Header.Values("If-None-Match"); len(etags) > 0 && strings.HasPrefix(r.URL.Path, "/schema/") {
			r.URL.RawQuery += "&if_none_match=" + url.QueryEscape(strings.Join(etags, ", "))
		}
		next.ServeHTTP(w, r)
	})
}

// sameName passes the registry's headers on under their own names.
func sameName(key string) (string, bool) {
	switch key {
	case "etag", "cache-control", "deprecation", "sunset":
		return key, true
	}
	return key, strings.HasPrefix(key, "x-schema-")
}

// statusOf sets the status 304 for a document that the caller has already, and 201 for a new version.
func statusOf(_ context.Context, w http.ResponseWriter, answer proto.Message) error {
	switch known := answer.(type) {
	case *httpbody.HttpBody:
		if len(known.GetData()) == 0 {
			w.Header().Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
		}
	case *registryv1.RegisterSchemaResponse:
		if known.GetCreated() {
			w.WriteHeader(http.StatusCreated)
		}
	}
	return nil
}
