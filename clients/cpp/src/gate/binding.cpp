#include "binding.h"

#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <set>
#include <utility>

namespace schemaregistry {
namespace {

constexpr const char* kMark = "schemaregistry";
constexpr const char* kUnnamed = "unnamed";

bool is_unnamed(const arrow::Field& field) {
  return field.HasMetadata() && field.metadata()->Get(kMark).ValueOr("") == kUnnamed;
}

class Binder {
 public:
  explicit Binder(const Plan& plan) : plan_(plan), binding_(plan.places.size()) {}

  Binding run(const arrow::Schema& schema) {
    bind_members(plan_.places[kRow], schema.fields());
    return std::move(binding_);
  }

 private:
  void bind_members(const Place& parent, const arrow::FieldVector& fields) {
    for (int index = 0; index < static_cast<int>(fields.size()); ++index) {
      const std::string& name = fields[static_cast<std::size_t>(index)]->name();
      const auto place = std::find_if(parent.children.begin(), parent.children.end(), [&](std::uint32_t child) {
        return !plan_.places[child].is_item && plan_.places[child].name == name;
      });
      if (place == parent.children.end()) {
        binding_[parent.index].extras.emplace_back(name, index);
        if (is_unnamed(*fields[static_cast<std::size_t>(index)])) binding_[parent.index].unnamed.insert(name);
      } else {
        binding_[*place].field = index;
        bind_place(plan_.places[*place], *fields[static_cast<std::size_t>(index)]->type());
      }
    }
  }

  void bind_place(const Place& place, const arrow::DataType& type) {
    const arrow::DataType& values = value_type(type);
    Bound& bound = binding_[place.index];
    bound.type = values.GetSharedPtr();
    if (place.type) bound.fit = fit(values, *place.type);
    if (bound.is_refused() || (place.type && is_json(*place.type))) return;
    if (family(values) == Family::structure) bind_members(place, values.fields());
    if (family(values) != Family::list) return;
    for (const std::uint32_t child : place.children) {
      if (plan_.places[child].is_item) bind_place(plan_.places[child], *values.field(0)->type());
    }
  }

  const Plan& plan_;
  Binding binding_;
};

bool looks_at_extras(const Plan& plan) {
  const auto looks = [](const Check& check) {
    return check.place == kRow && (check.kind == CheckKind::residual || check.kind == CheckKind::closed);
  };
  if (std::any_of(plan.checks.begin(), plan.checks.end(), looks)) return true;
  return std::any_of(plan.conditions.begin(), plan.conditions.end(), [&](const Condition& condition) {
    return std::any_of(condition.checks.begin(), condition.checks.end(), looks);
  });
}

}  // namespace

Binding bind(const Plan& plan, const arrow::Schema& schema, const UnreadTexts& unread) {
  Binding binding = Binder(plan).run(schema);
  for (const std::uint32_t place : plan.places[kRow].children) {
    if (const auto text = unread.find(plan.places[place].name); text != unread.end())
      binding[place].unread = text->second;
  }
  return binding;
}

std::shared_ptr<arrow::Field> unnamed_column(const std::string& name) {
  return arrow::field(name, arrow::utf8(), true, arrow::key_value_metadata({kMark}, {kUnnamed}));
}

std::string repeated_name(const arrow::FieldVector& fields) {
  std::set<std::string> names;
  for (const auto& field : fields) {
    if (!names.insert(field->name()).second) return "\"" + field->name() + "\"";
    const arrow::DataType& values = value_type(*field->type());
    if (family(values) != Family::structure && family(values) != Family::list) continue;
    const std::string within = repeated_name(values.fields());
    if (!within.empty()) return within;
  }
  return "";
}

std::vector<int> needed_columns(const Plan& plan, const Binding& binding) {
  std::vector<int> columns;
  for (const std::uint32_t place : plan.places[kRow].children) {
    if (binding[place].is_known()) columns.push_back(binding[place].field);
  }
  if (looks_at_extras(plan)) {
    for (const auto& [name, index] : binding[kRow].extras) columns.push_back(index);
  }
  return columns;
}

}  // namespace schemaregistry
