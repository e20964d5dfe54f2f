/// Turn a failed call into an `Error`.
#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <string>

#include "schemaregistry/result.h"

namespace schemaregistry {

/// The error of a failed call to `target`: the registry's own (reason, pointer, metadata), or why it couldn't be
/// reached (reasons CONNECTION_REFUSED, NAME_UNKNOWN, TLS_HANDSHAKE, UNAVAILABLE, …).
Error describe(const grpc::Status& status, const std::string& target, std::chrono::milliseconds timeout);

}  // namespace schemaregistry
