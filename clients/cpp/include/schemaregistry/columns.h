/// Columns of a record batch as spans of C++ values, without a copy; headers made by `schemaregistry cpp` use them.
///
/// The spans point into the batch's memory and are valid for as long as it lives. Values aren't checked here: map
/// batches that a `Gate` has loaded.
#pragma once

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/util/bit_util.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "schemaregistry/result.h"

namespace schemaregistry {

/// The strings (or byte strings) of a column.
template <class Offset>
class BasicTexts {
 public:
  BasicTexts() = default;
  BasicTexts(const Offset* offsets, const char* bytes, std::size_t size)
      : offsets_(offsets), bytes_(bytes), size_(size) {}

  std::size_t size() const noexcept { return size_; }
  std::string_view operator[](std::size_t row) const noexcept {
    return {bytes_ + offsets_[row], static_cast<std::size_t>(offsets_[row + 1] - offsets_[row])};
  }

 private:
  const Offset* offsets_ = nullptr;
  const char* bytes_ = nullptr;
  std::size_t size_ = 0;
};
using Texts = BasicTexts<std::int32_t>;
using LargeTexts = BasicTexts<std::int64_t>;

/// The booleans of a column, stored as one bit each.
class Bools {
 public:
  Bools() = default;
  Bools(const std::uint8_t* bits, std::int64_t offset, std::size_t size) : bits_(bits), offset_(offset), size_(size) {}

  std::size_t size() const noexcept { return size_; }
  bool operator[](std::size_t row) const noexcept {
    return arrow::bit_util::GetBit(bits_, offset_ + static_cast<std::int64_t>(row));
  }

 private:
  const std::uint8_t* bits_ = nullptr;
  std::int64_t offset_ = 0;
  std::size_t size_ = 0;
};

/// A column with nulls: ask `has(row)` before the value.
template <class Values>
class Nullable {
 public:
  Nullable() = default;
  Nullable(Values values, const std::uint8_t* validity, std::int64_t offset)
      : values_(values), validity_(validity), offset_(offset) {}

  std::size_t size() const noexcept { return values_.size(); }
  bool has(std::size_t row) const noexcept {
    return validity_ == nullptr || arrow::bit_util::GetBit(validity_, offset_ + static_cast<std::int64_t>(row));
  }
  /// The value of a row for which `has` is true.
  auto operator[](std::size_t row) const noexcept { return values_[row]; }

 private:
  Values values_;
  const std::uint8_t* validity_ = nullptr;
  std::int64_t offset_ = 0;
};

namespace columns {

/// The column `name` as an array of class `ArrayType`; fails with FAILED_PRECONDITION (reason WRONG_COLUMNS) where it
/// is missing or of another type.
template <class ArrayType>
Result<const ArrayType*> array_of(const arrow::RecordBatch& batch, const std::string& name) {
  auto column = batch.GetColumnByName(name);
  // An extension type, such as JSON's, is read by its storage.
  if (column && column->type_id() == arrow::Type::EXTENSION)
    column = static_cast<const arrow::ExtensionArray&>(*column).storage();
  if (column && column->type_id() == ArrayType::TypeClass::type_id) return static_cast<const ArrayType*>(column.get());
  return Error{
      Code::failed_precondition,
      "WRONG_COLUMNS",
      "the batch has no column \"" + name + "\" of the type that this header was made for: load it by its contract",
      "",
      {}};
}

/// The values of an array as `Bools`, `BasicTexts` or `std::span`, by its type.
template <class ArrayType>
auto values_of(const ArrayType& array) {
  const auto size = static_cast<std::size_t>(array.length());
  if constexpr (std::is_same_v<ArrayType, arrow::BooleanArray>) {
    return Bools(array.values() ? array.values()->data() : nullptr, array.offset(), size);
  } else if constexpr (arrow::is_base_binary_type<typename ArrayType::TypeClass>::value) {
    using Offset = typename ArrayType::offset_type;
    return BasicTexts<Offset>(array.raw_value_offsets(), reinterpret_cast<const char*>(array.raw_data()), size);
  } else {
    return std::span(array.raw_values(), size);
  }
}

template <class ArrayType>
using ValuesOf = decltype(values_of(std::declval<const ArrayType&>()));

/// Map a column without nulls; sets `error` and returns false where it can't.
template <class ArrayType>
bool map(const arrow::RecordBatch& batch, const std::string& name, ValuesOf<ArrayType>& into, Error& error) {
  const auto array = array_of<ArrayType>(batch, name);
  if (array) into = values_of(**array);
  if (!array) error = array.error();
  return bool(array);
}

/// Map a column that may have nulls; sets `error` and returns false where it can't.
template <class ArrayType>
bool map(const arrow::RecordBatch& batch, const std::string& name, Nullable<ValuesOf<ArrayType>>& into, Error& error) {
  const auto array = array_of<ArrayType>(batch, name);
  if (array) into = {values_of(**array), (*array)->null_bitmap_data(), (*array)->offset()};
  if (!array) error = array.error();
  return bool(array);
}

/// Map a column of a nested type to its Arrow array; sets `error` and returns false where it is missing.
inline bool map(const arrow::RecordBatch& batch, const std::string& name, std::shared_ptr<arrow::Array>& into,
                Error& error) {
  into = batch.GetColumnByName(name);
  if (!into) error = {Code::failed_precondition, "WRONG_COLUMNS", "the batch has no column \"" + name + "\"", "", {}};
  return into != nullptr;
}

}  // namespace columns
}  // namespace schemaregistry
