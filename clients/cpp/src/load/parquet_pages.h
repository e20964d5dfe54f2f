/// What the pages of a Parquet file say of themselves, before Arrow reads one. Reads headers only.
///
/// Arrow asks for as many bytes as a page's header states before it sees that they aren't there: a file of some kilobytes
/// with one wrong byte takes gigabytes. So every header is held to what the footer says of its column.
#pragma once

#include <arrow/io/interfaces.h>
#include <parquet/metadata.h>

#include <optional>
#include <vector>

#include "reading.h"

namespace schemaregistry {

/// Why pages of some leaves would take more memory than they have any right to: CORRUPT where a header states more than
/// the footer does, DECOMPRESSION_BOMB where both state too much. Nothing where they don't.
std::optional<Fault> find_page_bomb(const Reading& reading, arrow::io::RandomAccessFile& file,
                                    const parquet::FileMetaData& metadata, const std::vector<int>& leaves);

}  // namespace schemaregistry
