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

	// The header of a watch with the seconds between the registry's marks of progress.
	progressHeader  = "x-schema-progress-seconds"
	defaultInterval = 10 * time.Second
	// The number of silent intervals after which a connection counts as dead. Pings don't replace that: a proxy in
	// between answers them although the registry is gone.
	silentIntervals = 3
)

// Kind is the kind of an Event.
type Kind string

const (
	// Snapshot is a version that was registered before the watch began.
	Snapshot Kind = "snapshot"
	// Change is a version registered since.
	Change Kind = "change"
	// State is a version whose state was changed, before the watch began or since.
	State Kind = "state"
	// Progress is a mark of progress: every event up to its revision has been sent. The first one ends the snapshot.
	Progress Kind = "progress"
)

// Event is an event of a watch: a version, or a mark of progress.
type Event struct {
	Kind     Kind
	Revision int64
	// Version is the registered version, in its new state for State; nil for Progress.
	Version *registryv1.SchemaVersion
	// Document is the version's document, if Watching.Documents is set.
	Document []byte
	// IsLatest tells whether Latest means this version; not so for a pre-release beside releases, or a fix to an old line.
	IsLatest bool
	// Stale, with Progress, means that the registry can't reach its store, so its answers may be out of date.
	Stale bool
}

// Watching selects the events of a watch.
type Watching struct {
	// AfterRevision is the revision after which the watch begins; 0 for every version.
	AfterRevision int64
	// IDs are the schemas to watch; empty for all.
	IDs []string
	// Documents makes events have the documents' bytes.
	Documents bool
}

// Watch yields every version after a revision, then each new one as it is registered: each once, in the order of
// revisions. Where the connection breaks, or is silent for three of the registry's progress intervals (30 s by
// default), it reconnects and resumes after the last revision.
//
// It ends with ctx, when the caller breaks, or with a *Refused that a new connection can't change: codes.OutOfRange
// where the registry can't resume from that revision, codes.Unavailable only where it was never reached.
func (c *Client) Watch(ctx context.Context, what Watching) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		at := position{Watching: what, interval: defaultInterval}
		for ctx.Err() == nil {
			err := c.connect(ctx, &at, yield)
			if errors.Is(err, errEnough) || ctx.Err() != nil {
				return
			}
			if !at.shouldReconnect(err) {
				yield(Event{}, c.refused(err))
				return
			}
			at.pause(ctx)
		}
	}
}

var errEnough = errors.New("the caller has heard enough")

// connect follows one stream until it fails, and returns why.
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
		// The time that the caller takes for an event doesn't count as silence.
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

// position is the state of a watch across its connections: the last revision, the interval and the next pause.
type position struct {
	Watching

	heard, caughtUp bool
	failures        int
	interval        time.Duration
}

// hear reads the interval from a stream's headers, which arrive with its first message.
func (p *position) hear(stream grpc.ClientStream) {
	header, _ := stream.Header()
	seconds, err := strconv.ParseFloat(strings.Join(header.Get(progressHeader), ""), 64)
	if p.interval = time.Duration(seconds * float64(time.Second)); err != nil || p.interval <= 0 {
		p.interval = defaultInterval
	}
}

// allowed returns how long a connection may be silent.
func (p *position) allowed() time.Duration { return silentIntervals * p.interval }

// accept returns a message's event, and whether the event is new. After a reconnection the server sends versions
// registered meanwhile as Snapshot; for this watch they are Change.
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
	if changed := message.GetStateChange(); changed != nil {
		// The document of this message is that of the latest version.
		event.Kind, event.Version, event.Document = State, changed, nil
	}
	event.IsLatest = message.GetLatestVersion() == event.Version.GetVersion()
	return event, true
}

// shouldReconnect reports whether to reconnect after an error: not where that can't help, and not before the first message.
func (p *position) shouldReconnect(err error) bool {
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

// pause waits a random time, so that watchers spread out, up to a bound that doubles with each failure.
func (p *position) pause(ctx context.Context) {
	bound := min(longestPause, firstPause<<min(p.failures, 10))
	p.failures++
	select {
	case <-ctx.Done():
	case <-time.After(rand.N(bound)):
	}
}
