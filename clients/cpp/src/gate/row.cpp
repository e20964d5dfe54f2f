#include "row.h"

#include <algorithm>
#include <utility>

#include "arrow_types.h"
#include "text.h"

namespace schemaregistry {
namespace {

/// The stored integer of a time in the contract's unit; the value fits, so this is exact.
std::int64_t in_unit(const arrow::DataType& found, const arrow::DataType& wanted, Int128 stored) {
  const auto per_second = [](const arrow::DataType& type) -> Int128 {
    if (is_int96(type)) return 1'000'000'000;
    if (type.id() == arrow::Type::TIMESTAMP)
      return units_per_second(static_cast<const arrow::TimestampType&>(type).unit());
    return units_per_second(static_cast<const arrow::TimeType&>(type).unit());
  };
  return static_cast<std::int64_t>(stored * per_second(wanted) / per_second(found));
}

}  // namespace

Value fitted_value(const arrow::DataType& wanted, const Cell& cell) {
  switch (family(wanted)) {
    case Family::time:
    case Family::timestamp:
      return Value::string(temporal_text(wanted, in_unit(*cell.array->type(), wanted, integer_at(cell))));
    default:
      return natural_value(*cell.array, cell.index);
  }
}

void ArrowRow::seek(const std::vector<std::shared_ptr<arrow::Array>>& arrays, const std::vector<std::string>& names,
                    std::int64_t row) {
  arrays_ = &arrays;
  names_ = &names;
  row_ = row;
  ++visit_;
}

const Value& ArrowRow::column(std::uint32_t place) {
  Kept& kept = columns_[place];
  if (kept.row == visit_) return kept.value;
  kept.row = visit_;
  const Bound& bound = binding_[place];
  if (bound.unread) return kept.value = Value::misfit();
  const auto* array = bound.is_known() ? (*arrays_)[static_cast<std::size_t>(bound.field)].get() : nullptr;
  kept.value = array ? value_at(plan_.places[place], *array, row_) : Value();
  return kept.value;
}

Value ArrowRow::value_at(const Place& place, const arrow::Array& array, std::int64_t index) const {
  const Cell cell = cell_at(array, index);
  if (cell.is_null()) return place.null_is_value ? Value::null() : Value();
  const Bound& bound = binding_[place.index];
  if (bound.is_refused() || !bound.fit.holds(cell)) return Value::misfit();
  if (!place.type) return natural_value(*cell.array, cell.index);
  if (is_json(*place.type)) return json_value(cell);
  switch (family(*cell.array->type())) {
    case Family::structure:
      return object_at(place, cell);
    case Family::list: {
      Value list = Value::array();
      const Items items = items_at(cell);
      const auto item = std::find_if(place.children.begin(), place.children.end(),
                                     [&](std::uint32_t child) { return plan_.places[child].is_item; });
      if (item == place.children.end()) return natural_value(*cell.array, cell.index);
      for (std::int64_t i = 0; i < items.count; ++i)
        list.items.push_back(value_at(plan_.places[*item], *items.array, items.first + i));
      return list;
    }
    default:
      return fitted_value(*place.type, cell);
  }
}

Value ArrowRow::object_at(const Place& place, const Cell& cell) const {
  Value object = Value::object();
  const auto& structure = static_cast<const arrow::StructArray&>(*cell.array);
  for (const std::uint32_t child : place.children) {
    const int field = binding_[child].field;
    if (field < 0) continue;
    object.members.emplace_back(plan_.places[child].name,
                                value_at(plan_.places[child], *structure.field(field), cell.index));
  }
  for (const auto& [name, field] : binding_[place.index].extras) {
    Value value = natural_value(*structure.field(field), cell.index);
    if (!value.is(Value::Kind::null)) object.members.emplace_back(name, std::move(value));
  }
  return object;
}

std::vector<std::pair<std::string, Value>> ArrowRow::extras() {
  std::vector<std::pair<std::string, Value>> found;
  for (const auto& [name, field] : binding_[kRow].extras) {
    const auto& array = (*arrays_)[static_cast<std::size_t>(field)];
    if (array) found.emplace_back(name, natural_value(*array, row_));
  }
  return found;
}

Value ArrowRow::shown() {
  Value object = Value::object();
  for (const int column : needed_columns(plan_, binding_)) {
    const auto at = static_cast<std::size_t>(column);
    object.members.emplace_back((*names_)[at], shown_column((*names_)[at]));
  }
  return object;
}

Value ArrowRow::shown_column(const std::string& name) const {
  for (std::size_t i = 0; i < names_->size(); ++i) {
    if ((*names_)[i] != name || !(*arrays_)[i]) continue;
    const auto& known = plan_.places[kRow].children;
    const auto place =
        std::find_if(known.begin(), known.end(), [&](std::uint32_t child) { return plan_.places[child].name == name; });
    if (place != known.end() && binding_[*place].unread) return Value::string(printable(*binding_[*place].unread));
    return place == known.end() ? shown_value(*(*arrays_)[i], row_)
                                : shown_cell(plan_.places[*place], *(*arrays_)[i], row_);
  }
  return Value::null();
}

Value ArrowRow::shown_at(const Place& place, const std::vector<std::size_t>& items) {
  if (place.index == kRow) return shown();
  const Bound& column = binding_[place.way.front()];
  if (!column.is_known()) return Value::null();
  if (column.unread) return Value::string(printable(*column.unread));
  const arrow::Array* array = (*arrays_)[static_cast<std::size_t>(column.field)].get();
  std::int64_t index = row_;
  auto item = items.begin();
  for (std::size_t step = 1; step < place.way.size() && array != nullptr; ++step) {
    const Cell cell = cell_at(*array, index);
    if (cell.is_null()) return Value::null();
    if (plan_.places[place.way[step]].is_item) {
      const Items found = items_at(cell);
      array = found.array;
      index = found.first + static_cast<std::int64_t>(*item++);
    } else {
      const int field = binding_[place.way[step]].field;
      array = field < 0 ? nullptr : static_cast<const arrow::StructArray&>(*cell.array).field(field).get();
      index = cell.index;
    }
  }
  return array == nullptr ? Value::null() : shown_cell(place, *array, index);
}

/// A JSON text is shown as its JSON value.
Value ArrowRow::shown_cell(const Place& place, const arrow::Array& array, std::int64_t index) {
  const Cell cell = cell_at(array, index);
  const bool is_text = place.type && is_json(*place.type) && family(*cell.array->type()) == Family::text;
  if (!is_text || cell.is_null()) return shown_value(array, index);
  const Value value = json_value(cell);
  return value.is(Value::Kind::misfit) ? shown_value(array, index) : as_shown(value);
}

}  // namespace schemaregistry
