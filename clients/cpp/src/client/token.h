/// The token that each call shows beside the client's certificate: from a file, or from the caller's function.
#pragma once

#include <grpcpp/grpcpp.h>

#include <optional>
#include <string>

#include "schemaregistry/credentials.h"

namespace schemaregistry {

/// The token in a file; white space around it doesn't count. Fails with UNAUTHENTICATED (reason TOKEN_FILE).
Result<std::string> read_token(const std::string& path);

/// Put the token of `credentials`, if there is one, into a call's headers; gRPC sends it over TLS alone. Returns the
/// error of a token that there should be: as `read_token`, TOKEN_PROVIDER, or the function's own.
std::optional<Error> show_token(const Credentials& credentials, grpc::ClientContext& context);

}  // namespace schemaregistry
