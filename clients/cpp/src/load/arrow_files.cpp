// Read Parquet and Arrow IPC files.
#include <arrow/array/util.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/util/config.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "concatenated_files.h"
#include "conform.h"
#include "int96_columns.h"
#include "parquet_footer.h"
#include "parquet_pages.h"
#include "reading.h"
#include "text.h"
#include "text_input.h"

namespace schemaregistry {
namespace {

constexpr std::int64_t kBatchRows = 1 << 16;
constexpr std::int64_t kBatchBytes = 64 << 20;
// Bytes of a column chunk that are read at a time, so that large row groups aren't in memory as a whole.
constexpr std::int64_t kBuffer = 1 << 20;
constexpr std::int64_t kBombBytes = 256 << 20;
constexpr std::int64_t kBombRatio = 500;
// The digits of the widest decimals, of 256 bits.
constexpr std::int64_t kMostDigits = 76;

std::string repeated(const std::string& name) {
  return "more than one column is named " + name + ": which of them is meant can't be told";
}

/// Tell a file of another format from one that was cut off, which Arrow's errors don't.
std::optional<Fault> check_magic(const Reading& reading) {
  std::ifstream file(reading.source.path, std::ios::binary);
  const std::int64_t size = reading.source.size;
  char head[4] = {};
  char tail[4] = {};
  file.read(head, std::min<std::int64_t>(4, size));
  file.clear();
  file.seekg(std::max<std::int64_t>(0, size - 4));
  file.read(tail, 4);
  const std::string_view encrypted = "PARE";
  if (size >= 12 && std::string_view(tail, 4) == encrypted &&
      (std::string_view(head, 4) == encrypted || std::string_view(head, 4) == "PAR1")) {
    return reading.fault("ENCRYPTED", "the whole file is encrypted: decrypt it first", size - 4);
  }
  const auto known = static_cast<std::size_t>(std::clamp<std::int64_t>(size, 1, 4));
  if (std::string_view(head, known) != std::string_view("PAR1").substr(0, known)) {
    return reading.fault("WRONG_FORMAT", "not a Parquet file: it doesn't start with PAR1", 0);
  }
  if (size >= 12 && std::string_view(tail, 4) == "PAR1") return std::nullopt;
  return reading.fault("TRUNCATED",
                       "the file is cut off: it has " + grouped(size) + " bytes and doesn't end with the footer's PAR1",
                       size);
}

/// The bytes of the footer; the file ends with the footer's length and PAR1.
std::string footer_of(const Reading& reading) {
  constexpr std::int64_t kTail = 8;
  std::ifstream file(reading.source.path, std::ios::binary);
  file.seekg(reading.source.size - kTail);
  unsigned char bytes[4] = {};
  file.read(reinterpret_cast<char*>(bytes), sizeof bytes);
  std::int64_t length = 0;
  for (int i = 3; i >= 0; --i) length = length << 8 | bytes[i];
  length = std::min(length, reading.source.size - kTail);
  std::string footer(static_cast<std::size_t>(length), '\0');
  file.seekg(reading.source.size - kTail - length);
  file.read(footer.data(), length);
  return footer;
}

/// Refuse names of columns, members and time zones that aren't UTF-8, and decimals with an impossible scale, with which
/// Arrow's casts read beyond the end of a table.
std::optional<Fault> refuse_damaged(const Reading& reading, const arrow::FieldVector& fields) {
  for (const auto& field : fields) {
    const arrow::DataType& type = value_type(*field->type());
    if (!is_utf8(field->name()) || !is_utf8(type.ToString()))
      return reading.fault("CORRUPT", "a name in the file's schema isn't UTF-8: " + field->name());
    if (arrow::is_decimal(type.id())) {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      if (std::abs(std::int64_t{decimal.scale()}) <= kMostDigits) continue;
      return reading.fault("CORRUPT", "\"" + field->name() + "\" is " + type.ToString() +
                                          ": a decimal has a scale of " + std::to_string(kMostDigits) + " at most");
    }
    if (auto fault = refuse_damaged(reading, type.fields())) return fault;
  }
  return std::nullopt;
}

bool holds_decimals(const arrow::DataType& type) {
  return arrow::is_decimal(type.id()) || std::any_of(type.fields().begin(), type.fields().end(),
                                                     [](const auto& field) { return holds_decimals(*field->type()); });
}

class ParquetFile {
 public:
  explicit ParquetFile(Reading& reading) : reading_(reading) {}

  std::optional<Fault> run() {
    if (auto fault = check_magic(reading_)) return fault;
    auto status = open();
    if (!status.ok()) return reading_.fault(status, reading_.source.size);
    if (const auto wrong = wrong_in_footer(footer_of(reading_)))
      return reading_.fault("CORRUPT", *wrong, reading_.source.size);
    if (auto fault = find_second_parquet(reading_, *metadata_)) return fault;
    const std::string name = repeated_name(schema_->fields());
    if (!name.empty()) return reading_.fault("DUPLICATE_COLUMN", repeated(name));
    if (auto fault = refuse_damaged(reading_, schema_->fields())) return fault;
    if (auto fault = find_lacking()) return fault;
    const auto bound = reading_.bind(*schema_);
    if (!bound.ok()) return reading_.fault(bound.status());
    auto columns = needed_columns(reading_.plan, **bound);
    const auto added = [&](int column) { return column >= schema_->num_fields(); };
    columns.erase(std::remove_if(columns.begin(), columns.end(), added), columns.end());
    const auto leaves = leaves_of(columns);
    if (auto fault = find_encrypted(leaves)) return fault;
    if (auto bomb = find_bomb()) return bomb;
    if (auto bomb = find_page_bomb(reading_, *file_, *metadata_, leaves)) return bomb;
    if (columns.empty()) return take_without_columns();
    status = read(columns);
    const std::int64_t done = reading_.judge.rows();
    if (!status.ok()) return reading_.fault(status, offset_of(done));
    if (done == metadata_->num_rows()) return std::nullopt;
    return reading_.fault(
        "CORRUPT", "the footer says " + grouped(metadata_->num_rows()) + " rows, the pages have " + grouped(done),
        offset_of(done));
  }

 private:
  arrow::Status open() {
    ARROW_ASSIGN_OR_RAISE(file_, arrow::io::ReadableFile::Open(reading_.source.path));
    ARROW_ASSIGN_OR_RAISE(auto reader, open_with(parquet::default_arrow_reader_properties()));
    metadata_ = reader->parquet_reader()->metadata();
    ARROW_RETURN_NOT_OK(reader->GetSchema(&schema_));
    ARROW_RETURN_NOT_OK(parquet::arrow::SchemaManifest::Make(metadata_->schema(), metadata_->key_value_metadata(),
                                                             parquet::default_arrow_reader_properties(), &manifest_));
    schema_ = with_int96(schema_, manifest_, *metadata_->schema());
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> open_with(
      const parquet::ArrowReaderProperties& properties) {
    auto reader = parquet::default_reader_properties();
    reader.set_page_checksum_verification(true);
    reader.enable_buffered_stream();
    reader.set_buffer_size(kBuffer);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(file_, reader, metadata_));
    builder.properties(properties);
    std::unique_ptr<parquet::arrow::FileReader> made;
    ARROW_RETURN_NOT_OK(builder.Build(&made));
    return made;
  }

  /// Evaluate a file of which no column is needed: its rows are counted.
  std::optional<Fault> take_without_columns() {
    const auto status =
        reading_.take(std::vector<std::shared_ptr<arrow::Array>>(static_cast<std::size_t>(schema_->num_fields())),
                      metadata_->num_rows());
    return status.ok() ? std::nullopt : std::optional(reading_.fault(status));
  }

  arrow::Status read(const std::vector<int>& columns) {
    const std::vector<int> wide = of_int96(columns, true);
    const std::vector<int> others = of_int96(columns, false);
    ARROW_ASSIGN_OR_RAISE(auto stamps, Int96Columns::read([&](auto unit) { return open_for(unit, {}); }, wide,
                                                          *metadata_->schema(), manifest_));
    const auto leaves = leaves_of(others);
    ARROW_ASSIGN_OR_RAISE(auto reader, open_for(arrow::TimeUnit::NANO, dictionaries(leaves)));
    std::vector<int> groups(static_cast<std::size_t>(metadata_->num_row_groups()));
    for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = static_cast<int>(i);
    ARROW_ASSIGN_OR_RAISE(auto batches, reader->GetRecordBatchReader(groups, leaves));
    std::vector<std::shared_ptr<arrow::Array>> arrays(static_cast<std::size_t>(schema_->num_fields()));
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(batches->ReadNext(&batch));
      if (!batch) return arrow::Status::OK();
      ARROW_RETURN_NOT_OK(batch->Validate());
      for (std::int64_t at = 0, rows = 0; at < batch->num_rows(); at += rows) {
        rows = batch->num_rows() - at;
        if (!wide.empty()) {
          ARROW_ASSIGN_OR_RAISE(const std::int64_t remaining, stamps.remaining());
          if (remaining == 0) return arrow::Status::Invalid("a column of int96 has fewer rows than others");
          rows = std::min(rows, remaining);
          place_in(arrays, wide, stamps.take(rows));
        }
        place_in(arrays, others, batch->Slice(at, rows)->columns());
        // A decimal in the file may have more digits than its type.
        for (const int column : others) {
          const auto& array = arrays[static_cast<std::size_t>(column)];
          if (holds_decimals(*array->type())) ARROW_RETURN_NOT_OK(array->ValidateFull());
        }
        ARROW_RETURN_NOT_OK(reading_.take(arrays, rows));
      }
    }
  }

  /// The columns that have int96 in them (`has`), or those that don't.
  std::vector<int> of_int96(const std::vector<int>& columns, bool has) const {
    const auto wide = columns_of_int96(manifest_, *metadata_->schema());
    std::vector<int> found;
    std::copy_if(columns.begin(), columns.end(), std::back_inserter(found),
                 [&](int column) { return (std::find(wide.begin(), wide.end(), column) != wide.end()) == has; });
    std::sort(found.begin(), found.end());
    return found;
  }

  static void place_in(std::vector<std::shared_ptr<arrow::Array>>& arrays, const std::vector<int>& columns,
                       const std::vector<std::shared_ptr<arrow::Array>>& found) {
    for (std::size_t i = 0; i < columns.size(); ++i) arrays[static_cast<std::size_t>(columns[i])] = found[i];
  }

  arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> open_for(arrow::TimeUnit::type int96_unit,
                                                                      const std::set<int>& dictionaries) {
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_pre_buffer(false);
    properties.set_batch_size(batch_rows());
    properties.set_coerce_int96_timestamp_unit(int96_unit);
    for (const int leaf : dictionaries) properties.set_read_dictionary(leaf, true);
    return open_with(properties);
  }

  std::vector<int> leaves_of(const std::vector<int>& columns) const {
    std::vector<int> leaves;
    for (const int column : columns) collect(manifest_.schema_fields[static_cast<std::size_t>(column)], leaves);
    std::sort(leaves.begin(), leaves.end());
    return leaves;
  }

  static void collect(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
    if (field.is_leaf()) leaves.push_back(field.column_index);
    for (const auto& child : field.children) collect(child, leaves);
  }

  /// Encodings that some writers change to after a dictionary, and that Arrow can't read into one.
  static bool is_delta(parquet::Encoding::type encoding) {
    return encoding == parquet::Encoding::DELTA_BYTE_ARRAY || encoding == parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY;
  }

  /// The string columns to read as dictionaries, so that each distinct value is checked once: those stored as
  /// dictionaries throughout. A plain string takes four bytes and its own, so a column with less than four bytes per
  /// value has indices.
  std::set<int> dictionaries(const std::vector<int>& leaves) const {
    std::set<int> found;
    for (const int leaf : leaves) {
      const auto* column = metadata_->schema()->Column(leaf);
      const int field = column->path()->ToDotVector().size() == 1 ? schema_->GetFieldIndex(column->name()) : -1;
      if (field >= 0 && schema_->field(field)->type()->id() == arrow::Type::STRING) found.insert(leaf);
    }
    for (int group = 0; group < metadata_->num_row_groups(); ++group) {
      const auto row_group = metadata_->RowGroup(group);
      for (auto leaf = found.begin(); leaf != found.end();) {
        const auto chunk = row_group->ColumnChunk(*leaf);
        const bool plain = chunk->total_uncompressed_size() >= 4 * std::max<std::int64_t>(chunk->num_values(), 1);
        const auto& encodings = chunk->encodings();
        const bool delta = std::any_of(encodings.begin(), encodings.end(), is_delta);
        leaf = plain || delta || !chunk->has_dictionary_page() ? found.erase(leaf) : std::next(leaf);
      }
    }
    return found;
  }

  /// The rows of a batch: fewer where rows are wide.
  std::int64_t batch_rows() const {
    std::int64_t total = 0;
    for (int group = 0; group < metadata_->num_row_groups(); ++group)
      total += metadata_->RowGroup(group)->total_byte_size();
    const double rows = static_cast<double>(kBatchBytes) * static_cast<double>(metadata_->num_rows()) /
                        static_cast<double>(std::max<std::int64_t>(total, 1));
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(rows), 1, kBatchRows);
  }

  /// Find a row group without a chunk for each column, or a number of rows that differs from the footer's.
  std::optional<Fault> find_lacking() const {
    std::int64_t rows = 0;
    for (int group = 0; group < metadata_->num_row_groups(); ++group) {
      const auto row_group = metadata_->RowGroup(group);
      if (row_group->num_columns() != metadata_->num_columns()) {
        return reading_.fault("CORRUPT", "row group " + grouped(group) + " has " + grouped(row_group->num_columns()) +
                                             " column chunks, the schema " + grouped(metadata_->num_columns()));
      }
      rows += std::max<std::int64_t>(row_group->num_rows(), 0);
    }
    if (rows == metadata_->num_rows()) return std::nullopt;
    return reading_.fault(
        "CORRUPT", "the footer says " + grouped(metadata_->num_rows()) + " rows, its row groups " + grouped(rows));
  }

  std::optional<Fault> find_encrypted(const std::vector<int>& leaves) const {
    for (int group = 0; group < metadata_->num_row_groups(); ++group) {
      const auto row_group = metadata_->RowGroup(group);
      for (const int leaf : leaves) {
        const auto chunk = readable(*row_group, leaf);
        if (chunk && !chunk->crypto_metadata()) continue;
        return reading_.fault("ENCRYPTED", "the column \"" + metadata_->schema()->Column(leaf)->path()->ToDotString() +
                                               "\" is encrypted: decrypt the file first");
      }
    }
    return std::nullopt;
  }

  /// A chunk's metadata; null where it is encrypted, for which Parquet throws.
  static std::unique_ptr<parquet::ColumnChunkMetaData> readable(const parquet::RowGroupMetaData& group, int column) {
    try {
      return group.ColumnChunk(column);
    } catch (const parquet::ParquetException&) {
      return nullptr;
    }
  }

  std::optional<Fault> find_bomb() const {
    for (int group = 0; group < metadata_->num_row_groups(); ++group) {
      const auto row_group = metadata_->RowGroup(group);
      for (int column = 0; column < metadata_->num_columns(); ++column) {
        const auto chunk = readable(*row_group, column);
        if (!chunk) continue;
        const std::int64_t size = chunk->total_uncompressed_size();
        const std::int64_t packed = std::max<std::int64_t>(chunk->total_compressed_size(), 1);
        if (size <= kBombBytes || size / packed <= kBombRatio) continue;
        return reading_.fault("DECOMPRESSION_BOMB",
                              grouped(packed) + " bytes of \"" + chunk->path_in_schema()->ToDotString() +
                                  "\" would become " + grouped(size) + ": write smaller row groups",
                              start_of(*chunk));
      }
    }
    return std::nullopt;
  }

  static std::int64_t start_of(const parquet::ColumnChunkMetaData& chunk) {
    return chunk.has_dictionary_page() ? std::min(chunk.dictionary_page_offset(), chunk.data_page_offset())
                                       : chunk.data_page_offset();
  }

  /// The byte offset of the row group with a row.
  std::optional<std::int64_t> offset_of(std::int64_t row) const {
    for (int group = 0; group < metadata_->num_row_groups(); ++group) {
      const auto row_group = metadata_->RowGroup(group);
      if (row < row_group->num_rows() && metadata_->num_columns() > 0) {
        std::optional<std::int64_t> start;
        for (int column = 0; column < metadata_->num_columns(); ++column) {
          const auto chunk = readable(*row_group, column);
          if (chunk) start = std::min(start.value_or(start_of(*chunk)), start_of(*chunk));
        }
        return start;
      }
      row -= row_group->num_rows();
    }
    return std::nullopt;
  }

  Reading& reading_;
  std::shared_ptr<arrow::io::ReadableFile> file_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  parquet::arrow::SchemaManifest manifest_;
  std::shared_ptr<arrow::Schema> schema_;
};

/// The type with integers in place of times and date64, whose values Arrow's validation bounds.
std::shared_ptr<arrow::DataType> with_integers(const std::shared_ptr<arrow::DataType>& type) {
  arrow::FieldVector fields = type->fields();
  for (auto& field : fields) field = field->WithType(with_integers(field->type()));
  switch (type->id()) {
    case arrow::Type::TIME32:
      return arrow::int32();
    case arrow::Type::TIME64:
    case arrow::Type::DATE64:
      return arrow::int64();
    default:
      const auto nested = with_fields(*type, fields);
      return nested ? nested : type;
  }
}

/// Validate a batch in full: Arrow trusts the bytes of its own format, which may be anything. A time beyond a day isn't
/// a damaged file but a value to judge, so times are validated as integers.
arrow::Status validate(const arrow::RecordBatch& batch) {
  const auto wrong = batch.ValidateFull();
  if (wrong.ok()) return wrong;
  bool differs = false;
  for (const auto& array : batch.columns()) {
    const auto type = with_integers(array->type());
    const bool has_times = !type->Equals(array->type());
    differs = differs || has_times;
    if (has_times) {
      ARROW_ASSIGN_OR_RAISE(const auto integers, array->View(type));
      ARROW_RETURN_NOT_OK(integers->ValidateFull());
    } else {
      ARROW_RETURN_NOT_OK(array->ValidateFull());
    }
  }
  return differs ? arrow::Status::OK() : wrong;
}

/// Evaluate a batch in parts: run-end encoding and nulls take no bytes for each row, so a small one may have billions.
arrow::Status take_batch(Reading& reading, const arrow::RecordBatch& batch) {
  for (std::int64_t at = 0; at < batch.num_rows(); at += kBatchRows) {
    const auto part = batch.Slice(at, kBatchRows);
    ARROW_RETURN_NOT_OK(reading.take(part->columns(), part->num_rows()));
  }
  return arrow::Status::OK();
}

std::optional<Fault> bind_schema(Reading& reading, const arrow::Schema& schema) {
  const std::string name = repeated_name(schema.fields());
  if (!name.empty()) return reading.fault("DUPLICATE_COLUMN", repeated(name));
  if (auto fault = refuse_damaged(reading, schema.fields())) return fault;
  const auto bound = reading.bind(schema);
  return bound.ok() ? std::nullopt : std::optional(reading.fault(bound.status()));
}

arrow::Status read_all_of(Reading& reading, arrow::RecordBatchReader& batches) {
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(batches.ReadNext(&batch));
    if (!batch) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(validate(*batch));
    ARROW_RETURN_NOT_OK(take_batch(reading, *batch));
  }
}

arrow::Status read_all_of(Reading& reading, arrow::ipc::RecordBatchFileReader& file) {
  for (int i = 0; i < file.num_record_batches(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, file.ReadRecordBatch(i));
    ARROW_RETURN_NOT_OK(validate(*batch));
    ARROW_RETURN_NOT_OK(take_batch(reading, *batch));
  }
  return arrow::Status::OK();
}

/// Whether a file starts as an Arrow file and doesn't end as one.
bool is_cut_file(const Reading& reading) {
  constexpr std::string_view kMagic = "ARROW1";
  std::ifstream file(reading.source.path, std::ios::binary);
  std::string head(kMagic.size(), '\0');
  std::string tail(kMagic.size(), '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  file.clear();
  file.seekg(-static_cast<std::streamoff>(tail.size()), std::ios::end);
  file.read(tail.data(), static_cast<std::streamsize>(tail.size()));
  return head == kMagic && tail != kMagic;
}

template <class Reader>
std::optional<Fault> read_opened(Reading& reading, arrow::Result<std::shared_ptr<Reader>> opened,
                                 arrow::io::ReadableFile& file) {
  if (!opened.ok() && is_cut_file(reading)) {
    return reading.fault("TRUNCATED",
                         "the file is cut off: it has " + grouped(reading.source.size) +
                             " bytes and doesn't end with the footer's ARROW1",
                         reading.source.size);
  }
  const auto corrupt = [&](const arrow::Status& status) { return reading.fault(status, file.Tell().ValueOr(0)); };
  if (!opened.ok()) return corrupt(opened.status());
  if (auto fault = bind_schema(reading, *(*opened)->schema())) return fault;
  const auto status = read_all_of(reading, **opened);
  return status.ok() ? std::nullopt : std::optional(corrupt(status));
}

/// A stream may end without an end mark, so one that is cut between two batches is found only by the number of rows in
/// its schema's metadata, if it has that.
std::optional<Fault> cut_or_followed(Reading& reading, const arrow::Schema& schema, arrow::io::ReadableFile& file) {
  const auto& metadata = schema.metadata();
  const auto said =
      metadata ? metadata->Get("schemaregistry.rows") : arrow::Result<std::string>(arrow::Status::KeyError(""));
  std::int64_t rows = 0;
  if (said.ok() && std::from_chars(said->data(), said->data() + said->size(), rows).ec == std::errc{} &&
      rows > reading.judge.rows()) {
    return reading.fault("TRUNCATED",
                         "the stream is cut off: it has " + grouped(reading.judge.rows()) +
                             " rows, and its schema says " + grouped(rows) +
                             " (schemaregistry.rows; who leaves rows out takes that from the schema's metadata)",
                         file.Tell().ValueOr(0));
  }
  const auto at = file.Tell();
  const auto size = file.GetSize();
  if (!at.ok() || !size.ok() || *at >= *size) return std::nullopt;
  return reading.fault("CORRUPT", "more follows the end of the stream: give each stream a file of its own", *at);
}

}  // namespace

arrow::Result<const Binding*> Reading::bind(const arrow::Schema& schema) {
  arrow::FieldVector fields = schema.fields();
  added.clear();
  UnreadTexts unread;
  for (const PartitionColumn& each : given) {
    if (schema.GetFieldIndex(each.name) >= 0) continue;
    ARROW_ASSIGN_OR_RAISE(auto value, array_of(plan, each));
    if (each.text && value->IsNull(0)) unread[each.name] = *each.text;
    fields.push_back(arrow::field(each.name, value->type()));
    added.push_back(std::move(value));
  }
  return &judge.bind(*arrow::schema(std::move(fields)), unread);
}

arrow::Status Reading::take(const std::vector<std::shared_ptr<arrow::Array>>& own, std::int64_t rows) {
  std::vector<std::shared_ptr<arrow::Array>> arrays = own;
  for (const auto& value : added) {
    ARROW_ASSIGN_OR_RAISE(const auto scalar, value->GetScalar(0));
    ARROW_ASSIGN_OR_RAISE(auto repeated, arrow::MakeArrayFromScalar(*scalar, rows));
    arrays.push_back(std::move(repeated));
  }
  judge.take(arrays, rows);
  if (!keeps()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto batch, conform(plan, judge.binding(), arrays, rows));
  keep(std::move(batch));
  return arrow::Status::OK();
}

std::optional<Fault> read_parquet(Reading& reading) {
  try {
    return ParquetFile(reading).run();
  } catch (const parquet::ParquetStatusException& thrown) {
    return reading.fault(thrown.status(), reading.source.size);
  } catch (const parquet::ParquetException& thrown) {
    return reading.fault("CORRUPT", thrown.what(), reading.source.size);
  }
}

std::optional<Fault> read_ipc(Reading& reading) {
  auto file = arrow::io::ReadableFile::Open(reading.source.path);
  if (!file.ok()) return reading.fault(file.status(), 0);
  constexpr std::size_t kHead = 64;
  char head[kHead] = {};
  std::ifstream start(reading.source.path, std::ios::binary);
  start.read(head, kHead);
  const std::string other = other_format({head, static_cast<std::size_t>(start.gcount())});
  if (!other.empty() && std::string_view(head, 6) != "ARROW1")
    return reading.fault("WRONG_FORMAT", "not arrow: it is " + other, 0);
  if (std::string_view(head, 6) == "ARROW1") {
    const auto opened = arrow::ipc::RecordBatchFileReader::Open(*file);
    if (opened.ok()) {
      if (auto fault = find_second_ipc(reading)) return fault;
    }
    return read_opened(reading, opened, **file);
  }
  const auto stream = arrow::ipc::RecordBatchStreamReader::Open(*file);
  if (auto fault = read_opened(reading, stream, **file)) return fault;
  return cut_or_followed(reading, *(*stream)->schema(), **file);
}

std::optional<Fault> read_batches(Reading& reading, arrow::RecordBatchReader& batches) {
  if (auto fault = bind_schema(reading, *batches.schema())) return fault;
  const auto status = read_all_of(reading, batches);
  return status.ok() ? std::nullopt : std::optional(reading.fault(status));
}

}  // namespace schemaregistry
