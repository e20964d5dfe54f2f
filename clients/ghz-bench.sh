#!/bin/sh
# How fast a registry answers GetSchema, by ghz: CALLS calls (5,000) from 16 at a time. Uses the registry and the reader's
# files of SCHEMAREGISTRY_TARGET, _CA, _CERT and _KEY, or those of `schemaregistry serve --dev`.
set -eu
tls=${SCHEMAREGISTRY_DATA:-.data}/tls
exec build/bin/ghz --cacert "${SCHEMAREGISTRY_CA:-$tls/ca.pem}" --cert "${SCHEMAREGISTRY_CERT:-$tls/reader.pem}" \
	--key "${SCHEMAREGISTRY_KEY:-$tls/reader-key.pem}" --protoset build/gateways/registry.binpb \
	--call schemaregistry.v1.SchemaRegistry/GetSchema --data '{"id": "ticks_v1"}' \
	--total "${CALLS:-5000}" --concurrency 16 --connections 2 "${SCHEMAREGISTRY_TARGET:-localhost:50051}"
