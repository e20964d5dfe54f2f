/// Check the page headers of a Parquet file before Arrow reads a page.
///
/// Arrow allocates as many bytes as a page's header states before it notices that they aren't there, so a file of some
/// kilobytes with one wrong byte takes gigabytes. Here every header is compared with the footer's sizes of its column.
#pragma once

#include <arrow/io/interfaces.h>
#include <parquet/metadata.h>

#include <optional>
#include <vector>

#include "reading.h"

namespace schemaregistry {

/// The fault of a page among `leaves` (columns by Parquet's index) that would take too much memory: CORRUPT where a
/// header states more than the footer, DECOMPRESSION_BOMB where both state too much. Empty where there is none.
std::optional<Fault> find_page_bomb(const Reading& reading, arrow::io::RandomAccessFile& file,
                                    const parquet::FileMetaData& metadata, const std::vector<int>& leaves);

}  // namespace schemaregistry
