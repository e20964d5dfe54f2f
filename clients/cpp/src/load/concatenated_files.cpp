#include "concatenated_files.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <parquet/exception.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

namespace schemaregistry {
namespace {

constexpr std::string_view kParquet = "PAR1";
constexpr std::string_view kArrow = "ARROW1";
// Bytes searched at a time.
constexpr std::int64_t kPiece = 1 << 20;
// Bytes of a footer's length, which stands before the magic at a file's end.
constexpr std::int64_t kLength = 4;
// Bytes of a Block in File.fbs of Apache Arrow.
constexpr std::size_t kBlock = 24;
// Field numbers of Footer in File.fbs.
constexpr std::size_t kDictionaries = 2;
constexpr std::size_t kBatches = 3;

std::string read_at(std::ifstream& file, std::int64_t at, std::int64_t length) {
  std::string bytes(static_cast<std::size_t>(length), '\0');
  file.clear();
  file.seekg(at);
  file.read(bytes.data(), length);
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

/// An integer at a position, in little endian as both formats have it; 0 where the bytes end before.
template <class Integer>
Integer integer_at(std::string_view bytes, std::size_t at) {
  Integer value = 0;
  if (at <= bytes.size() && bytes.size() - at >= sizeof value) std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// The footer of a file that ends at `end` with `magic`; empty where there is none.
std::string footer_before(std::ifstream& file, std::string_view magic, std::int64_t end) {
  const std::int64_t tail = kLength + static_cast<std::int64_t>(magic.size());
  if (end < tail) return {};
  const std::int64_t length = integer_at<std::uint32_t>(read_at(file, end - tail, kLength), 0);
  if (length > end - tail - static_cast<std::int64_t>(magic.size())) return {};
  return read_at(file, end - tail - length, length);
}

/// Whether a footer can be read, so that a text of a page index isn't taken for a file's end.
using IsFooter = bool (*)(const std::string&);

bool is_parquet_footer(const std::string& footer) {
  try {
    const auto length = static_cast<std::int64_t>(footer.size());
    return parquet::FileMetaData::Make(footer.data(), length) != nullptr;
  } catch (const parquet::ParquetException&) {
    return false;
  }
}

bool is_ipc_footer(const std::string& footer) {
  const auto length = static_cast<std::uint32_t>(footer.size());
  std::string whole = std::string(kArrow) + std::string(2, '\0') + footer + std::string(kLength, '\0');
  std::memcpy(whole.data() + whole.size() - kLength, &length, kLength);
  return arrow::ipc::RecordBatchFileReader::Open(arrow::io::BufferReader::FromString(whole + std::string(kArrow))).ok();
}

/// Find where one file ends and another starts, within the first `room` bytes: those between the end of the data that
/// the last footer lists and this footer. What comes before the last file takes as many bytes at most, since all that
/// the footer lists is in the last file; other files have only a few there, such as page indexes.
std::optional<Fault> find_second(const Reading& reading, std::ifstream& file, std::string_view magic, std::int64_t room,
                                 IsFooter is_footer) {
  const std::string seam = std::string(magic) + std::string(magic);
  for (std::int64_t start = 0; start < room; start += kPiece) {
    const std::string piece =
        read_at(file, start, std::min(kPiece, room - start) + static_cast<std::int64_t>(seam.size()));
    for (auto found = piece.find(seam); found != std::string::npos; found = piece.find(seam, found + 1)) {
      const std::int64_t second = start + static_cast<std::int64_t>(found + magic.size());
      const std::string footer = footer_before(file, magic, second);
      if (!footer.empty() && is_footer(footer))
        return reading.fault("CORRUPT", "two files one after another: give each a file of its own", second);
    }
  }
  return std::nullopt;
}

/// The end of the column chunks.
std::int64_t end_of_chunks(const parquet::FileMetaData& metadata) {
  std::int64_t end = 0;
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    const auto row_group = metadata.RowGroup(group);
    for (int column = 0; column < row_group->num_columns(); ++column) {
      try {
        const auto chunk = row_group->ColumnChunk(column);
        const std::int64_t data = chunk->data_page_offset();
        const std::int64_t dictionary = chunk->has_dictionary_page() ? chunk->dictionary_page_offset() : 0;
        const std::int64_t start = dictionary > 0 ? std::min(dictionary, data) : data;
        std::int64_t own = 0;
        if (!__builtin_add_overflow(start, chunk->total_compressed_size(), &own)) end = std::max(end, own);
      } catch (const parquet::ParquetException&) {
        // An encrypted chunk doesn't say where it ends.
        continue;
      }
    }
  }
  return end;
}

/// The end of the blocks that a footer of Arrow lists in a field. Source: the binary format of FlatBuffers.
std::int64_t end_of_blocks(std::string_view footer, std::size_t field) {
  const std::size_t table = integer_at<std::uint32_t>(footer, 0);
  const std::int64_t fields = static_cast<std::int64_t>(table) - integer_at<std::int32_t>(footer, table);
  if (fields < 0) return 0;
  const auto start = static_cast<std::size_t>(fields);
  const std::size_t at = 4 + 2 * field;
  // A footer by an older writer may lack the last fields.
  const std::size_t step =
      at < integer_at<std::uint16_t>(footer, start) ? integer_at<std::uint16_t>(footer, start + at) : std::uint16_t{0};
  if (step == 0) return 0;
  const std::size_t vector = table + step + integer_at<std::uint32_t>(footer, table + step);
  const std::size_t count = integer_at<std::uint32_t>(footer, vector);
  if (count > footer.size() / kBlock) return 0;
  std::int64_t end = 0;
  for (std::size_t block = vector + 4; block < vector + 4 + count * kBlock; block += kBlock) {
    std::int64_t own = integer_at<std::int64_t>(footer, block);
    if (__builtin_add_overflow(own, integer_at<std::int32_t>(footer, block + 8), &own)) continue;
    if (__builtin_add_overflow(own, integer_at<std::int64_t>(footer, block + 16), &own)) continue;
    end = std::max(end, own);
  }
  return end;
}

}  // namespace

std::optional<Fault> find_second_parquet(const Reading& reading, const parquet::FileMetaData& metadata) {
  std::ifstream file(reading.source.path, std::ios::binary);
  const auto length = static_cast<std::int64_t>(footer_before(file, kParquet, reading.source.size).size());
  const std::int64_t start = reading.source.size - kLength - static_cast<std::int64_t>(kParquet.size()) - length;
  return find_second(reading, file, kParquet, start - end_of_chunks(metadata), is_parquet_footer);
}

std::optional<Fault> find_second_ipc(const Reading& reading) {
  std::ifstream file(reading.source.path, std::ios::binary);
  const std::string footer = footer_before(file, kArrow, reading.source.size);
  const std::int64_t start = reading.source.size - kLength - static_cast<std::int64_t>(kArrow.size() + footer.size());
  const std::int64_t end = std::max(end_of_blocks(footer, kDictionaries), end_of_blocks(footer, kBatches));
  return find_second(reading, file, kArrow, start - end, is_ipc_footer);
}

}  // namespace schemaregistry
