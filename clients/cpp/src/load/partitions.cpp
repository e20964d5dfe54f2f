#include "partitions.h"

#include <arrow/array/util.h>
#include <arrow/builder.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "arrow_types.h"
#include "conform.h"
#include "typed_text.h"

namespace schemaregistry {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Decode percent signs: `A%20B` becomes `A B`.
std::string unescaped(std::string_view text) {
  std::string found;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '%' && at + 2 < text.size() && hex(text[at + 1]) >= 0 && hex(text[at + 2]) >= 0;
    found += escape ? static_cast<char>(hex(text[at + 1]) * 16 + hex(text[at + 2])) : text[at];
    at += escape ? 2 : 0;
  }
  return found;
}

/// Whether the text in a path is read as another type; a string column has the text itself.
bool is_read(const Place& place) { return place.type && family(*place.type) != Family::text; }

}  // namespace

std::vector<PartitionColumn> given_columns(const Plan& plan, const std::string& path, std::optional<Fault>& fault) {
  std::vector<PartitionColumn> found;
  for (const auto& directory : std::filesystem::path(path).parent_path()) {
    const std::string part = directory.string();
    const auto equals = part.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    PartitionColumn given{unescaped(std::string_view(part).substr(0, equals)), 0,
                          unescaped(std::string_view(part).substr(equals + 1))};
    // An empty value is null, as an empty field of CSV is.
    if (given.text == "__HIVE_DEFAULT_PARTITION__" || given.text == "") given.text.reset();
    for (const std::uint32_t child : plan.places[kRow].children) {
      if (plan.places[child].name == given.name) given.place = child;
    }
    if (given.place == 0) continue;
    const auto same =
        std::find_if(found.begin(), found.end(), [&](const PartitionColumn& each) { return each.name == given.name; });
    if (same == found.end()) {
      found.push_back(std::move(given));
    } else if (same->text != given.text) {
      fault = Fault{path, std::nullopt, std::nullopt, "DUPLICATE_COLUMN",
                    "the path states two values of \"" + given.name + "\": which of them is meant can't be told"};
      return {};
    }
  }
  return found;
}

Value value_of(const Plan& plan, const PartitionColumn& given) {
  if (!given.text) return {};
  const Place& place = plan.places[given.place];
  Value read = is_read(place) ? read_text(*place.type, *given.text) : Value::misfit();
  return read.is(Value::Kind::misfit) ? Value::string(*given.text) : read;
}

arrow::Result<std::shared_ptr<arrow::Array>> array_of(const Plan& plan, const PartitionColumn& given) {
  const Place& place = plan.places[given.place];
  const auto column = static_cast<int>(given.place) - 1;
  const bool is_column = column < plan.schema->num_fields();
  // A column of JSON has texts, which are parsed where they are judged.
  const bool is_typed = is_read(place) && is_column && !is_json(*place.type);
  const Value read = is_typed && given.text ? read_text(*place.type, *given.text) : Value::misfit();
  if (!given.text || (is_typed && read.is(Value::Kind::misfit)))
    return arrow::MakeArrayOfNull(is_column ? plan.schema->field(column)->type() : arrow::utf8(), 1);
  if (!is_typed) {
    arrow::StringBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Append(*given.text));
    return builder.Finish();
  }
  static const Value kAbsent;
  std::vector<const Value*> columns(static_cast<std::size_t>(plan.schema->num_fields()), &kAbsent);
  columns[static_cast<std::size_t>(column)] = &read;
  RowCollector row(plan);
  ARROW_RETURN_NOT_OK(row.add(columns));
  ARROW_ASSIGN_OR_RAISE(const auto batch, row.batch());
  return batch->column(column);
}

}  // namespace schemaregistry
