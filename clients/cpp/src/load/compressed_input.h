/// Decompress a file that has gzip, bz2, xz or zstd streams, one after another.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <memory>
#include <string>

namespace schemaregistry {

/// The decompressed bytes of all streams of a file; `compression` is gzip, bz2, xz or zstd. What follows a stream and
/// isn't another is an error, except for zeros at the end of gzip, and in fours after xz.
arrow::Result<std::shared_ptr<arrow::io::InputStream>> open_compressed(
    const std::string& compression, std::shared_ptr<arrow::io::RandomAccessFile> file);

}  // namespace schemaregistry
