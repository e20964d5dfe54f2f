/// `Credentials`: the paths of a client's three PEM files, which `Client::open` reads, and maybe a token.
#pragma once

#include <functional>
#include <string>

#include "schemaregistry/result.h"

namespace schemaregistry {

/// A function that returns the token for the next call, or an error, which is then the call's. Any thread calls it.
using TokenProvider = std::function<Result<std::string>()>;

/// The paths of the registry's CA, of this client's certificate chain and of its unencrypted private key, all PEM.
///
/// A token may be shown beside the certificate, and its rights count then: the one in `token_file`, or the one that the
/// function `token` returns. Either is asked before each call and each connection of a watch, so a
/// token that was renewed is used by the next one.
struct Credentials {
  std::string ca;
  std::string cert;
  std::string key;
  std::string token_file{};
  TokenProvider token{};

  /// The files that `schemaregistry serve --dev` made in its data directory; `identity` is `reader` or `ci-bot`.
  static Credentials dev(const std::string& data_dir = ".data", const std::string& identity = "reader");

  /// The files named by SCHEMAREGISTRY_CA, _CERT and _KEY; where none is set, dev mode's files in SCHEMAREGISTRY_DATA
  /// or `./.data`. Fails with INVALID_ARGUMENT (reason CREDENTIALS_INCOMPLETE) where only some of the three are set.
  /// SCHEMAREGISTRY_TOKEN_FILE names the token's file, if it is set.
  static Result<Credentials> from_environment();
};

}  // namespace schemaregistry
