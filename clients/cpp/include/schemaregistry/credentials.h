/// `Credentials`: the paths of a client's three PEM files, which `Client::open` reads.
#pragma once

#include <string>

#include "schemaregistry/result.h"

namespace schemaregistry {

/// The paths of the registry's CA, of this client's certificate chain and of its unencrypted private key, all PEM.
struct Credentials {
  std::string ca;
  std::string cert;
  std::string key;

  /// The files that `schemaregistry serve --dev` made in its data directory; `identity` is `reader` or `ci-bot`.
  static Credentials dev(const std::string& data_dir = ".data", const std::string& identity = "reader");

  /// The files named by SCHEMAREGISTRY_CA, _CERT and _KEY; where none is set, dev mode's files in SCHEMAREGISTRY_DATA
  /// or `./.data`. Fails with INVALID_ARGUMENT (reason CREDENTIALS_INCOMPLETE) where only some of the three are set.
  static Result<Credentials> from_environment();
};

}  // namespace schemaregistry
