package schemaregistry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// TokenProvider returns the token to show beside the client's certificate. It is called before each call and each
// connection of a watch, by several goroutines at once, so a renewed token is used by the next call.
type TokenProvider func(ctx context.Context) (string, error)

// WithToken makes a client show the tokens of a function. Without it, the one in Credentials.TokenFile is shown, if any.
func WithToken(provider TokenProvider) Option {
	return func(l *line) { l.token = provider }
}

// mostTokenBytes is the size of the largest token that the registry takes.
const mostTokenBytes = 8 << 10

// tokenForm is the form of RFC 6750, section 2.1: nothing that could end the header.
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// fileToken returns a provider that reads a file each time. White space around the token doesn't count.
func fileToken(path string) TokenProvider {
	return func(context.Context) (string, error) {
		token, err := readToken(path)
		if err != nil {
			message := fmt.Sprintf("the token file %s %s: write a token there by `schemaregistry login --token-file %s`", path, err, path)
			return "", noToken("TOKEN_FILE", message, map[string]string{"file": path})
		}
		return token, nil
	}
}

func readToken(path string) (string, error) {
	facts, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("can't be read (%w)", errors.Unwrap(err))
	}
	// A FIFO would block until it has a writer, and could be read for one call alone.
	if !facts.Mode().IsRegular() {
		return "", errors.New("is no regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("can't be read (%w)", errors.Unwrap(err))
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, mostTokenBytes+3))
	if err != nil {
		return "", errors.New("can't be read")
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", errors.New("is empty")
	}
	if !isToken(token) {
		return "", errors.New("has no token: one word of letters, digits and -._~+/ is expected")
	}
	return token, nil
}

func isToken(text string) bool { return len(text) <= mostTokenBytes && tokenForm.MatchString(text) }

// shown are a provider's tokens as gRPC's credentials of each call.
type shown struct {
	provider TokenProvider
}

// GetRequestMetadata returns the header of one call. The errors have no text of the token.
func (s shown) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := s.provider(ctx)
	if err != nil {
		if _, isStatus := status.FromError(err); isStatus {
			return nil, err
		}
		return nil, noToken("TOKEN_PROVIDER", fmt.Sprintf("the token provider failed: %v", err), nil)
	}
	if !isToken(token) {
		return nil, noToken("TOKEN_PROVIDER", "the token provider returned no token: it has to return one, without `Bearer`", nil)
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity makes gRPC refuse to send a token in the clear.
func (s shown) RequireTransportSecurity() bool { return true }

var _ credentials.PerRPCCredentials = shown{}

func noToken(reason, message string, about map[string]string) error {
	info := &errdetails.ErrorInfo{Reason: reason, Domain: "schemaregistry", Metadata: about}
	detailed, err := status.New(codes.Unauthenticated, message).WithDetails(info)
	if err != nil {
		return status.Error(codes.Unauthenticated, message)
	}
	return detailed.Err()
}
