#include "conform.h"

#include <arrow/array/util.h>
#include <arrow/type_traits.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/checked_cast.h>
#include <arrow/util/decimal.h>

#include <string>
#include <unordered_map>
#include <utility>

#include "arrow_types.h"
#include "cells.h"
#include "typed_text.h"

namespace schemaregistry {
namespace {

using arrow::Type;
using arrow::internal::checked_cast;

arrow::Status append(arrow::ArrayBuilder& builder, const Value& value);

template <class Builder>
arrow::Status append_integer(arrow::ArrayBuilder& builder, Int128 value) {
  return checked_cast<Builder&>(builder).Append(static_cast<typename Builder::value_type>(value));
}

arrow::Status append_number(arrow::ArrayBuilder& builder, const Number& number) {
  const Int128 whole = number.floor().value_or(0);
  switch (builder.type()->id()) {
    case Type::INT8:
      return append_integer<arrow::Int8Builder>(builder, whole);
    case Type::INT16:
      return append_integer<arrow::Int16Builder>(builder, whole);
    case Type::INT32:
      return append_integer<arrow::Int32Builder>(builder, whole);
    case Type::INT64:
      return append_integer<arrow::Int64Builder>(builder, whole);
    case Type::UINT8:
      return append_integer<arrow::UInt8Builder>(builder, whole);
    case Type::UINT16:
      return append_integer<arrow::UInt16Builder>(builder, whole);
    case Type::UINT32:
      return append_integer<arrow::UInt32Builder>(builder, whole);
    case Type::UINT64:
      return append_integer<arrow::UInt64Builder>(builder, whole);
    case Type::FLOAT:
      return checked_cast<arrow::FloatBuilder&>(builder).Append(static_cast<float>(number.nearest()));
    case Type::DOUBLE:
      return checked_cast<arrow::DoubleBuilder&>(builder).Append(number.nearest());
    case Type::DECIMAL128: {
      arrow::Decimal128 decimal;
      std::int32_t precision = 0;
      std::int32_t scale = 0;
      ARROW_RETURN_NOT_OK(arrow::Decimal128::FromString(number.text(), &decimal, &precision, &scale));
      const auto& type = checked_cast<const arrow::Decimal128Type&>(*builder.type());
      ARROW_ASSIGN_OR_RAISE(decimal, decimal.Rescale(scale, type.scale()));
      return checked_cast<arrow::Decimal128Builder&>(builder).Append(decimal);
    }
    default:
      return arrow::Status::TypeError("a number for ", builder.type()->ToString());
  }
}

arrow::Status append_text(arrow::ArrayBuilder& builder, const std::string& text) {
  const arrow::DataType& type = *builder.type();
  switch (type.id()) {
    case Type::STRING:
      return checked_cast<arrow::StringBuilder&>(builder).Append(text);
    case Type::LARGE_STRING:
      return checked_cast<arrow::LargeStringBuilder&>(builder).Append(text);
    case Type::BINARY:
      return checked_cast<arrow::BinaryBuilder&>(builder).Append(read_base64(text).value_or(""));
    default:
      break;
  }
  const auto stored = read_temporal(type, text);
  if (!stored) return arrow::Status::Invalid("no ", type.ToString(), ": ", text);
  switch (type.id()) {
    case Type::DATE32:
      return append_integer<arrow::Date32Builder>(builder, *stored);
    case Type::DATE64:
      return append_integer<arrow::Date64Builder>(builder, *stored);
    case Type::TIME32:
      return append_integer<arrow::Time32Builder>(builder, *stored);
    case Type::TIME64:
      return append_integer<arrow::Time64Builder>(builder, *stored);
    case Type::TIMESTAMP:
      return append_integer<arrow::TimestampBuilder>(builder, *stored);
    default:
      return arrow::Status::TypeError("a text for ", type.ToString());
  }
}

arrow::Status append_struct(arrow::StructBuilder& builder, const Value& object) {
  ARROW_RETURN_NOT_OK(builder.Append());
  for (int i = 0; i < builder.num_fields(); ++i) {
    const Value* member = object.find(builder.type()->field(i)->name());
    ARROW_RETURN_NOT_OK(append(*builder.field_builder(i), member ? *member : Value()));
  }
  return arrow::Status::OK();
}

arrow::Status append(arrow::ArrayBuilder& builder, const Value& value) {
  switch (value.kind) {
    case Value::Kind::boolean:
      return checked_cast<arrow::BooleanBuilder&>(builder).Append(value.truth);
    case Value::Kind::number:
      return append_number(builder, value.number);
    case Value::Kind::string:
      return append_text(builder, value.text);
    case Value::Kind::array: {
      auto& list = checked_cast<arrow::ListBuilder&>(builder);
      ARROW_RETURN_NOT_OK(list.Append());
      for (const Value& item : value.items) ARROW_RETURN_NOT_OK(append(*list.value_builder(), item));
      return arrow::Status::OK();
    }
    case Value::Kind::object:
      return append_struct(checked_cast<arrow::StructBuilder&>(builder), value);
    default:
      return builder.AppendNull();
  }
}

/// The type in which values are built at first: without dictionaries, and with strings for JSON.
std::shared_ptr<arrow::DataType> built_type(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() == Type::DICTIONARY) return checked_cast<const arrow::DictionaryType&>(*type).value_type();
  if (!holds_json(*type)) return type;
  if (is_json(*type)) return arrow::utf8();
  arrow::FieldVector fields;
  for (const auto& field : type->fields()) fields.push_back(field->WithType(built_type(field->type())));
  return type->id() == Type::LIST ? arrow::list(fields[0]) : arrow::struct_(fields);
}

/// Give an array of the built type its own type again: strings become JSON.
std::shared_ptr<arrow::ArrayData> retyped(const std::shared_ptr<arrow::DataType>& type,
                                          const std::shared_ptr<arrow::ArrayData>& built) {
  auto data = built->Copy();
  data->type = type;
  for (int i = 0; !is_json(*type) && i < type->num_fields(); ++i) {
    auto& child = data->child_data[static_cast<std::size_t>(i)];
    child = retyped(type->field(i)->type(), child);
  }
  return data;
}

/// A value as `append` takes it for a type: a value of a JSON column as its text.
Value carried_value(const arrow::DataType& wanted, const arrow::Array& array, std::int64_t index) {
  const Cell cell = cell_at(array, index);
  if (cell.is_null() || !holds_json(wanted)) return natural_value(array, index);
  if (is_json(wanted)) {
    const bool is_text = family(*cell.array->type()) == Family::text;
    return Value::string(is_text ? std::string(bytes_at(cell))
                                 : schemaregistry::to_json(natural_value(*cell.array, cell.index)));
  }
  if (wanted.id() == Type::LIST) {
    Value list = Value::array();
    const Items items = items_at(cell);
    for (std::int64_t i = 0; i < items.count; ++i)
      list.items.push_back(carried_value(*wanted.field(0)->type(), *items.array, items.first + i));
    return list;
  }
  Value object = Value::object();
  const auto& structure = checked_cast<const arrow::StructArray&>(*cell.array);
  for (const auto& field : wanted.fields()) {
    const auto member = structure.GetFieldByName(field->name());
    if (member) object.members.emplace_back(field->name(), carried_value(*field->type(), *member, cell.index));
  }
  return object;
}

/// Encode values as a dictionary, in the order of their first occurrence.
arrow::Result<std::shared_ptr<arrow::Array>> encode(const std::shared_ptr<arrow::DataType>& type,
                                                    const arrow::Array& values) {
  const auto& wanted = checked_cast<const arrow::DictionaryType&>(*type);
  ARROW_ASSIGN_OR_RAISE(auto indices, arrow::MakeBuilder(wanted.index_type()));
  ARROW_ASSIGN_OR_RAISE(auto distinct, arrow::MakeBuilder(wanted.value_type()));
  std::unordered_map<std::string, std::int64_t> known;
  for (std::int64_t i = 0; i < values.length(); ++i) {
    const Value value = natural_value(values, i);
    if (value.is(Value::Kind::null)) {
      ARROW_RETURN_NOT_OK(indices->AppendNull());
      continue;
    }
    const auto [entry, is_new] =
        known.try_emplace(schemaregistry::to_json(value), static_cast<std::int64_t>(known.size()));
    if (is_new) ARROW_RETURN_NOT_OK(append(*distinct, value));
    ARROW_RETURN_NOT_OK(append_number(*indices, Number(Int128{entry->second})));
  }
  ARROW_ASSIGN_OR_RAISE(auto codes, indices->Finish());
  ARROW_ASSIGN_OR_RAISE(auto dictionary, distinct->Finish());
  return arrow::DictionaryArray::FromArrays(type, codes, dictionary);
}

/// Finish an array of the built type: encode its dictionary, or retype its JSON.
arrow::Result<std::shared_ptr<arrow::Array>> finished(const std::shared_ptr<arrow::DataType>& type,
                                                      const std::shared_ptr<arrow::Array>& values) {
  if (type->id() == Type::DICTIONARY) return encode(type, *values);
  return holds_json(*type) ? arrow::MakeArray(retyped(type, values->data())) : values;
}

arrow::Result<std::shared_ptr<arrow::Array>> rebuilt(const std::shared_ptr<arrow::DataType>& type,
                                                     const arrow::Array& array) {
  ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(built_type(type)));
  ARROW_RETURN_NOT_OK(builder->Reserve(array.length()));
  for (std::int64_t i = 0; i < array.length(); ++i)
    ARROW_RETURN_NOT_OK(append(*builder, carried_value(*type, array, i)));
  ARROW_ASSIGN_OR_RAISE(auto values, builder->Finish());
  return finished(type, values);
}

template <class From, class To>
arrow::Result<std::shared_ptr<arrow::Array>> narrowed(const std::shared_ptr<arrow::DataType>& type,
                                                      const arrow::Array& array) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(array.length() * static_cast<std::int64_t>(sizeof(To))));
  const auto* from = array.data()->GetValues<From>(1);
  auto* to = reinterpret_cast<To*>(buffer->mutable_data());
  for (std::int64_t i = 0; i < array.length(); ++i) to[i] = static_cast<To>(from[i]);
  std::shared_ptr<arrow::Buffer> validity;
  if (array.null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(arrow::default_memory_pool(), array.null_bitmap_data(),
                                                                array.offset(), array.length()));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type, array.length(), {validity, buffer}, array.null_count()));
}

arrow::Result<std::shared_ptr<arrow::Array>> decoded(const arrow::DictionaryArray& array) {
  const auto& texts = checked_cast<const arrow::StringArray&>(*array.dictionary());
  arrow::StringBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(array.length()));
  for (std::int64_t i = 0; i < array.length(); ++i) {
    const std::int64_t code = array.IsNull(i) ? -1 : array.GetValueIndex(i);
    if (code < 0 || texts.IsNull(code)) {
      builder.UnsafeAppendNull();
    } else {
      ARROW_RETURN_NOT_OK(builder.Append(texts.GetView(code)));
    }
  }
  return builder.Finish();
}

arrow::Result<std::shared_ptr<arrow::Array>> conform_array(const std::shared_ptr<arrow::DataType>& type,
                                                           const std::shared_ptr<arrow::Array>& array) {
  if (array->type()->Equals(*type)) return array;
  if (array->type_id() == Type::INT64 && type->id() == Type::INT32)
    return narrowed<std::int64_t, std::int32_t>(type, *array);
  if (array->type_id() == Type::INT32 && type->id() == Type::INT64)
    return narrowed<std::int32_t, std::int64_t>(type, *array);
  if (array->type_id() == Type::FLOAT && type->id() == Type::DOUBLE) return narrowed<float, double>(type, *array);
  if (array->type_id() == Type::DICTIONARY && type->id() == Type::STRING) {
    const auto& dictionary = checked_cast<const arrow::DictionaryArray&>(*array);
    if (dictionary.dictionary()->type_id() == Type::STRING) return decoded(dictionary);
  }
  return rebuilt(type, *array);
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatch>> conform(const Plan& plan, const Binding& binding,
                                                           const std::vector<std::shared_ptr<arrow::Array>>& arrays,
                                                           std::int64_t rows) {
  arrow::ArrayVector columns;
  for (int i = 0; i < plan.schema->num_fields(); ++i) {
    const auto& type = plan.schema->field(i)->type();
    const Bound& bound = binding[static_cast<std::size_t>(i) + 1];
    if (bound.is_known()) {
      ARROW_ASSIGN_OR_RAISE(auto column, conform_array(type, arrays[static_cast<std::size_t>(bound.field)]));
      columns.push_back(std::move(column));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto column, arrow::MakeArrayOfNull(type, rows));
      columns.push_back(std::move(column));
    }
  }
  return arrow::RecordBatch::Make(plan.schema, rows, std::move(columns));
}

arrow::Status RowCollector::add(const std::vector<const Value*>& columns) {
  while (builders_.size() < columns.size()) {
    const auto& type = plan_.schema->field(static_cast<int>(builders_.size()))->type();
    ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(built_type(type)));
    builders_.push_back(std::move(builder));
  }
  for (std::size_t i = 0; i < columns.size(); ++i) ARROW_RETURN_NOT_OK(append(*builders_[i], *columns[i]));
  ++rows_;
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> RowCollector::batch() {
  arrow::ArrayVector columns;
  for (std::size_t i = 0; i < builders_.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto values, builders_[i]->Finish());
    const auto& type = plan_.schema->field(static_cast<int>(i))->type();
    ARROW_ASSIGN_OR_RAISE(values, finished(type, values));
    columns.push_back(std::move(values));
  }
  const std::int64_t rows = std::exchange(rows_, 0);
  return arrow::RecordBatch::Make(plan_.schema, rows, std::move(columns));
}

}  // namespace schemaregistry
