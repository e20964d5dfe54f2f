// Halt on the first record that no longer conforms: validate RECORDS.json (an array) against the latest version of a
// schema, and again against each new version, until a record is invalid.
//
//	halt ID RECORDS.json
package main

import (
	"context"
	"fmt"
	"os"

	schemaregistry "schemaregistry/clients/go"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: halt ID RECORDS.json")
		os.Exit(2)
	}
	conform, err := halt(context.Background(), os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	if !conform {
		os.Exit(1)
	}
}

// halt returns once a record does not conform.
func halt(ctx context.Context, id, path string) (bool, error) {
	records, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	registry, err := schemaregistry.Dial(schemaregistry.FromEnvironment())
	if err != nil {
		return false, err
	}
	defer registry.Close()

	latest, err := registry.Get(ctx, id, schemaregistry.Latest)
	if err != nil {
		return false, err
	}
	fmt.Printf("fetched %s %s, %d bytes\n", id, latest.Version, len(latest.Raw))
	if conform, err := judge(ctx, registry, id, latest.Version, records); err != nil || !conform {
		return conform, err
	}
	fmt.Println("watching")
	after := schemaregistry.Watching{AfterRevision: latest.Revision, IDs: []string{id}}
	for event, err := range registry.Watch(ctx, after) {
		if err != nil {
			return false, err
		}
		if event.Kind == schemaregistry.Progress || event.Kind == schemaregistry.State || !event.IsLatest {
			continue
		}
		fmt.Printf("published %s %s\n", id, event.Version.GetVersion())
		if conform, err := judge(ctx, registry, id, event.Version.GetVersion(), records); err != nil || !conform {
			return conform, err
		}
	}
	return true, ctx.Err()
}

func judge(ctx context.Context, registry *schemaregistry.Client, id, version string, records []byte) (bool, error) {
	answer, err := registry.Validate(ctx, id, version, records)
	if err != nil {
		return false, err
	}
	if answer.GetValid() {
		fmt.Printf("the records conform to %s %s\n", id, version)
		return true, nil
	}
	for _, wrong := range answer.GetErrors() {
		fmt.Printf("record %d: %s breaks %s\n", wrong.GetIndex(), wrong.GetPointer(), wrong.GetRule())
	}
	fmt.Printf("halted: the records do not conform to %s %s\n", id, version)
	return false, nil
}
