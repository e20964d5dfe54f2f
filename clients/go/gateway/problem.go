package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"schemaregistry/clients/go/registryv1"
)

const (
	maxBody       = 1 << 20
	overMaxBody   = "The body is over 1,048,576 bytes: a document or a batch of records must be smaller."
	isWrongBody   = "The body is not right: "
	isNoParameter = " is no query parameter of "
)

// tooLarge are the reasons that HTTP answers with 413.
var tooLarge = []string{"TOO_LARGE", "TOO_MANY_RECORDS"}

// problem is an `application/problem+json` (RFC 9457), with its members in the registry's order.
type problem struct {
	http    int
	code    codes.Code
	detail  string
	reason  string
	pointer *string
	more    map[string]string
	retry   float64
	verdict *registryv1.Verdict
}

func refuse(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
	found := problemOf(status.Convert(err))
	if path, known := runtime.HTTPPathPattern(ctx); known && found.reason == "UNKNOWN_PARAMETER" {
		found.detail = strings.Replace(found.detail, "{path}", path, 1)
	}
	found.write(w)
}

// ownReason returns the reason of an error that the gateway makes itself, before the registry is called.
func ownReason(came *status.Status) string {
	switch {
	case came.Message() == overMaxBody:
		return "TOO_LARGE"
	case strings.HasPrefix(came.Message(), isWrongBody):
		return "BAD_BODY"
	case strings.Contains(came.Message(), isNoParameter):
		return "UNKNOWN_PARAMETER"
	case came.Code() == codes.InvalidArgument:
		return "BAD_PARAMETER"
	}
	return code.Code_name[int32(came.Code())]
}

func problemOf(came *status.Status) *problem {
	found := &problem{code: came.Code(), detail: came.Message(), reason: ownReason(came)}
	for _, detail := range came.Details() {
		switch known := detail.(type) {
		case *errdetails.ErrorInfo:
			found.reason, found.more = known.GetReason(), known.GetMetadata()
		case *errdetails.BadRequest:
			found.pointer = &known.GetFieldViolations()[0].Field
		case *errdetails.RetryInfo:
			found.retry = known.GetRetryDelay().AsDuration().Seconds()
		case *registryv1.Verdict:
			found.verdict = known
		}
	}
	found.http = httpStatus(found.code, found.reason)
	return found
}

func httpStatus(code codes.Code, reason string) int {
	switch {
	case slices.Contains(tooLarge, reason):
		return http.StatusRequestEntityTooLarge
	case code == codes.FailedPrecondition:
		return http.StatusConflict
	}
	return runtime.HTTPStatusFromCode(code)
}

func refusePath(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	found := problem{http: code, code: codes.NotFound, reason: "NO_SUCH_PATH"}
	found.detail = fmt.Sprintf("No such path: %s. Try /schemas or /schema/{id}.", r.URL.Path)
	if len(r.URL.Path) > 1 && strings.HasSuffix(r.URL.Path, "/") {
		found.detail = fmt.Sprintf("No such path: %s. Leave out the slash at its end.", r.URL.Path)
	}
	if code == http.StatusMethodNotAllowed {
		found.code, found.reason = codes.Unimplemented, "NO_SUCH_METHOD"
		found.detail = fmt.Sprintf("%s does not answer %s.", r.URL.Path, r.Method)
	}
	found.write(w)
}

func (p *problem) write(w http.ResponseWriter) {
	body := p.body()
	w.Header().Del("Transfer-Encoding")
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if p.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(max(1, math.Round(p.retry)))))
	}
	w.WriteHeader(p.http)
	_, _ = w.Write(body)
}

func (p *problem) body() []byte {
	var made bytes.Buffer
	member := func(name string, value any) {
		fmt.Fprintf(&made, ",%s:%s", plain(name), plain(value))
	}
	member("type", "about:blank")
	member("title", http.StatusText(p.http))
	member("status", p.http)
	member("detail", p.detail)
	member("code", code.Code_name[int32(p.code)])
	member("reason", p.reason)
	if p.pointer != nil {
		member("pointer", *p.pointer)
	}
	for _, name := range slices.Sorted(maps.Keys(p.more)) {
		member(name, p.more[name])
	}
	if p.verdict != nil {
		written, _ := newFormat().Marshal(p.verdict)
		fmt.Fprintf(&made, `,"verdict":%s`, written)
	}
	made.Bytes()[0] = '{'
	made.WriteByte('}')
	return made.Bytes()
}

// plain encodes JSON without escapes for HTML.
func plain(value any) []byte {
	var written bytes.Buffer
	encoder := json.NewEncoder(&written)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
	return bytes.TrimRight(written.Bytes(), "\n")
}
