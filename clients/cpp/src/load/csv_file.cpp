// Read CSV (RFC 4180): every field as text first, then as the contract's type. By default only an unquoted empty field
// is null.
#include <algorithm>
#include <map>
#include <utility>

#include "arrow_types.h"
#include "csv_dialect.h"
#include "csv_header.h"
#include "kept_rows.h"
#include "reading.h"
#include "text.h"
#include "text_input.h"
#include "typed_text.h"

namespace schemaregistry {
namespace {

struct CsvField {
  std::string text;
  bool quoted = false;
  bool null = false;
  bool is_null() const { return null; }
};

/// The delimiter between fields, and the fields that mean null.
struct Fields {
  char delimiter = ',';
  std::vector<std::string> null;

  explicit Fields(const CsvDialect& dialect)
      : delimiter(dialect.delimiter.empty() ? ',' : dialect.delimiter[0]), null(dialect.null) {}
  bool is_null(const CsvField& field) const {
    return !field.quoted && (field.text.empty() || std::find(null.begin(), null.end(), field.text) != null.end());
  }
};

constexpr const char* kLoneReturn =
    "a line ends with \\r alone: lines of CSV end with \\n or \\r\\n, write the file anew with these";
constexpr const char* kStrayQuote =
    "a quote stands beside other text: quotes are around a whole field, and doubled within it (RFC 4180)";

/// Split a record into fields; returns what is wrong with it where it isn't CSV.
const char* split(std::string_view record, const Fields& dialect, std::vector<CsvField>& fields) {
  fields.clear();
  std::size_t at = 0;
  while (true) {
    CsvField field;
    if (at < record.size() && record[at] == '"') {
      field.quoted = true;
      for (++at;; ++at) {
        if (at >= record.size()) return kStrayQuote;
        if (record[at] != '"') {
          field.text += record[at];
        } else if (at + 1 < record.size() && record[at + 1] == '"') {
          field.text += record[++at];
        } else {
          break;
        }
      }
      ++at;
      if (at < record.size() && record[at] != dialect.delimiter) return record[at] == '\r' ? kLoneReturn : kStrayQuote;
    } else {
      const std::size_t end = std::min(record.find(dialect.delimiter, at), record.size());
      field.text = record.substr(at, end - at);
      const auto wrong = field.text.find_first_of("\"\r");
      if (wrong != std::string::npos) return field.text[wrong] == '\r' ? kLoneReturn : kStrayQuote;
      at = end;
    }
    field.null = dialect.is_null(field);
    fields.push_back(std::move(field));
    if (at >= record.size()) return nullptr;
    ++at;
  }
}

std::string_view first_line(std::string_view text) {
  text = text.substr(0, std::min(text.find('\n'), text.size()));
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

/// A CSV record as a `Row`.
class CsvRow final : public Row {
 public:
  CsvRow(const Plan& plan, const Binding& binding, std::vector<std::string> names)
      : plan_(plan), binding_(binding), names_(std::move(names)), values_(plan.places.size()) {}

  void seek(const std::vector<CsvField>& fields) {
    fields_ = &fields;
    for (const std::uint32_t place : plan_.places[kRow].children) values_[place] = read(place);
  }

  const Value& column(std::uint32_t place) override { return values_[place]; }

  /// The value to load: for a JSON column the text itself.
  const Value& stored(std::uint32_t place) {
    const Bound& bound = binding_[place];
    if (!bound.is_known() || !is_json(*plan_.places[place].type)) return values_[place];
    const CsvField& field = (*fields_)[static_cast<std::size_t>(bound.field)];
    values_[place] = field.is_null() ? Value() : Value::string(field.text);
    return values_[place];
  }

  std::vector<std::pair<std::string, Value>> extras() override {
    std::vector<std::pair<std::string, Value>> found;
    for (const auto& [name, index] : binding_[kRow].extras) {
      // Writers that quote every field write "" in a column without a name.
      const bool is_empty = (*fields_)[static_cast<std::size_t>(index)].text.empty();
      if (is_empty && binding_[kRow].unnamed.contains(name)) continue;
      found.emplace_back(name, text_at(static_cast<std::size_t>(index)));
    }
    return found;
  }

  Value shown() override {
    Value object = Value::object();
    for (const int column : needed_columns(plan_, binding_)) {
      const auto at = static_cast<std::size_t>(column);
      object.members.emplace_back(names_[at], shown_column(names_[at]));
    }
    return object;
  }

  Value shown_column(const std::string& name) const override {
    const auto at = static_cast<std::size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin());
    if (at == names_.size()) return Value::null();
    for (const std::uint32_t place : plan_.places[kRow].children) {
      if (plan_.places[place].name == name)
        return plan_.places[place].type ? shown_as(place, values_[place]) : text_at(at);
    }
    return text_at(at);
  }

  Value shown_at(const Place& place, const std::vector<std::size_t>&) override {
    if (place.index == kRow) return shown();
    const Bound& bound = binding_[place.index];
    if (!bound.is_known()) return Value::null();
    const Value& value = values_[place.index];
    return value.is(Value::Kind::misfit) ? text_at(static_cast<std::size_t>(bound.field))
                                         : shown_as(place.index, value);
  }

 private:
  Value read(std::uint32_t index) const {
    const Place& place = plan_.places[index];
    const Bound& bound = binding_[index];
    if (!bound.is_known()) return {};
    const CsvField& field = (*fields_)[static_cast<std::size_t>(bound.field)];
    if (field.is_null()) return place.null_is_value ? Value::null() : Value();
    return place.type ? read_text(*place.type, field.text) : Value::string(field.text);
  }

  Value shown_as(std::uint32_t place, const Value& value) const {
    if (!value.is_there()) return Value::null();
    if (is_json(*plan_.places[place].type)) return as_shown(value);
    const bool decimal = value.is(Value::Kind::number) && family(*plan_.places[place].type) == Family::decimal;
    return decimal ? Value::string(value.number.text()) : value;
  }

  Value text_at(std::size_t at) const {
    const CsvField& field = (*fields_)[at];
    return field.is_null() ? Value::null() : Value::string(printable(field.text));
  }

  const Plan& plan_;
  const Binding& binding_;
  const std::vector<std::string> names_;
  const std::vector<CsvField>* fields_ = nullptr;
  std::vector<Value> values_;
};

class CsvFile {
 public:
  explicit CsvFile(Reading& reading)
      : reading_(reading),
        dialect_(over(reading.source.csv, reading.plan.csv)),
        fields_(dialect_),
        input_(reading.source, dialect_),
        kept_(reading) {}

  std::optional<Fault> run() {
    std::vector<CsvField> fields;
    while (const auto record = input_.next()) {
      if (record->text.empty() && (!row_ || own_ != 1)) continue;
      const char* wrong = split(record->text, fields_, fields);
      if (!row_) {
        const std::string_view line = wrong ? first_line(record->text) : record->text;
        if (const auto fault = fault_of_header(reading_.plan, line, fields_.delimiter, !wrong))
          return reading_.fault(fault->reason, fault->message, std::nullopt, record->line);
      }
      if (wrong) return not_csv(*record, wrong);
      if (auto fault = row_ ? take(fields, *record) : take_header(fields, *record)) return fault;
    }
    if (input_.fault()) return input_.fault();
    if (!row_) {
      const auto fault = no_header(reading_.plan, fields_.delimiter);
      return reading_.fault(fault.reason, fault.message, std::nullopt, 1);
    }
    return kept_.flush();
  }

 private:
  std::optional<Fault> not_csv(const Record& record, const std::string& message) const {
    return reading_.fault("NOT_CSV", message, record.offset, record.line);
  }

  /// Read the header: each column gets the contract's type, an unknown one is a string.
  std::optional<Fault> take_header(const std::vector<CsvField>& fields, const Record& record) {
    arrow::FieldVector columns;
    for (const CsvField& field : fields) {
      if (!is_utf8(field.text)) return reading_.fault("NOT_UTF8", "the header isn't UTF-8", record.offset, record.line);
      names_.push_back(field.text);
    }
    const auto unnamed = number_unnamed(reading_.plan, names_);
    for (const std::string& name : names_)
      columns.push_back(unnamed.contains(name) ? unnamed_column(name) : column_named(name));
    add_columns_of_path(columns);
    const std::string name = repeated_name(columns);
    if (!name.empty()) {
      return reading_.fault("DUPLICATE_COLUMN",
                            "more than one column is named " + name + ": which of them is meant can't be told",
                            std::nullopt, record.line);
    }
    const Binding& binding = reading_.judge.bind(*arrow::schema(std::move(columns)));
    row_ = std::make_unique<CsvRow>(reading_.plan, binding, names_);
    return std::nullopt;
  }

  std::shared_ptr<arrow::Field> column_named(const std::string& name) const {
    const auto& known = reading_.plan.places[kRow].children;
    const auto place = std::find_if(known.begin(), known.end(),
                                    [&](std::uint32_t child) { return reading_.plan.places[child].name == name; });
    const auto type = place == known.end() ? nullptr : reading_.plan.places[*place].type;
    const bool is_text = type && (family(*type) == Family::text || is_json(*type));
    return arrow::field(name, type && !is_text ? type : arrow::utf8());
  }

  /// Add the columns of the path that the header lacks, after the header's own.
  void add_columns_of_path(arrow::FieldVector& columns) {
    for (const PartitionColumn& given : reading_.given) {
      if (std::find(names_.begin(), names_.end(), given.name) != names_.end()) continue;
      const auto& type = reading_.plan.places[given.place].type;
      columns.push_back(arrow::field(given.name, type && family(*type) != Family::text ? type : arrow::utf8()));
      added_.push_back({given.text.value_or(""), true, !given.text});
    }
    own_ = names_.size();
    for (std::size_t at = own_; at < columns.size(); ++at) names_.push_back(columns[at]->name());
  }

  std::optional<Fault> take(std::vector<CsvField>& fields, const Record& record) {
    if (fields.size() != own_) {
      return not_csv(record, grouped(static_cast<std::int64_t>(fields.size())) + " fields where the header has " +
                                 grouped(static_cast<std::int64_t>(own_)) + ": " +
                                 printable(std::string(record.text.substr(0, 80))));
    }
    fields.insert(fields.end(), added_.begin(), added_.end());
    row_->seek(fields);
    reading_.judge.take(*row_, record.line);
    return reading_.keeps() ? keep() : std::nullopt;
  }

  std::optional<Fault> keep() {
    std::vector<const Value*> columns;
    for (std::uint32_t place = 1; place <= static_cast<std::uint32_t>(reading_.plan.schema->num_fields()); ++place)
      columns.push_back(&row_->stored(place));
    return kept_.add(columns);
  }

  Reading& reading_;
  const CsvDialect dialect_;
  const Fields fields_;
  TextInput input_;
  KeptRows kept_;
  std::vector<std::string> names_;
  std::size_t own_ = 0;
  std::vector<CsvField> added_;
  std::unique_ptr<CsvRow> row_;
};

}  // namespace

std::optional<Fault> read_csv(Reading& reading) { return CsvFile(reading).run(); }

}  // namespace schemaregistry
