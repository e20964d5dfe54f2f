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
  /// `active`, `deprecated` or `retracted`, as the registry last told.
  std::string state = "active";
  /// Why it is deprecated or retracted.
  std::string state_reason{};
  /// When a deprecated version may be withdrawn, as an HTTP date; empty where no date is set.
  std::string sunset{};

  /// A sentence for those who use a deprecated or retracted version; empty for an active one.
  std::string notice() const;
};

}  // namespace schemaregistry
