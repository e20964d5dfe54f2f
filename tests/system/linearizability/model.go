package main

import (
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

// registry is what one id should look like to its callers, one operation at a time: versions in the order in
// which they were registered, each greater than the one before it and never changed. Ids don't meet, so each is
// judged by itself.
var registry = porcupine.Model{
	Init: func() any { return versions("") },
	Step: func(state, input, output any) (bool, any) {
		return state.(versions).step(input.(Call), output.(Answer))
	},
	DescribeOperation: func(input, output any) string { return describe(input.(Call), output.(Answer)) },
	DescribeState:     func(state any) string { return string(state.(versions)) },
}

// versions is one "VERSION CONTENT;" after the other: text, so that states compare by ==.
type versions string

func (v versions) step(call Call, answer Answer) (bool, versions) {
	content, there := v.find(call.Version)
	grows := !there && v.before(call.Version)
	switch {
	case call.Op == "get" && answer.Outcome == "absent":
		return !there, v
	case call.Op == "get":
		return there && content == answer.Content && (call.Version != "latest" || v.latest() == answer.Version), v
	case answer.Outcome == "already":
		return there && content == call.Content, v
	case answer.Outcome == "conflict":
		return there && content != call.Content, v
	case answer.Outcome == "refused":
		return !there && !grows, v
	case grows:
		return true, v + versions(call.Version+" "+call.Content+";")
	default: // it can't be written now: as well if nobody knows the outcome, wrong if it is said to be created
		return answer.Outcome == "unknown", v
	}
}

func (v versions) find(version string) (content string, there bool) {
	if version == "latest" {
		version = v.latest()
	}
	for each := range strings.SplitSeq(string(v), ";") {
		if name, content, _ := strings.Cut(each, " "); name == version && name != "" {
			return content, true
		}
	}
	return "", false
}

func (v versions) latest() string {
	last := strings.LastIndex(strings.TrimSuffix(string(v), ";"), ";")
	name, _, _ := strings.Cut(string(v)[last+1:], " ")
	return name
}

// before says whether every version here is less than `version`.
func (v versions) before(version string) bool {
	return v == "" || less(v.latest(), version)
}

func less(a, b string) bool {
	left, right := strings.Split(a, "."), strings.Split(b, ".")
	for i := range left {
		x, _ := strconv.Atoi(left[i])
		y, _ := strconv.Atoi(right[i])
		if x != y {
			return x < y
		}
	}
	return false
}

func describe(call Call, answer Answer) string {
	if call.Op == "get" {
		return strings.TrimSpace("get " + call.Version + " → " + answer.Outcome + " " + answer.Version)
	}
	return "register " + call.Version + " → " + answer.Outcome
}
