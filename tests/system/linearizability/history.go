package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"

	"github.com/anishathalye/porcupine"
)

// Call is what a client asked of the registry.
type Call struct {
	Op      string `json:"op"`      // "register" or "get"
	Version string `json:"version"` // MAJOR.MINOR.PATCH; "latest" too for a get
	Content string `json:"content"` // of a register: what names the document's bytes
}

// Answer is what the client was told.
type Answer struct {
	// "created", "already" (the same content is there), "conflict" (other content is there), "refused" (the version
	// does not grow) or "unknown" (no answer: it may be written at any time from then on); "found" or "absent".
	Outcome string `json:"outcome"`
	Version string `json:"found_version"` // of a get that found
	Content string `json:"found_content"`
}

// record is one line of a history. Times are of one clock, in any unit.
type record struct {
	ID     string `json:"id"`
	Client int    `json:"client"`
	Start  int64  `json:"start"`
	End    int64  `json:"end"`
	Call
	Answer
}

// History is every operation, by id.
type History map[string][]porcupine.Operation

var (
	number   = regexp.MustCompile(`^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$`)
	outcomes = map[string][]string{
		"register": {"created", "already", "conflict", "refused", "unknown"},
		"get":      {"found", "absent"},
	}
)

// read takes JSON lines; a line that is no operation is an error, so that nothing is left out of the judgement.
func read(lines io.Reader) (History, error) {
	history := History{}
	decoder := json.NewDecoder(lines)
	decoder.DisallowUnknownFields()
	for line := 1; ; line++ {
		var each record
		if err := decoder.Decode(&each); errors.Is(err, io.EOF) {
			return history, nil
		} else if err != nil {
			return nil, fmt.Errorf("operation %d: %w", line, err)
		}
		if err := each.check(); err != nil {
			return nil, fmt.Errorf("operation %d: %w", line, err)
		}
		history[each.ID] = append(history[each.ID], each.operation())
	}
}

func (r record) check() error {
	switch {
	case r.ID == "":
		return errors.New("it has no id")
	case !slices.Contains(outcomes[r.Op], r.Outcome):
		return fmt.Errorf("%q with outcome %q", r.Op, r.Outcome)
	case !number.MatchString(r.Call.Version) && !(r.Op == "get" && r.Call.Version == "latest"):
		return fmt.Errorf("version %q", r.Call.Version)
	case r.Outcome == "found" && !number.MatchString(r.Answer.Version):
		return fmt.Errorf("found_version %q", r.Answer.Version)
	case r.End < r.Start:
		return errors.New("it ends before it starts")
	}
	return nil
}

// operation of an unknown outcome never ends: a place after everything else is as good as never having been written.
func (r record) operation() porcupine.Operation {
	end := r.End
	if r.Outcome == "unknown" {
		end = math.MaxInt64
	}
	return porcupine.Operation{ClientId: r.Client, Input: r.Call, Output: r.Answer, Call: r.Start, Return: end}
}
