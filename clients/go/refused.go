package schemaregistry

import (
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"schemaregistry/clients/go/registryv1"
)

// Refused is why the registry did not do as asked, or why it could not be reached (codes.Unavailable).
type Refused struct {
	Code    codes.Code
	Message string
	// Reason is a stable UPPER_SNAKE name, empty where the registry was not reached.
	Reason string
	// Pointer is the JSON pointer (RFC 6901) of the place at fault, empty where no single place is.
	Pointer string
	// Metadata names the rest: near names, fingerprints.
	Metadata map[string]string
	// Verdict is why a version was refused, nil for every other refusal.
	Verdict *registryv1.Verdict

	status *status.Status
}

func (r *Refused) Error() string {
	if r.Reason == "" {
		return fmt.Sprintf("%s: %s", r.Code, r.Message)
	}
	return fmt.Sprintf("%s %s: %s", r.Code, r.Reason, r.Message)
}

// GRPCStatus is the status as it came (status.FromError finds it).
func (r *Refused) GRPCStatus() *status.Status { return r.status }

// refused names the proxy too, where it may be why the registry gave no answer.
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
