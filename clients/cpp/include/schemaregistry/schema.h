/// `Schema`: one version of a schema, as a plain value.
#pragma once

#include <cstdint>
#include <string>

namespace schemaregistry {

/// One version of one schema.
struct Schema {
  std::string id;
  std::string version;
  /// The store's revision of the write.
  std::int64_t revision = 0;
  /// `sha256:` and 64 hex digits, over the document's canonical form.
  std::string fingerprint;
  /// The document, byte for byte as it was first registered.
  std::string document;
};

}  // namespace schemaregistry
