package schemaregistry

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// quick is a registry whose watches get a mark of progress every 0.5 s.
func quick(t *testing.T) string {
	target := os.Getenv("SCHEMAREGISTRY_QUICK_TARGET")
	if target == "" {
		t.Fatal("no registry with quick marks: run `make go-test`")
	}
	return target
}

func TestAWatchThatHearsNothingGoesOnByANewConnection(t *testing.T) {
	t.Parallel()
	between := relayTo(t, quick(t))
	hardly := Keepalive{Idle: time.Hour, Wait: time.Hour}
	client, err := Dial(between.target(), quickCredentials(), WithKeepalive(hardly))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	marks := 0
	for _, err := range client.Watch(limit(t), Watching{}) {
		if err != nil {
			t.Fatal(err)
		}
		if marks++; marks == 1 {
			between.swallow()
		}
		if between.connections.Load() >= 2 {
			return
		}
	}
	t.Fatalf("%d connections, %d marks", between.connections.Load(), marks)
}

func TestWhatTheCallerDoesBetweenTwoEventsIsNoSilence(t *testing.T) {
	t.Parallel()
	between := relayTo(t, quick(t))
	client := dial(t, between.target(), quickCredentials())
	marks := 0
	for _, err := range client.Watch(limit(t), Watching{}) {
		if err != nil {
			t.Fatal(err)
		}
		if marks++; marks == 3 {
			break
		}
		time.Sleep(2 * time.Second)
	}
	if made := between.connections.Load(); made != 1 {
		t.Errorf("%d connections", made)
	}
}

// gRPC for Go sends a keepalive ping after 10 s at the earliest, so this test waits that long, in parallel to others.
func TestAConnectionThatFellSilentIsNoticedByPings(t *testing.T) {
	t.Parallel()
	between := relay(t)
	client, err := Dial(between.target(), between.files, WithKeepalive(Keepalive{Wait: time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	get(t, client, "ticks_v1", Latest)
	between.swallow()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	for between.connections.Load() == 1 {
		if ctx.Err() != nil {
			t.Fatal("never noticed")
		}
		if _, err := client.Get(short(t), "ticks_v1", Latest); err == nil {
			return
		}
	}
	get(t, client, "ticks_v1", Latest)
}

func TestAVanishedPeerIsNoticedWithinFortySeconds(t *testing.T) {
	if both := DefaultKeepalive.Idle + DefaultKeepalive.Wait; both != 40*time.Second {
		t.Errorf("after %s", both)
	}
}

func TestAProxyIsNotUsedOnThisMachineAndNamedElsewhere(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://user:secret@127.0.0.1:1")
	get(t, reader(t), "ticks_v1", Latest)
	_, files := FromEnvironment()
	_, err := dial(t, "registry.invalid:50051", files).Get(limit(t), "ticks_v1", Latest)
	var refusal *Refused
	if !errors.As(err, &refusal) || refusal.Code != codes.Unavailable {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(err.Error(), "the proxy 127.0.0.1:1 (the environment's HTTPS_PROXY") {
		t.Errorf("the proxy is not named: %v", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("it tells the password: %v", err)
	}
}

func TestWhatIsOnThisMachineByItsName(t *testing.T) {
	for target, local := range map[string]bool{
		"localhost:1": true, "LOCALHOST.:1": true, "a.localhost:1": true, "127.9.9.9:1": true, "[::1]:1": true,
		"dns:///localhost:1": true, "unix:/run/registry": true, "registry:1": false, "10.0.0.1:1": false,
		"localhost.example.com:1": false, "[fe80::1]:1": false,
	} {
		if isLocal(target) != local {
			t.Errorf("%s: %t", target, !local)
		}
	}
}

func quickCredentials() Credentials {
	return DevCredentials(os.Getenv("SCHEMAREGISTRY_QUICK_DATA"), "reader")
}
