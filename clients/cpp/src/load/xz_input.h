/// Decompress an xz file, which may have several streams one after another.
#pragma once

#include <arrow/io/interfaces.h>

#include <memory>

namespace schemaregistry {

std::shared_ptr<arrow::io::InputStream> open_xz(std::shared_ptr<arrow::io::InputStream> file);

}  // namespace schemaregistry
