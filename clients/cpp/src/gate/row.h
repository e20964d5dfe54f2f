/// One row for the interpreter: the value of each column, read when it is asked for.
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "binding.h"
#include "plan.h"
#include "value.h"

namespace schemaregistry {

/// A row of a file of any format.
class Row {
 public:
  virtual ~Row() = default;
  /// The value of the column at `place`, absent where the row has none. Valid until the next row.
  virtual const Value& column(std::uint32_t place) = 0;
  /// The columns that the plan doesn't have, in the order of the file.
  virtual std::vector<std::pair<std::string, Value>> extras() = 0;
  /// The whole row for a report.
  virtual Value shown() = 0;
  /// The column `name` for a report.
  virtual Value shown_column(const std::string& name) const = 0;
  /// The value at a place for a report; `items` are the indices of the list items on the way to it.
  virtual Value shown_at(const Place& place, const std::vector<std::size_t>& items) = 0;
};

/// The rows of record batches.
class ArrowRow final : public Row {
 public:
  ArrowRow(const Plan& plan, const Binding& binding) : plan_(plan), binding_(binding), columns_(plan.places.size()) {}

  /// Go to a row of a batch; `arrays` has the file's columns at their indices, null where one isn't needed.
  void seek(const std::vector<std::shared_ptr<arrow::Array>>& arrays, const std::vector<std::string>& names,
            std::int64_t row);

  const Value& column(std::uint32_t place) override;
  std::vector<std::pair<std::string, Value>> extras() override;
  Value shown() override;
  Value shown_at(const Place& place, const std::vector<std::size_t>& items) override;

  Value shown_column(const std::string& name) const override;

 private:
  struct Kept {
    std::int64_t row = -1;
    Value value;
  };

  Value value_at(const Place& place, const arrow::Array& array, std::int64_t index) const;
  Value object_at(const Place& place, const Cell& cell) const;
  static Value shown_cell(const Place& place, const arrow::Array& array, std::int64_t index);

  const Plan& plan_;
  const Binding& binding_;
  const std::vector<std::shared_ptr<arrow::Array>>* arrays_ = nullptr;
  const std::vector<std::string>* names_ = nullptr;
  std::int64_t row_ = -1;
  std::int64_t visit_ = 0;
  std::vector<Kept> columns_;
};

/// The JSON value of a cell in the contract's type `wanted`: times in the contract's unit, numbers exactly.
Value fitted_value(const arrow::DataType& wanted, const Cell& cell);

}  // namespace schemaregistry
