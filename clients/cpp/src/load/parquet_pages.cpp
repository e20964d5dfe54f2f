#include "parquet_pages.h"

#include <arrow/buffer.h>
#include <parquet/exception.h>

#include <algorithm>
#include <string>
#include <utility>

#include "text.h"
#include "thrift_compact.h"

namespace schemaregistry {
namespace {

// Bytes that are read for a header at first, enough for nearly all, and the largest header, which is Arrow's limit too.
constexpr std::int64_t kUsual = 256;
constexpr std::int64_t kLargest = 16 << 20;
// Bytes by which a column may exceed its size in the footer: some writers don't count the dictionary's page header.
constexpr std::int64_t kLeftOut = 100;
// Bytes up to which a page may be larger than the footer says, since some writers state it wrongly.
constexpr std::int64_t kSmall = 1 << 20;
constexpr std::int64_t kBombBytes = 256 << 20;
constexpr std::int64_t kBombValues = 1 << 27;
constexpr std::int64_t kBombRatio = 500;
// The field numbers in a page header (parquet.thrift) of each kind of page.
constexpr int kData = 5;
constexpr int kDictionary = 7;
constexpr int kData2 = 8;

/// One page's header: sizes in bytes; `kind` is the field number of the kind of page, 0 for an unknown kind.
struct PageHeader {
  std::int64_t offset = 0;
  std::int64_t header = 0;
  std::int64_t size = 0;
  std::int64_t packed = 0;
  std::int64_t values = 0;
  std::int64_t kind = 0;
};

/// The footer's values of a column chunk.
struct ColumnChunk {
  std::string path;
  std::int64_t offset = 0;
  std::int64_t packed = 0;
  std::int64_t size = 0;
  std::int64_t values = 0;
};

/// Whether `value` exceeds kBombRatio times `packed`, without overflow: the footer may state any numbers.
bool exceeds(std::int64_t value, std::int64_t packed) { return value > 0 && packed <= (value - 1) / kBombRatio; }

/// The number of values of a page, which is the first field of every kind of page header.
std::int64_t read_values(CompactProtocol& header) {
  std::int64_t values = 0;
  CompactProtocol::Field member;
  while (header.next(member)) {
    if (member.number == 1) {
      values = header.integer();
    } else {
      header.skip(member.type, 1);
    }
  }
  return values;
}

PageHeader read_header(CompactProtocol& header, std::int64_t at) {
  PageHeader page;
  page.offset = at;
  CompactProtocol::Field field;
  while (header.next(field)) {
    if (field.number == 2) {
      page.size = header.integer();
    } else if (field.number == 3) {
      page.packed = header.integer();
    } else if (field.number == kData || field.number == kDictionary || field.number == kData2) {
      page.kind = field.number;
      page.values = read_values(header);
    } else {
      header.skip(field.type);
    }
  }
  page.header = static_cast<std::int64_t>(header.position());
  return page;
}

class Pages {
 public:
  Pages(const Reading& reading, arrow::io::RandomAccessFile& file)
      : reading_(reading), file_(file), file_size_(reading.source.size) {}

  /// Compare the pages of a column chunk with the footer; `largest` gets the largest page.
  std::optional<Fault> walk(const ColumnChunk& chunk, PageHeader& largest) {
    if (chunk.offset < 0 || chunk.packed < 0 || chunk.offset > file_size_ || chunk.packed > file_size_ - chunk.offset) {
      return corrupt("\"" + chunk.path + "\" is at byte " + grouped(chunk.offset) + " with " + grouped(chunk.packed) +
                         " bytes, says the footer, and the file has " + grouped(file_size_),
                     file_size_);
    }
    const std::int64_t end = chunk.offset + chunk.packed;
    std::int64_t at = chunk.offset;
    for (std::int64_t values = 0; values < chunk.values && at < end;) {
      PageHeader page;
      if (auto fault = read(chunk, at, page)) return fault;
      if (auto fault = refuse(chunk, page)) return fault;
      if (page.size > largest.size) largest = page;
      at += page.header + page.packed;
      if (page.kind == kData || page.kind == kData2) values += page.values;
    }
    return std::nullopt;
  }

  Fault bomb(const ColumnChunk& chunk, const std::string& packed, const std::string& would_be,
             std::int64_t offset) const {
    return reading_.fault(
        "DECOMPRESSION_BOMB",
        packed + " of \"" + chunk.path + "\" would become " + would_be + ": write smaller row groups and pages",
        offset);
  }

 private:
  Fault corrupt(const std::string& message, std::int64_t at) const { return reading_.fault("CORRUPT", message, at); }

  std::optional<Fault> read(const ColumnChunk& chunk, std::int64_t at, PageHeader& page) {
    for (std::int64_t length = kUsual;; length *= 16) {
      const auto bytes = file_.ReadAt(at, length);
      if (!bytes.ok()) return reading_.fault(bytes.status(), at);
      CompactProtocol header{std::string_view(**bytes)};
      page = read_header(header, at);
      if (header.state() == CompactProtocol::State::sound) return std::nullopt;
      if (header.state() == CompactProtocol::State::wrong)
        return corrupt("there is no page of \"" + chunk.path + "\" where one should be", at);
      if ((*bytes)->size() < length || length >= kLargest)
        return corrupt("a page's header of \"" + chunk.path + "\" ends nowhere", at);
    }
  }

  std::optional<Fault> refuse(const ColumnChunk& chunk, const PageHeader& page) const {
    const std::int64_t room = chunk.offset + chunk.packed + kLeftOut - page.offset - page.header;
    std::string wrong;
    if (page.packed < 0 || page.packed > room) {
      wrong = "has " + grouped(page.packed) + " bytes where its column has " +
              grouped(std::max<std::int64_t>(room, 0)) + " left";
    } else if (page.size < 0 || (page.size > kSmall && page.size - kLeftOut > chunk.size)) {
      wrong = "becomes " + grouped(page.size) + " bytes, and its whole column " + grouped(chunk.size);
    } else if (page.kind == kDictionary && page.values > page.size) {
      wrong = "is a dictionary of " + grouped(page.values) + " values in " + grouped(page.size) + " bytes";
    } else if (page.values < 0) {
      wrong = "has " + grouped(page.values) + " values";
    }
    if (!wrong.empty())
      return corrupt("a page of \"" + chunk.path + "\" " + wrong + ", it says: the file is damaged", page.offset);
    if (page.values > kBombValues && exceeds(page.values, page.packed))
      return bomb(chunk, grouped(page.packed) + " bytes", grouped(page.values) + " values", page.offset);
    return std::nullopt;
  }

  const Reading& reading_;
  arrow::io::RandomAccessFile& file_;
  const std::int64_t file_size_;
};

}  // namespace

std::optional<Fault> find_page_bomb(const Reading& reading, arrow::io::RandomAccessFile& file,
                                    const parquet::FileMetaData& metadata, const std::vector<int>& leaves) {
  Pages pages(reading, file);
  for (int number = 0; number < metadata.num_row_groups(); ++number) {
    const auto group = metadata.RowGroup(number);
    std::int64_t held = 0;
    std::int64_t packed = 0;
    for (const int leaf : leaves) {
      const auto said = group->ColumnChunk(leaf);
      const std::int64_t dictionary = said->has_dictionary_page() ? said->dictionary_page_offset() : 0;
      const std::int64_t data = said->data_page_offset();
      const ColumnChunk chunk{said->path_in_schema()->ToDotString(), dictionary > 0 ? std::min(dictionary, data) : data,
                              said->total_compressed_size(), said->total_uncompressed_size(), said->num_values()};
      if (chunk.values > std::max(group->num_rows(), kBombValues) && exceeds(chunk.values, chunk.packed)) {
        return pages.bomb(chunk, grouped(chunk.packed) + " bytes", grouped(chunk.values) + " values", chunk.offset);
      }
      PageHeader largest;
      if (auto fault = pages.walk(chunk, largest)) return fault;
      held += largest.size;
      packed += largest.packed;
      if (held > kBombBytes && exceeds(held, packed)) {
        return pages.bomb(chunk, "pages of " + grouped(packed) + " bytes up to that", grouped(held) + " at a time",
                          chunk.offset);
      }
    }
  }
  return std::nullopt;
}

}  // namespace schemaregistry
