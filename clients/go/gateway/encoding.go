package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"
)

// undoEncoding decompresses a gzip body, up to one byte more than a document may have; it returns nil on success.
func undoEncoding(r *http.Request) *problem {
	name := strings.ToLower(strings.TrimSpace(strings.Join(r.Header.Values("Content-Encoding"), ", ")))
	switch name {
	case "", "identity":
		return nil
	case "gzip", "x-gzip":
	default:
		return &problem{
			http: http.StatusUnsupportedMediaType, code: codes.InvalidArgument, reason: "UNSUPPORTED_ENCODING",
			detail: fmt.Sprintf("Content-Encoding '%.80s' isn't read: send the body as it is, or under one of gzip.", name),
		}
	}
	sent, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	var plain []byte
	if err == nil && len(sent) <= maxBody {
		plain, err = gunzip(sent)
	}
	switch {
	case len(sent) > maxBody || len(plain) > maxBody:
		return &problem{
			http: http.StatusRequestEntityTooLarge, code: codes.InvalidArgument, reason: "TOO_LARGE", detail: overMaxBody,
		}
	case err != nil:
		return &problem{
			http: http.StatusBadRequest, code: codes.InvalidArgument, reason: "BAD_ENCODING",
			detail: fmt.Sprintf("The body isn't whole %s, as its Content-Encoding says.", name),
		}
	}
	r.Header.Del("Content-Encoding")
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(plain)), int64(len(plain))
	return nil
}

func gunzip(sent []byte) ([]byte, error) {
	if len(sent) == 0 {
		return nil, nil
	}
	reader, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(reader, maxBody+1))
}
