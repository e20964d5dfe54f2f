/// What a client shows the registry and trusts it by: three PEM files, by their paths.
///
/// Holds where they are; reading them is `Client::open`'s.
#pragma once

#include <string>

#include "schemaregistry/result.h"

namespace schemaregistry {

/// Paths of the registry's CA, of this client's certificate chain and of its unencrypted private key, all PEM.
struct Credentials {
  std::string ca;
  std::string cert;
  std::string key;

  /// The certificates that `schemaregistry serve --dev` made in its data directory; `identity` is `reader` or `ci-bot`.
  static Credentials dev(const std::string& data_dir = ".data", const std::string& identity = "reader");

  /// The files named by SCHEMAREGISTRY_CA, _CERT and _KEY; without them the dev ones under SCHEMAREGISTRY_DATA or
  /// `./.data`. INVALID_ARGUMENT (reason CREDENTIALS_INCOMPLETE) where only some of the three are set.
  static Result<Credentials> from_environment();
};

}  // namespace schemaregistry
