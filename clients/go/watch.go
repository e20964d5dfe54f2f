package schemaregistry

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"schemaregistry/clients/go/registryv1"
)

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second

	// The registry marks its progress at least every interval, which it names in a watch's headers.
	progressHeader  = "x-schema-progress-seconds"
	defaultInterval = 10 * time.Second
	// So many without a word end a connection: it may be dead though it answers pings, as a proxy in between does.
	silentIntervals = 3
)

// Kind says what an Event tells.
type Kind string

const (
	// Snapshot is a version that was there when the watch began.
	Snapshot Kind = "snapshot"
	// Change is a version registered since.
	Change Kind = "change"
	// Progress means that nothing up to the event's revision is left to tell.
	Progress Kind = "progress"
)

// Event is one thing that a watch tells.
type Event struct {
	Kind     Kind
	Revision int64
	// Version is what was registered, nil for Progress.
	Version *registryv1.SchemaVersion
	// Document is its bytes, where they were asked for.
	Document []byte
	// Stale, with Progress: the registry has lost its store for now.
	Stale bool
}

// Watching says what a watch is to tell.
type Watching struct {
	// AfterRevision is the last revision that is known already; 0 for everything.
	AfterRevision int64
	// IDs are the schemas to tell of, all where there is none.
	IDs []string
	// Documents asks for the documents' bytes too.
	Documents bool
}

// Watch tells every version after a revision, then each further one as it is registered: once each, in order. It
// reconnects by itself, also where nothing comes for three of the registry's intervals (30 s, unless it says
// otherwise), and goes on from the last revision it told.
//
// It ends with ctx, when the caller breaks, or with an error that asking again won't change: a *Refused, of
// codes.OutOfRange where the registry can't go on from that revision; of codes.Unavailable only where it could not be
// reached in the first place.
func (c *Client) Watch(ctx context.Context, what Watching) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		at := position{Watching: what, interval: defaultInterval}
		for ctx.Err() == nil {
			err := c.connect(ctx, &at, yield)
			if errors.Is(err, errEnough) || ctx.Err() != nil {
				return
			}
			if !at.survives(err) {
				yield(Event{}, c.refused(err))
				return
			}
			at.pause(ctx)
		}
	}
}

var errEnough = errors.New("the caller has heard enough")

// connect follows one stream until it fails, and says why.
func (c *Client) connect(ctx context.Context, at *position, yield func(Event, error) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var silent atomic.Bool
	watchdog := time.AfterFunc(at.allowed(), func() {
		silent.Store(true)
		cancel()
	})
	defer watchdog.Stop()
	connection := c.line.connection()
	stream, err := registryv1.NewSchemaRegistryClient(connection).WatchSchemas(ctx, &registryv1.WatchSchemasRequest{
		AfterRevision: at.AfterRevision, Ids: at.IDs, IncludeDocuments: at.Documents,
	})
	for begun := false; err == nil; begun = true {
		var message *registryv1.WatchSchemasResponse
		if message, err = stream.Recv(); err != nil {
			break
		}
		// What the caller does with an event is no silence.
		watchdog.Stop()
		if !begun {
			at.hear(stream)
		}
		if event, isNew := at.accept(message); isNew && !yield(event, nil) {
			return errEnough
		}
		watchdog.Reset(at.allowed())
	}
	if silent.Load() {
		c.line.leave(connection)
		return status.Errorf(codes.Unavailable, "a watch of %s heard nothing for %s, not even that nothing happened: check "+
			"that it is running, and what is in between", c.line.target, at.allowed())
	}
	return err
}

// position is where a watch is, through all its connections.
type position struct {
	Watching

	heard, caughtUp bool
	failures        int
	interval        time.Duration
}

// hear takes the interval of a stream's headers, which have come with its first message.
func (p *position) hear(stream grpc.ClientStream) {
	header, _ := stream.Header()
	seconds, err := strconv.ParseFloat(strings.Join(header.Get(progressHeader), ""), 64)
	if p.interval = time.Duration(seconds * float64(time.Second)); err != nil || p.interval <= 0 {
		p.interval = defaultInterval
	}
}

// allowed is how long a connection may be silent.
func (p *position) allowed() time.Duration { return silentIntervals * p.interval }

// accept is the event to tell, and whether it was not told before. After a reconnect the server calls Snapshot what
// was registered meanwhile; to this watch it is a Change.
func (p *position) accept(message *registryv1.WatchSchemasResponse) (Event, bool) {
	p.heard, p.failures = true, 0
	if progress := message.GetProgress(); progress != nil {
		p.caughtUp = true
		p.AfterRevision = max(p.AfterRevision, message.GetRevision())
		return Event{Kind: Progress, Revision: p.AfterRevision, Stale: progress.GetStale()}, true
	}
	if message.GetRevision() <= p.AfterRevision {
		return Event{}, false
	}
	p.AfterRevision = message.GetRevision()
	event := Event{Kind: Snapshot, Revision: message.GetRevision(), Version: message.GetSnapshot(), Document: message.GetDocument()}
	if event.Version == nil {
		event.Version = message.GetChange()
	}
	if p.caughtUp {
		event.Kind = Change
	}
	return event, true
}

// survives says whether to connect again: not where that changes nothing, and not before the first message.
func (p *position) survives(err error) bool {
	if !p.heard {
		return false
	}
	switch status.Code(err) {
	case codes.InvalidArgument, codes.NotFound, codes.FailedPrecondition, codes.OutOfRange,
		codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented:
		return false
	}
	return true
}

// pause waits a random while, so that watchers spread out, up to a bound that doubles with each failure.
func (p *position) pause(ctx context.Context) {
	bound := min(longestPause, firstPause<<min(p.failures, 10))
	p.failures++
	select {
	case <-ctx.Done():
	case <-time.After(rand.N(bound)):
	}
}
