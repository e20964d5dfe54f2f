#include "arrow_types.h"

#include <arrow/extension/json.h>
#include <arrow/extension_type.h>
#include <arrow/type_traits.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <utility>

namespace schemaregistry {
namespace {

using arrow::Type;

Error unknown(const std::string& fault) {
  return {Code::failed_precondition,
          "UNKNOWN_PLAN",
          "This contract can't be read here: " + fault + ". Update schemaregistry, or fetch the contract anew.",
          "",
          {}};
}

std::shared_ptr<arrow::DataType> plain_type(v1::TypeName name) {
  switch (name) {
    case v1::TYPE_NAME_INT8:
      return arrow::int8();
    case v1::TYPE_NAME_INT16:
      return arrow::int16();
    case v1::TYPE_NAME_INT32:
      return arrow::int32();
    case v1::TYPE_NAME_INT64:
      return arrow::int64();
    case v1::TYPE_NAME_UINT8:
      return arrow::uint8();
    case v1::TYPE_NAME_UINT16:
      return arrow::uint16();
    case v1::TYPE_NAME_UINT32:
      return arrow::uint32();
    case v1::TYPE_NAME_UINT64:
      return arrow::uint64();
    case v1::TYPE_NAME_FLOAT32:
      return arrow::float32();
    case v1::TYPE_NAME_FLOAT64:
      return arrow::float64();
    case v1::TYPE_NAME_BOOL:
      return arrow::boolean();
    case v1::TYPE_NAME_UTF8:
      return arrow::utf8();
    case v1::TYPE_NAME_LARGE_UTF8:
      return arrow::large_utf8();
    case v1::TYPE_NAME_BINARY:
      return arrow::binary();
    case v1::TYPE_NAME_DATE32:
      return arrow::date32();
    case v1::TYPE_NAME_DATE64:
      return arrow::date64();
    case v1::TYPE_NAME_JSON:
      return arrow::extension::json(arrow::utf8());
    default:
      return nullptr;
  }
}

Result<arrow::TimeUnit::type> unit_of(const v1::Type& message) {
  switch (message.unit()) {
    case v1::UNIT_S:
      return arrow::TimeUnit::SECOND;
    case v1::UNIT_MS:
      return arrow::TimeUnit::MILLI;
    case v1::UNIT_US:
      return arrow::TimeUnit::MICRO;
    case v1::UNIT_NS:
      return arrow::TimeUnit::NANO;
    default:
      return unknown("a time has no unit");
  }
}

Result<std::shared_ptr<arrow::DataType>> temporal_type(const v1::Type& message) {
  const auto unit = unit_of(message);
  if (!unit) return unit.error();
  const bool coarse = *unit == arrow::TimeUnit::SECOND || *unit == arrow::TimeUnit::MILLI;
  if (message.name() == v1::TYPE_NAME_TIMESTAMP) return arrow::timestamp(*unit, message.has_tz() ? message.tz() : "");
  if (coarse != (message.name() == v1::TYPE_NAME_TIME32))
    return unknown("a time of day has a unit that its width can't hold");
  return coarse ? arrow::time32(*unit) : arrow::time64(*unit);
}

Result<std::shared_ptr<arrow::DataType>> dictionary_type(const v1::Type& message) {
  auto index = arrow_type(message.index());
  if (!index) return index;
  auto value = arrow_type(message.value());
  if (!value) return value;
  if (!arrow::is_integer((*index)->id())) return unknown("a dictionary's index is no integer");
  return arrow::dictionary(*std::move(index), *std::move(value));
}

Result<std::shared_ptr<arrow::DataType>> nested_type(const v1::Type& message) {
  arrow::FieldVector fields;
  for (const auto& inner : message.fields()) {
    auto field = arrow_field(inner);
    if (!field) return std::move(field).error();
    fields.push_back(*std::move(field));
  }
  if (message.name() == v1::TYPE_NAME_STRUCT) return arrow::struct_(std::move(fields));
  if (fields.size() != 1) return unknown("a list has not one kind of item");
  return arrow::list(fields[0]);
}

const char* unit_name(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return "s";
    case arrow::TimeUnit::MILLI:
      return "ms";
    case arrow::TimeUnit::MICRO:
      return "us";
    default:
      return "ns";
  }
}

}  // namespace

Result<std::shared_ptr<arrow::DataType>> arrow_type(const v1::Type& message) {
  if (auto plain = plain_type(message.name())) return plain;
  switch (message.name()) {
    case v1::TYPE_NAME_TIME32:
    case v1::TYPE_NAME_TIME64:
    case v1::TYPE_NAME_TIMESTAMP:
      return temporal_type(message);
    case v1::TYPE_NAME_DECIMAL128:
      if (message.precision() < 1 || message.precision() > 38 || message.scale() > message.precision()) {
        return unknown("a decimal's precision and scale are none that 128 bits hold");
      }
      return arrow::decimal128(static_cast<int>(message.precision()), static_cast<int>(message.scale()));
    case v1::TYPE_NAME_DICTIONARY:
      return dictionary_type(message);
    case v1::TYPE_NAME_LIST:
    case v1::TYPE_NAME_STRUCT:
      return nested_type(message);
    default:
      return unknown("a column has a type that isn't known here");
  }
}

Result<std::shared_ptr<arrow::Field>> arrow_field(const v1::Field& message) {
  auto type = arrow_type(message.type());
  if (!type) return std::move(type).error();
  std::shared_ptr<arrow::KeyValueMetadata> metadata;
  if (message.metadata_size() > 0) metadata = std::make_shared<arrow::KeyValueMetadata>();
  for (const auto& entry : message.metadata()) metadata->Append(entry.key(), entry.value());
  return arrow::field(message.name(), *std::move(type), message.nullable(), std::move(metadata));
}

const arrow::DataType& value_type(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::DICTIONARY:
      return value_type(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case Type::RUN_END_ENCODED:
      return value_type(*static_cast<const arrow::RunEndEncodedType&>(type).value_type());
    case Type::EXTENSION:
      return value_type(*static_cast<const arrow::ExtensionType&>(type).storage_type());
    default:
      return type;
  }
}

bool is_json(const arrow::DataType& type) {
  return type.id() == Type::EXTENSION &&
         static_cast<const arrow::ExtensionType&>(type).extension_name() == "arrow.json";
}

bool holds_json(const arrow::DataType& type) {
  return is_json(type) || std::any_of(type.fields().begin(), type.fields().end(),
                                      [](const auto& field) { return holds_json(*field->type()); });
}

Family family(const arrow::DataType& type) {
  if (is_json(type)) return Family::json;
  const arrow::DataType& values = value_type(type);
  switch (values.id()) {
    case Type::NA:
      return Family::null;
    case Type::BOOL:
      return Family::boolean;
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE:
      return Family::real;
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256:
      return Family::decimal;
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
      return Family::text;
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY:
      return Family::binary;
    case Type::DATE32:
    case Type::DATE64:
      return Family::date;
    case Type::TIME32:
    case Type::TIME64:
      return Family::time;
    case Type::TIMESTAMP:
      return Family::timestamp;
    case Type::INTERVAL_MONTH_DAY_NANO:
      return is_int96(values) ? Family::timestamp : Family::other;
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST:
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW:
      return Family::list;
    case Type::STRUCT:
      return Family::structure;
    default:
      return arrow::is_integer(values.id()) ? Family::integer : Family::other;
  }
}

std::string json_kind(Family family) {
  switch (family) {
    case Family::boolean:
      return "boolean";
    case Family::integer:
      return "integer";
    case Family::real:
    case Family::decimal:
      return "number";
    case Family::text:
    case Family::binary:
    case Family::date:
    case Family::time:
    case Family::timestamp:
      return "string";
    case Family::list:
      return "array";
    case Family::structure:
      return "object";
    default:
      return "";
  }
}

std::string described(const arrow::DataType& type) {
  if (is_json(type)) return "json";
  if (is_int96(type)) return "timestamp[ns]";
  switch (type.id()) {
    case Type::STRING:
      return "utf8";
    case Type::LARGE_STRING:
      return "large_utf8";
    case Type::DOUBLE:
      return "float64";
    case Type::FLOAT:
      return "float32";
    case Type::HALF_FLOAT:
      return "float16";
    case Type::DATE32:
      return "date32";
    case Type::DATE64:
      return "date64";
    case Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
      return "dictionary<" + described(*dictionary.index_type()) + ", " + described(*dictionary.value_type()) + ">";
    }
    case Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      const std::string zone = timestamp.timezone().empty() ? "" : ", " + timestamp.timezone();
      return std::string("timestamp[") + unit_name(timestamp.unit()) + zone + "]";
    }
    default:
      break;
  }
  if (family(type) == Family::list && type.num_fields() == 1) return "list<" + described(*type.field(0)->type()) + ">";
  if (type.id() != Type::STRUCT) return type.ToString();
  std::string members;
  for (const auto& field : type.fields())
    members += (members.empty() ? "" : ", ") + field->name() + ": " + described(*field->type());
  return "struct<" + members + ">";
}

namespace {

class Int96Type final : public arrow::MonthDayNanoIntervalType {};

// The number of days in one unit of the `months` member: an int96 may have more days than 31 bits can represent.
constexpr std::int64_t kDays = std::int64_t{1} << 31;

}  // namespace

std::shared_ptr<arrow::DataType> int96() {
  static const auto type = std::make_shared<Int96Type>();
  return type;
}

bool is_int96(const arrow::DataType& type) { return dynamic_cast<const Int96Type*>(&type) != nullptr; }

arrow::MonthDayNanoIntervalType::MonthDayNanos to_int96(std::int64_t day, std::int64_t nanos) {
  const std::int64_t high = day / kDays - (day % kDays < 0);
  return {static_cast<std::int32_t>(high), static_cast<std::int32_t>(day - high * kDays), nanos};
}

std::int64_t day_of_int96(const arrow::MonthDayNanoIntervalType::MonthDayNanos& stored) {
  return stored.months * kDays + stored.days;
}

}  // namespace schemaregistry
