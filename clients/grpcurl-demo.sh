#!/bin/sh
# What a person asks a registry by grpcurl: list, describe, get, compare, watch. Uses the registry and the reader's
# files of SCHEMAREGISTRY_TARGET, _CA, _CERT and _KEY, or those of `schemaregistry serve --dev`.
set -eu
tls=${SCHEMAREGISTRY_DATA:-.data}/tls
registry=${SCHEMAREGISTRY_TARGET:-localhost:50051}

grpcurl() {
	build/bin/grpcurl -cacert "${SCHEMAREGISTRY_CA:-$tls/ca.pem}" -cert "${SCHEMAREGISTRY_CERT:-$tls/reader.pem}" \
		-key "${SCHEMAREGISTRY_KEY:-$tls/reader-key.pem}" "$@"
}

show() {
	printf '$ %s\n' "$1"
	eval "$1"
	echo
}

service=schemaregistry.v1.SchemaRegistry
request=schemaregistry.v1.WatchSchemasRequest
echo "# grpcurl stands for: grpcurl -cacert ca.pem -cert reader.pem -key reader-key.pem"
echo
show 'grpcurl $registry list'
show 'grpcurl $registry list $service'
show 'grpcurl $registry describe $request'
show "grpcurl -d '{\"id\": \"ticks_v1\", \"version\": \"1.0.0\"}' \$registry \$service/GetSchema \\
    | grep -o 'ewo[^\"]*' | base64 -d | head -4"
show "grpcurl -d '{\"id\": \"ticks_v1\", \"from_version\": \"1.0.0\", \"to_version\": \"1.1.0\"}' \$registry \$service/CompareVersions \\
    | head -6"
show "grpcurl -max-time 2 -d '{\"ids\": [\"ticks_v1\"]}' \$registry \$service/WatchSchemas 2>/dev/null | head -15"
