/// Read the only file in a zip archive.
#pragma once

#include <arrow/io/interfaces.h>

#include <memory>
#include <optional>
#include <string>

#include "schemaregistry/report.h"

namespace schemaregistry {

/// Open the archive's only file; null where there is a `fault`: CORRUPT, ENCRYPTED, NOT_ONE_MEMBER.
std::shared_ptr<arrow::io::InputStream> open_zip(const std::string& path, std::optional<Fault>& fault);

/// The name of the archive's only file; empty where it has several, or can't be read.
std::optional<std::string> member_of(const std::string& path);

}  // namespace schemaregistry
