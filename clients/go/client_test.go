package schemaregistry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/grpc/codes"

	"schemaregistry/clients/go/registryv1"
)

// These tests talk to a real registry: `make go-test` starts one and says where it is.
func TestMain(m *testing.M) {
	if os.Getenv("SCHEMAREGISTRY_PUBLISHER_CERT") == "" {
		fmt.Fprintln(os.Stderr, "no registry to test against: run `make go-test`")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func dial(t *testing.T, target string, files Credentials, options ...Option) *Client {
	t.Helper()
	client, err := Dial(target, files, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func reader(t *testing.T) *Client {
	target, files := FromEnvironment()
	return dial(t, target, files)
}

func publish(t *testing.T, id, version string) []byte {
	t.Helper()
	target, files := FromEnvironment()
	files.Cert, files.Key = os.Getenv("SCHEMAREGISTRY_PUBLISHER_CERT"), os.Getenv("SCHEMAREGISTRY_PUBLISHER_KEY")
	document := fmt.Appendf(nil, `{"$id": %q, "$schema": "http://json-schema.org/draft-07/schema#", "version": %q,
  "type": "object", "properties": {"size": {"type": "integer"}}}`, id, version)
	_, err := dial(t, target, files).RPC.RegisterSchema(t.Context(), &registryv1.RegisterSchemaRequest{
		Id: id, Document: &httpbody.HttpBody{ContentType: "application/json", Data: document},
	})
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func get(t *testing.T, client *Client, id, version string) *Document {
	t.Helper()
	document, err := client.Get(t.Context(), id, version)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestADocumentComesByteForByteWithItsVersionAndRevision(t *testing.T) {
	published := publish(t, "go_bytes", "1.0.0")
	document := get(t, reader(t), "go_bytes", "v1.0.0")
	if !bytes.Equal(document.Raw, published) || document.ID != "go_bytes" || document.Version != "1.0.0" {
		t.Errorf("got %+v", document)
	}
	if document.Revision == 0 || document.ETag == "" || !strings.HasPrefix(document.Fingerprint, "sha256:") {
		t.Errorf("without its metadata: %+v", document)
	}
}

func TestAVersionIsAskedForOnce(t *testing.T) {
	publish(t, "go_once", "1.0.0")
	between := relay(t)
	client := dial(t, between.target(), between.files)
	first := get(t, client, "go_once", "1.0.0")
	between.close()
	if again := get(t, client, "go_once", "1.0.0"); again != first {
		t.Error("another document")
	}
	if _, err := client.Get(short(t), "go_once", Latest); err == nil {
		t.Error("the latest was not asked for")
	}
}

func TestTheLatestIsSentAgainOnlyIfItChanged(t *testing.T) {
	publish(t, "go_latest", "1.0.0")
	client := reader(t)
	first := get(t, client, "go_latest", Latest)
	if get(t, client, "go_latest", "") != first {
		t.Error("sent again though it did not change")
	}
	publish(t, "go_latest", "1.0.1")
	if changed := get(t, client, "go_latest", Latest); changed.Version != "1.0.1" {
		t.Errorf("still %s", changed.Version)
	}
}

func TestAReferenceFollowsItsLine(t *testing.T) {
	publish(t, "go_line", "1.0.0")
	client := reader(t)
	first := get(t, client, "go_line", "^1.0")
	if get(t, client, "go_line", "^1.0") != first {
		t.Error("sent again though it did not change")
	}
	for _, version := range []string{"2.0.0", "1.1.0", "3.0.0-rc.1"} {
		publish(t, "go_line", version)
	}
	for reference, version := range map[string]string{"^1.0": "1.1.0", "1": "1.1.0", "~1.0": "1.0.0", "v1.0": "1.0.0", Latest: "2.0.0"} {
		if found := get(t, client, "go_line", reference); found.Version != version {
			t.Errorf("%s is %s", reference, found.Version)
		}
	}
}

func TestAWatchTellsWhichVersionIsTheLatest(t *testing.T) {
	for _, version := range []string{"1.0.0", "2.0.0", "1.1.0", "3.0.0-rc.1"} {
		publish(t, "go_watched_line", version)
	}
	var latest []string
	for event, err := range reader(t).Watch(limit(t), Watching{IDs: []string{"go_watched_line"}}) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Kind == Progress {
			break
		}
		if event.IsLatest {
			latest = append(latest, event.Version.GetVersion())
		}
	}
	if strings.Join(latest, " ") != "2.0.0" {
		t.Errorf("got %v", latest)
	}
}

func TestAWatchTellsAChangeOfAState(t *testing.T) {
	publish(t, "go_state", "1.0.0")
	publish(t, "go_state", "1.1.0")
	target, files := FromEnvironment()
	files.Cert, files.Key = os.Getenv("SCHEMAREGISTRY_PUBLISHER_CERT"), os.Getenv("SCHEMAREGISTRY_PUBLISHER_KEY")
	_, err := dial(t, target, files).RPC.SetVersionState(t.Context(), &registryv1.SetVersionStateRequest{
		Id: "go_state", Version: "1.1.0", State: "retracted", Reason: "wrong unit",
	})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for event, err := range reader(t).Watch(limit(t), Watching{IDs: []string{"go_state"}}) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Kind == Progress {
			break
		}
		told = append(told, fmt.Sprint(event.Kind, " ", event.Version.GetVersion(), " ", event.IsLatest))
	}
	if got := strings.Join(told, ", "); got != "snapshot 1.0.0 true, snapshot 1.1.0 false, state 1.1.0 false" {
		t.Errorf("got %s", got)
	}
	if latest := get(t, reader(t), "go_state", Latest); latest.Version != "1.0.0" {
		t.Errorf("the latest is %s", latest.Version)
	}
}

func TestARefusalHasItsCodeReasonAndNearNames(t *testing.T) {
	publish(t, "go_refused", "1.0.0")
	_, err := reader(t).Get(t.Context(), "go_refuse", Latest)
	var refusal *Refused
	if !errors.As(err, &refusal) || refusal.Code != codes.NotFound || refusal.Reason != "NO_SUCH_SCHEMA" {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(refusal.Metadata["near"], "go_refused") {
		t.Errorf("near: %q", refusal.Metadata["near"])
	}
}

func TestAReaderMayNotPublish(t *testing.T) {
	_, err := reader(t).RPC.RegisterSchema(t.Context(), &registryv1.RegisterSchemaRequest{Id: "go_reader"})
	if refusal := refused(err); refusal.Code != codes.PermissionDenied {
		t.Errorf("got %v", refusal)
	}
}

func TestRecordsAreJudgedByPlaceAndRule(t *testing.T) {
	publish(t, "go_records", "1.0.0")
	answer, err := reader(t).Validate(t.Context(), "go_records", Latest, []byte(`[{"size": 1}, {"size": "1"}]`))
	if err != nil {
		t.Fatal(err)
	}
	wrong := answer.GetErrors()
	if answer.GetValid() || len(wrong) != 1 || wrong[0].GetIndex() != 1 || wrong[0].GetPointer() != "/size" || wrong[0].GetRule() != "type" {
		t.Errorf("got %v", answer)
	}
}

func TestAWatchTellsEachVersionOnceThroughACutConnection(t *testing.T) {
	publish(t, "go_watch", "1.0.0")
	between := relay(t)
	var told []string
	for event, err := range dial(t, between.target(), between.files).Watch(limit(t), Watching{IDs: []string{"go_watch"}, Documents: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Version != nil {
			told = append(told, fmt.Sprint(event.Kind, " ", event.Version.GetVersion()))
			if !bytes.Contains(event.Document, []byte(event.Version.GetVersion())) {
				t.Errorf("without its document: %v", event)
			}
		}
		switch {
		case event.Kind == Progress && len(told) == 1:
			publish(t, "go_watch", "1.1.0")
		case len(told) == 2 && event.Version != nil:
			between.cut()
			publish(t, "go_watch", "1.2.0")
		case len(told) == 3:
			if got := strings.Join(told, ", "); got != "snapshot 1.0.0, change 1.1.0, change 1.2.0" {
				t.Errorf("got %s", got)
			}
			return
		}
	}
	t.Fatalf("ended after %v", told)
}

func TestAWatchFromARevisionThatTheStoreHasNotReachedEnds(t *testing.T) {
	for _, err := range reader(t).Watch(limit(t), Watching{AfterRevision: 1 << 40}) {
		var refusal *Refused
		if !errors.As(err, &refusal) || refusal.Code != codes.OutOfRange {
			t.Errorf("got %v", err)
		}
	}
}

func TestAWatchOfARegistryThatIsNotThereEnds(t *testing.T) {
	between := relay(t)
	between.close()
	for _, err := range dial(t, between.target(), between.files).Watch(limit(t), Watching{}) {
		var refusal *Refused
		if !errors.As(err, &refusal) || refusal.Code != codes.Unavailable {
			t.Errorf("got %v", err)
		}
	}
}

func TestARenewedCertificateIsUsedByTheNextConnection(t *testing.T) {
	publish(t, "go_renewed", "1.0.0")
	between := relay(t)
	own := t.TempDir()
	files := Credentials{CA: between.files.CA, Cert: filepath.Join(own, "cert.pem"), Key: filepath.Join(own, "key.pem")}
	place := func(cert, key string) {
		for to, from := range map[string]string{files.Cert: cert, files.Key: key} {
			content, err := os.ReadFile(from)
			if err == nil {
				err = os.WriteFile(to, content, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	place(between.files.Cert, between.files.Key)
	client := dial(t, between.target(), files)
	me, err := client.RPC.WhoAmI(t.Context(), &registryv1.WhoAmIRequest{})
	if err != nil {
		t.Fatal(err)
	}
	place(os.Getenv("SCHEMAREGISTRY_PUBLISHER_CERT"), os.Getenv("SCHEMAREGISTRY_PUBLISHER_KEY"))
	between.cut()
	for ctx := limit(t); ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		// A call that is in progress while the connection is cut fails.
		if now, err := client.RPC.WhoAmI(ctx, &registryv1.WhoAmIRequest{}); err == nil && now.GetIdentity() != me.GetIdentity() {
			return
		}
	}
	t.Fatalf("still %s", me.GetIdentity())
}

func TestARenewedCAIsUsedByTheNextConnection(t *testing.T) {
	target, files := FromEnvironment()
	right, err := os.ReadFile(files.CA)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(files.Cert)
	if err != nil {
		t.Fatal(err)
	}
	files.CA = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(files.CA, other, 0o600); err != nil {
		t.Fatal(err)
	}
	client := dial(t, target, files)
	if _, err := client.Get(short(t), "ticks_v1", Latest); err == nil {
		t.Fatal("a registry of another CA was trusted")
	}
	if err := os.WriteFile(files.CA, right, 0o600); err != nil {
		t.Fatal(err)
	}
	for ctx := limit(t); ; time.Sleep(20 * time.Millisecond) {
		if _, err = client.Get(ctx, "ticks_v1", Latest); err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

func TestFilesThatAreNotCredentialsAreNamed(t *testing.T) {
	target, files := FromEnvironment()
	files.CA = files.Key
	if _, err := Dial(target, files); err == nil || !strings.Contains(err.Error(), files.Key) {
		t.Errorf("got %v", err)
	}
}

func TestTheDocumentUsedLeastRecentlyIsForgotten(t *testing.T) {
	few := newRecent(2)
	for _, version := range []string{"1", "2"} {
		few.put(name{"a", version}, &Document{Version: version})
	}
	few.get(name{"a", "1"})
	few.put(name{"a", "3"}, &Document{})
	if few.get(name{"a", "2"}) != nil || few.get(name{"a", "1"}) == nil || few.get(name{"a", "3"}) == nil {
		t.Error("the wrong one was forgotten")
	}
}

func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	t.Cleanup(cancel)
	return ctx
}

func limit(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// between is a TCP relay to the registry whose connections a test can cut or make silent.
type between struct {
	listener net.Listener
	files    Credentials
	cuts     chan chan struct{}
	// The number of connections made, and of silent ones: these stay open, and nothing arrives.
	connections, silent atomic.Int64
}

func (b *between) swallow() { b.silent.Store(b.connections.Load()) }

func relay(t *testing.T) *between {
	target, _ := FromEnvironment()
	return relayTo(t, target)
}

func relayTo(t *testing.T, target string) *between {
	_, files := FromEnvironment()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	made := &between{listener: listener, files: files, cuts: make(chan chan struct{})}
	accepted := make(chan net.Conn)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- connection
		}
	}()
	go made.carry(target, accepted)
	t.Cleanup(made.close)
	return made
}

func (b *between) carry(target string, accepted <-chan net.Conn) {
	var open []net.Conn
	for {
		select {
		case near := <-accepted:
			far, err := net.Dial("tcp", target)
			if err != nil {
				near.Close()
				continue
			}
			open = append(open, near, far)
			b.connections.Add(1)
			number := b.connections.Load()
			go b.pump(number, near, far)
			go b.pump(number, far, near)
		case done := <-b.cuts:
			for _, connection := range open {
				connection.Close()
			}
			open = nil
			close(done)
		}
	}
}

func (b *between) pump(number int64, from, to net.Conn) {
	silent := func() bool { return number <= b.silent.Load() }
	defer func() {
		if !silent() {
			to.Close()
		}
	}()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !silent() {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (b *between) target() string {
	_, port, _ := net.SplitHostPort(b.listener.Addr().String())
	return "localhost:" + port
}

func (b *between) cut() {
	done := make(chan struct{})
	b.cuts <- done
	<-done
}

func (b *between) close() {
	b.listener.Close()
	b.cut()
}
