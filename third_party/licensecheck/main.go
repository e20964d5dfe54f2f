// Prints a line for each folder that is named: the folder, a tab, and the SPDX ids of the licences in its files.
//
// The files are those that Go's package site reads, and so is the library that knows the texts
// (https://pkg.go.dev/license-policy). A text that it doesn't know for nine tenths is "unknown".
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

var named = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense|mit-license)(-[a-z0-9.]+)?(\.(md|markdown|txt|rst))?$`)

const known = 90 // per cent of a file's text

func main() {
	for _, folder := range os.Args[1:] {
		ids, err := licences(folder)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("%s\t%s\n", folder, strings.Join(ids, " "))
	}
}

func licences(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, entry := range entries {
		if entry.IsDir() || !named.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		covered := licensecheck.Scan(text)
		if covered.Percent < known {
			ids = append(ids, "unknown")
		}
		for _, match := range covered.Match {
			ids = append(ids, match.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
