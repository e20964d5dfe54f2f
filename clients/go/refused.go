package schemaregistry

import (
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"schemaregistry/clients/go/registryv1"
)

// Refused is the error of a call: the registry's refusal, or codes.Unavailable where it could not be reached.
type Refused struct {
	Code    codes.Code
	Message string
	// Reason is a stable UPPER_SNAKE name, empty where the registry was not reached.
	Reason string
	// Pointer is the JSON pointer (RFC 6901) to the fault in the document; empty where it isn't at a single place.
	Pointer string
	// Metadata has further values by name: near names, fingerprints.
	Metadata map[string]string
	// Verdict is the verdict on a version that was refused as incompatible, nil for other errors.
	Verdict *registryv1.Verdict

	status *status.Status
}

func (r *Refused) Error() string {
	if r.Reason == "" {
		return fmt.Sprintf("%s: %s", r.Code, r.Message)
	}
	return fmt.Sprintf("%s %s: %s", r.Code, r.Reason, r.Message)
}

// GRPCStatus returns the call's gRPC status; status.FromError uses it.
func (r *Refused) GRPCStatus() *status.Status { return r.status }

// refused turns a call's error into a Refused. It names the proxy, where that may be why the registry didn't answer.
func (c *Client) refused(err error) error {
	found := refused(err)
	if found.Reason == "" && (found.Code == codes.Unavailable || found.Code == codes.DeadlineExceeded) {
		if proxy := byProxy(c.line.target); proxy != "" {
			found.Message = fmt.Sprintf("%s gave no answer %s: %s", c.line.target, proxy, found.Message)
		}
	}
	return found
}

func refused(err error) *Refused {
	came := status.Convert(err)
	found := &Refused{Code: came.Code(), Message: came.Message(), status: came}
	for _, detail := range came.Details() {
		switch known := detail.(type) {
		case *errdetails.ErrorInfo:
			found.Reason, found.Metadata = known.GetReason(), known.GetMetadata()
		case *errdetails.BadRequest:
			for _, violation := range known.GetFieldViolations() {
				found.Pointer = violation.GetField()
			}
		case *registryv1.Verdict:
			found.Verdict = known
		}
	}
	return found
}
