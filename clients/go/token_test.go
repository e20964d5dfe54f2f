package schemaregistry

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"schemaregistry/clients/go/registryv1"
)

// token returns the file with the token that may publish `ID_*`, which the test's server takes.
func tokenFile(t *testing.T, id string) string {
	folder := os.Getenv("SCHEMAREGISTRY_QUICK_TOKENS")
	if folder == "" {
		t.Fatal("no registry that takes tokens: run `make go-test`")
	}
	return filepath.Join(folder, id)
}

func published(t *testing.T, client *Client) []string {
	t.Helper()
	me, err := client.RPC.WhoAmI(t.Context(), &registryv1.WhoAmIRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return me.GetPublishIds()
}

func TestTheTokenInAFileGivesItsRights(t *testing.T) {
	files := quickCredentials()
	files.TokenFile = tokenFile(t, "ticks")
	if ids := published(t, dial(t, quick(t), files)); !slices.Equal(ids, []string{"ticks_*"}) {
		t.Errorf("may publish %v", ids)
	}
}

func TestTheNextCallShowsTheNextToken(t *testing.T) {
	var asked []string
	client := dial(t, quick(t), quickCredentials(), WithToken(func(context.Context) (string, error) {
		asked = append(asked, []string{"ticks", "quotes"}[len(asked)%2])
		text, err := os.ReadFile(tokenFile(t, asked[len(asked)-1]))
		return strings.TrimSpace(string(text)), err
	}))
	if first, second := published(t, client), published(t, client); first[0] != "ticks_*" || second[0] != "quotes_*" {
		t.Errorf("may publish %v, then %v", first, second)
	}
	for _, err := range client.Watch(t.Context(), Watching{}) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if len(asked) != 3 {
		t.Errorf("the watch did not ask for a token: %v", asked)
	}
}

func TestARefusedTokenEndsAWatchAndIsNotRepeated(t *testing.T) {
	client := dial(t, quick(t), quickCredentials(), WithToken(func(context.Context) (string, error) {
		return "no.signed.token", nil
	}))
	for _, err := range client.Watch(t.Context(), Watching{}) {
		if refused := new(Refused); !errors.As(err, &refused) || refused.Code != codes.Unauthenticated {
			t.Errorf("got %v", err)
		} else if strings.Contains(err.Error(), "no.signed.token") {
			t.Errorf("the token is in %v", err)
		}
	}
}

func TestAFileOrFunctionWithoutATokenIsSaid(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := quickCredentials()
	clients := map[string]*Client{}
	for _, path := range []string{filepath.Join(t.TempDir(), "none"), empty, t.TempDir()} {
		files.TokenFile = path
		clients[path] = dial(t, quick(t), files)
	}
	clients["the token provider failed: away"] = dial(t, quick(t), quickCredentials(), WithToken(
		func(context.Context) (string, error) { return "", errors.New("away") }))
	clients["returned no token"] = dial(t, quick(t), quickCredentials(), WithToken(
		func(context.Context) (string, error) { return "SECRET\r\nx-role: root", nil }))
	for said, client := range clients {
		_, err := client.Get(t.Context(), "none", Latest)
		refused := new(Refused)
		if !errors.As(err, &refused) || refused.Code != codes.Unauthenticated || !strings.HasPrefix(refused.Reason, "TOKEN_") {
			t.Errorf("%s: got %v", said, err)
		} else if !strings.Contains(err.Error(), said) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s is not in %v", said, err)
		}
	}
}

func TestAFileAndAFunctionAreOneTooMany(t *testing.T) {
	files := quickCredentials()
	files.TokenFile = "token"
	_, err := Dial(quick(t), files, WithToken(func(context.Context) (string, error) { return "", nil }))
	if err == nil || !strings.Contains(err.Error(), "WithToken") {
		t.Errorf("got %v", err)
	}
}

func TestTheEnvironmentNamesTheTokensFile(t *testing.T) {
	t.Setenv("SCHEMAREGISTRY_TOKEN_FILE", "a/token")
	if _, files := FromEnvironment(); files.TokenFile != "a/token" {
		t.Errorf("got %+v", files)
	}
}
