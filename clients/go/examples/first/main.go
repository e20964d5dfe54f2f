package main

import (
	"context"
	"fmt"
	"log"

	schemaregistry "schemaregistry/clients/go"
)

func main() {
	ctx := context.Background()
	registry, err := schemaregistry.Dial(schemaregistry.FromEnvironment())
	check(err)
	latest, err := registry.Get(ctx, "ticks_v1", schemaregistry.Latest)
	check(err)
	fmt.Println(latest.ID, latest.Version)
	records := []byte(`[{"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": 1.5, "size": "1"}]`)
	answer, err := registry.Validate(ctx, "ticks_v1", latest.Version, records)
	check(err)
	for _, wrong := range answer.GetErrors() {
		fmt.Printf("record %d: %s breaks %s\n", wrong.GetIndex(), wrong.GetPointer(), wrong.GetRule())
	}
	after := schemaregistry.Watching{AfterRevision: latest.Revision, IDs: []string{"ticks_v1"}}
	for event, err := range registry.Watch(ctx, after) {
		check(err)
		fmt.Println(event.Kind)
		break
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
