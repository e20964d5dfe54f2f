/// Find a second file behind the first, as `cat a.parquet b.parquet` writes it: readers go by the last footer, whose
/// offsets count from the start of its own file, so that they find the first file's data there, and rows vanish.
#pragma once

#include <parquet/metadata.h>

#include <optional>

#include "reading.h"

namespace schemaregistry {

/// The fault of two Parquet files one after another; `metadata` is the last footer's.
std::optional<Fault> find_second_parquet(const Reading& reading, const parquet::FileMetaData& metadata);

/// The fault of two Arrow IPC files, not streams, one after another.
std::optional<Fault> find_second_ipc(const Reading& reading);

}  // namespace schemaregistry
