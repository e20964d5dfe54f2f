// Command linearizability judges a history of calls to the registry: whether some order of them, each within its own
// time, explains every answer. It reads JSON lines (see history.go) and prints its judgement as JSON.
//
// Exit codes: 0 there is such an order, 1 there is none, 2 the history can't be read, 3 could not tell in time.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// Judgement names the ids of which there is no such order, and those of which it could not be told in time.
type Judgement struct {
	Operations int      `json:"operations"`
	IDs        int      `json:"ids"`
	Unknown    int      `json:"unknown_outcomes"`
	Illegal    []string `json:"illegal"`
	Undecided  []string `json:"undecided"`
}

func judge(history History, seconds float64) Judgement {
	said := Judgement{IDs: len(history), Illegal: []string{}, Undecided: []string{}}
	for _, id := range slices.Sorted(maps.Keys(history)) {
		operations := history[id]
		said.Operations += len(operations)
		for _, each := range operations {
			if each.Output.(Answer).Outcome == "unknown" {
				said.Unknown++
			}
		}
		switch porcupine.CheckOperationsTimeout(registry, distinct(operations), time.Duration(seconds*float64(time.Second))) {
		case porcupine.Illegal:
			said.Illegal = append(said.Illegal, id)
		case porcupine.Unknown:
			said.Undecided = append(said.Undecided, id)
		}
	}
	return said
}

// distinct leaves out repeated writes without an answer: the first of the same version and content may take place
// whenever a later one could, and only one of them can. A client that asks again and again would otherwise leave more
// orders than can be tried.
func distinct(operations []porcupine.Operation) []porcupine.Operation {
	ordered := slices.SortedStableFunc(slices.Values(operations), func(a, b porcupine.Operation) int {
		return cmp.Compare(a.Call, b.Call)
	})
	seen := map[Call]bool{}
	return slices.DeleteFunc(ordered, func(each porcupine.Operation) bool {
		if each.Output.(Answer).Outcome != "unknown" {
			return false
		}
		again := seen[each.Input.(Call)]
		seen[each.Input.(Call)] = true
		return again
	})
}

func (j Judgement) exit() int {
	switch {
	case len(j.Illegal) > 0:
		return 1
	case len(j.Undecided) > 0:
		return 3
	}
	return 0
}

// draw writes a page that shows how far an order of one id's operations goes.
func draw(operations []porcupine.Operation, path string) error {
	_, info := porcupine.CheckOperationsVerbose(registry, distinct(operations), time.Minute)
	return porcupine.VisualizePath(registry, info, path)
}

func run(path string, seconds float64, page string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 2, err
	}
	defer file.Close()
	history, err := read(file)
	if err != nil {
		return 2, fmt.Errorf("%s: %w", path, err)
	}
	said := judge(history, seconds)
	if page != "" && len(said.Illegal) > 0 {
		if err := draw(history[said.Illegal[0]], page); err != nil {
			return 2, err
		}
	}
	return said.exit(), json.NewEncoder(os.Stdout).Encode(said)
}

func main() {
	seconds := flag.Float64("seconds", 60, "for each id")
	page := flag.String("html", "", "draw the first id that has no order into this `file`")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: linearizability [-seconds N] [-html FILE] HISTORY")
		os.Exit(2)
	}
	code, err := run(flag.Arg(0), *seconds, *page)
	if err != nil {
		fmt.Fprintln(os.Stderr, "linearizability:", err)
	}
	os.Exit(code)
}
