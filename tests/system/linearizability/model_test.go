package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// op is one line of a history: who, when, what, and what came of it.
func op(start, end int, words string) string {
	word := strings.Fields(words)
	line := fmt.Sprintf(`{"id":"ticks","client":1,"start":%d,"end":%d,"op":%q,"version":%q`, start, end, word[0], word[1])
	if word[0] == "register" {
		return line + fmt.Sprintf(`,"content":%q,"outcome":%q}`, word[2], word[3])
	}
	if word[2] == "absent" {
		return line + `,"outcome":"absent"}`
	}
	return line + fmt.Sprintf(`,"outcome":"found","found_version":%q,"found_content":%q}`, word[2], word[3])
}

func illegal(t *testing.T, lines ...string) bool {
	t.Helper()
	history, err := read(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	said := judge(history, 10)
	if len(said.Undecided) > 0 || said.Operations != len(lines) {
		t.Fatalf("%+v", said)
	}
	return len(said.Illegal) > 0
}

var good = map[string][]string{
	"a read before, during and after a write": {
		op(1, 2, "get latest absent"),
		op(3, 9, "register 1.0.0 a created"),
		op(4, 5, "get latest absent"),
		op(6, 7, "get latest 1.0.0 a"),
		op(10, 11, "get 1.0.0 1.0.0 a"),
	},
	"two that write the same version at once: one wins, the other is told": {
		op(1, 9, "register 1.0.0 a created"),
		op(1, 9, "register 1.0.0 b conflict"),
		op(1, 9, "register 1.0.0 a already"),
		op(10, 11, "get latest 1.0.0 a"),
	},
	"a version that does not grow": {
		op(1, 2, "register 1.10.0 a created"),
		op(3, 4, "register 1.9.0 b refused"),
		op(5, 6, "get 1.9.0 absent"),
	},
	"a write without an answer that took place": {
		op(1, 2, "register 1.0.0 a unknown"),
		op(3, 4, "get latest absent"),
		op(5, 6, "get latest 1.0.0 a"),
		op(7, 8, "register 1.0.0 a already"),
	},
	"a write without an answer that never took place": {
		op(1, 2, "register 1.0.0 a unknown"),
		op(3, 4, "register 1.0.0 b created"),
		op(5, 6, "get latest 1.0.0 b"),
	},
	"a write without an answer that overtakes nobody": {
		op(1, 2, "register 1.0.0 a unknown"),
		op(3, 4, "register 1.1.0 b created"),
		op(5, 6, "get 1.0.0 1.0.0 a"),
		op(7, 8, "get latest 1.1.0 b"),
	},
}

var bad = map[string][]string{
	"a lost write: acknowledged, then never there": {
		op(1, 2, "register 1.0.0 a created"),
		op(3, 4, "get latest absent"),
	},
	"a lost version": {
		op(1, 2, "register 1.0.0 a created"),
		op(3, 4, "register 1.1.0 b created"),
		op(5, 6, "get 1.0.0 absent"),
	},
	"a stale read: the version before the acknowledged one": {
		op(1, 2, "register 1.0.0 a created"),
		op(3, 4, "register 1.1.0 b created"),
		op(5, 6, "get latest 1.0.0 a"),
	},
	"a read that goes back behind another reader's": {
		op(1, 2, "register 1.0.0 a created"),
		op(3, 20, "register 1.1.0 b created"),
		op(5, 6, "get latest 1.1.0 b"),
		op(7, 8, "get latest 1.0.0 a"),
	},
	"a duplicate: the same content created twice": {
		op(1, 9, "register 1.0.0 a created"),
		op(1, 9, "register 1.0.0 a created"),
	},
	"two winners of one version": {
		op(1, 9, "register 1.0.0 a created"),
		op(1, 9, "register 1.0.0 b created"),
	},
	"a retry that is told of a conflict with itself": {
		op(1, 2, "register 1.0.0 a unknown"),
		op(3, 4, "register 1.0.0 a conflict"),
	},
	"a retry that creates what the lost answer had created and others saw": {
		op(1, 2, "register 1.0.0 a unknown"),
		op(3, 4, "get latest 1.0.0 a"),
		op(5, 6, "register 1.0.0 a created"),
	},
	"a write without an answer that is seen and then gone": {
		op(1, 2, "register 1.0.0 a unknown"),
		op(3, 4, "get latest 1.0.0 a"),
		op(5, 6, "get latest absent"),
	},
	"a write that is seen before it began": {
		op(1, 2, "get latest 1.0.0 a"),
		op(3, 4, "register 1.0.0 a created"),
	},
	"content that nobody wrote": {
		op(1, 2, "register 1.0.0 a created"),
		op(3, 4, "get latest 1.0.0 b"),
	},
	"a version that was changed": {
		op(1, 2, "register 1.0.0 a created"),
		op(3, 4, "get 1.0.0 1.0.0 a"),
		op(5, 6, "get 1.0.0 1.0.0 b"),
	},
	"versions that went down": {
		op(1, 2, "register 1.10.0 a created"),
		op(3, 4, "register 1.9.0 b created"),
	},
	"a version refused although it grows": {
		op(1, 2, "register 1.9.0 a created"),
		op(3, 4, "register 1.10.0 b refused"),
	},
}

func TestHistoriesWithAnOrder(t *testing.T) {
	for name, lines := range good {
		t.Run(name, func(t *testing.T) {
			if illegal(t, lines...) {
				t.Fatal("there is an order that explains it")
			}
		})
	}
}

func TestHistoriesWithoutAnOrder(t *testing.T) {
	for name, lines := range bad {
		t.Run(name, func(t *testing.T) {
			if !illegal(t, lines...) {
				t.Fatal("no order explains it")
			}
		})
	}
}

func TestAskingAgainAndAgainIsJudgedInTime(t *testing.T) {
	var lines []string
	for i := range 60 {
		lines = append(lines, op(i, i+1, "register 1.0.0 a unknown"), op(i, i+1, "get latest absent"))
	}
	if illegal(t, append(lines, op(70, 71, "register 1.0.0 a already"), op(72, 73, "get latest 1.0.0 a"))...) {
		t.Fatal("one of the writes without an answer may have taken place after all of them")
	}
	if !illegal(t, append(lines, op(70, 71, "get latest 1.0.0 a"), op(72, 73, "register 1.0.0 a created"))...) {
		t.Fatal("what was read was there, and can't be created after that")
	}
}

func TestAnIdIsJudgedByItself(t *testing.T) {
	other := strings.Replace(op(3, 4, "get latest absent"), "ticks", "quotes", 1)
	if illegal(t, op(1, 2, "register 1.0.0 a created"), other) {
		t.Fatal("another id's versions are not this one's")
	}
}

func TestALineThatIsNoOperationIsAnError(t *testing.T) {
	for name, line := range map[string]string{
		"an outcome that the operation can't have": op(1, 2, "register 1.0.0 a found"),
		"no version":                op(1, 2, "get newest absent"),
		"an end before the start":   op(2, 1, "get latest absent"),
		"no id":                     strings.Replace(op(1, 2, "get latest absent"), "ticks", "", 1),
		"a member that is not ours": strings.Replace(op(1, 2, "get latest absent"), "client", "worker", 1),
		"half a line":               op(1, 2, "get latest absent")[:30],
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := read(strings.NewReader(line)); err == nil {
				t.Fatal("it was read")
			}
		})
	}
}

func TestTheExitCodeSaysWhatWasFound(t *testing.T) {
	directory := t.TempDir()
	for name, wanted := range map[string]struct {
		code  int
		lines []string
	}{
		"good": {0, good["a write without an answer that took place"]},
		"bad":  {1, bad["two winners of one version"]},
	} {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(strings.Join(wanted.lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		code, err := run(path, 10, filepath.Join(directory, name+".html"))
		if err != nil || code != wanted.code {
			t.Fatalf("%s: %d, %v", name, code, err)
		}
	}
	if _, err := os.Stat(filepath.Join(directory, "bad.html")); err != nil {
		t.Fatal(err)
	}
	if code, err := run(filepath.Join(directory, "none"), 10, ""); code != 2 || err == nil {
		t.Fatalf("a missing history: %d, %v", code, err)
	}
}
