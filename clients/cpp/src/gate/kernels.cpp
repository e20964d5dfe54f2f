#include "kernels.h"

#include <arrow/extension_type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "cells.h"
#include "interpreter.h"
#include "row.h"
#include "text.h"

namespace schemaregistry {
namespace {

using arrow::Type;

std::size_t size_of(const arrow::Array& array) { return static_cast<std::size_t>(array.length()); }

/// Mark each value, nulls aside, for which `fails` is true.
template <class Fails>
Marks mark_each(const arrow::Array& array, const Fails& fails) {
  Marks marks;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    const Cell cell = cell_at(array, i);
    if (cell.is_null() || !fails(cell)) continue;
    if (marks.empty()) marks.resize(size_of(array));
    marks[static_cast<std::size_t>(i)] = 1;
  }
  return marks;
}

/// Turn marks of a dictionary's values into marks of the array's values.
Marks spread(const Marks& marks, const arrow::DictionaryArray& array) {
  if (marks.empty()) return {};
  Marks spread_marks(size_of(array));
  bool any = false;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) continue;
    const std::uint8_t mark = marks[static_cast<std::size_t>(array.GetValueIndex(i))];
    spread_marks[static_cast<std::size_t>(i)] = mark;
    any = any || mark != 0;
  }
  return any ? spread_marks : Marks{};
}

/// Call `visit` with a pointer and a count for an array of integers, or of times stored as integers; return false for
/// other arrays.
template <class Visit>
bool visit_integers(const arrow::Array& array, const Visit& visit) {
  const auto of = [&](auto zero) {
    using Stored = decltype(zero);
    visit(array.data()->GetValues<Stored>(1), array.length());
    return true;
  };
  switch (array.type_id()) {
    case Type::INT8:
      return of(std::int8_t{});
    case Type::INT16:
      return of(std::int16_t{});
    case Type::INT32:
    case Type::DATE32:
    case Type::TIME32:
      return of(std::int32_t{});
    case Type::INT64:
    case Type::DATE64:
    case Type::TIME64:
    case Type::TIMESTAMP:
      return of(std::int64_t{});
    case Type::UINT8:
      return of(std::uint8_t{});
    case Type::UINT16:
      return of(std::uint16_t{});
    case Type::UINT32:
      return of(std::uint32_t{});
    case Type::UINT64:
      return of(std::uint64_t{});
    default:
      return false;
  }
}

/// Whether all values, also the ones under nulls, are multiples of `step` from `low` to `high`.
bool all_whole(const arrow::Array& array, Int128 low, Int128 high, Int128 step) {
  bool all = false;
  visit_integers(array, [&](const auto* values, std::int64_t count) {
    using Stored = std::remove_cv_t<std::remove_reference_t<decltype(*values)>>;
    if (count == 0) return void(all = true);
    Stored least = values[0];
    Stored most = values[0];
    for (std::int64_t i = 0; i < count; ++i) {
      least = std::min(least, values[i]);
      most = std::max(most, values[i]);
    }
    all = Int128{least} >= low && Int128{most} <= high;
    if (!all || step == 1) return;
    const auto divisor = static_cast<std::int64_t>(step);
    std::int64_t rest = 0;
    for (std::int64_t i = 0; i < count; ++i) rest |= static_cast<std::int64_t>(values[i]) % divisor;
    all = rest == 0;
  });
  return all;
}

bool all_finite(const double* values, std::int64_t count) {
  // NaN and infinity have an exponent of all ones. Adding one to the exponent then carries into the sign bit, and the
  // OR of those bits over many values shows whether one has it.
  std::uint64_t any = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, values + i, sizeof bits);
    any |= (bits & 0x7FFFFFFFFFFFFFFFULL) + 0x0010000000000000ULL;
  }
  return (any >> 63) == 0;
}

bool all_finite(const arrow::Array& array) {
  if (array.type_id() == Type::DOUBLE) return all_finite(array.data()->GetValues<double>(1), array.length());
  if (array.type_id() != Type::FLOAT) return false;
  const auto* values = array.data()->GetValues<float>(1);
  return std::all_of(values, values + array.length(), [](float value) { return std::isfinite(value); });
}

/// The bytes of all strings of an array, one after the other; empty where its layout doesn't store them together.
std::optional<std::string_view> all_bytes(const arrow::Array& array) {
  const auto of = [](const auto& texts) {
    const char* data = texts.value_data() ? reinterpret_cast<const char*>(texts.raw_data()) : "";
    const auto begin = texts.value_offset(0);
    return std::string_view(data + begin, static_cast<std::size_t>(texts.value_offset(texts.length()) - begin));
  };
  if (array.length() == 0) return "";
  if (array.type_id() == Type::STRING) return of(static_cast<const arrow::StringArray&>(array));
  if (array.type_id() == Type::LARGE_STRING) return of(static_cast<const arrow::LargeStringArray&>(array));
  return std::nullopt;
}

bool all_fit(const arrow::Array& array, const Fit& fit) {
  switch (fit.rule) {
    case Fit::Rule::always:
      return true;
    case Fit::Rule::whole:
      return all_whole(array, fit.low, fit.high, fit.step);
    case Fit::Rule::exact_float:
      return all_whole(array, -(Int128{1} << fit.bits), Int128{1} << fit.bits, 1);
    case Fit::Rule::finite:
      return all_finite(array);
    case Fit::Rule::utf8: {
      const auto bytes = all_bytes(array);
      return bytes && is_ascii(bytes->data(), bytes->size());
    }
    default:
      return false;
  }
}

/// A bound as the least and the greatest integer that pass it.
Bounds passing_integers(const Check& check) {
  constexpr Int128 kFar = Int128{1} << 126;
  const auto found = check.limit.floor();
  if (!found || *found > kFar || *found < -kFar) {
    // The bound is beyond all integers of a column: all pass, or none.
    const bool above = Number::compare(check.limit, 0) > 0;
    const bool is_minimum = check.kind == CheckKind::minimum || check.kind == CheckKind::exclusive_minimum;
    return above == is_minimum ? Bounds{1, 0} : Bounds{-kFar, kFar};
  }
  const Int128 floor = *found;
  const bool exact = Number::compare(Number(floor), check.limit) == 0;
  switch (check.kind) {
    case CheckKind::minimum:
      return {exact ? floor : floor + 1, kFar};
    case CheckKind::exclusive_minimum:
      return {floor + 1, kFar};
    case CheckKind::maximum:
      return {-kFar, floor};
    default:
      return {-kFar, exact ? floor - 1 : floor};
  }
}

bool passes_bound(CheckKind kind, double value, double limit) {
  switch (kind) {
    case CheckKind::minimum:
      return value >= limit;
    case CheckKind::exclusive_minimum:
      return value > limit;
    case CheckKind::maximum:
      return value <= limit;
    default:
      return value < limit;
  }
}

/// Whether all doubles pass a bound that a double represents exactly.
bool all_in_bound(const arrow::Array& array, const Check& check) {
  const double limit = check.limit.nearest();
  if (array.type_id() != Type::DOUBLE || Number::compare(Number(limit), check.limit) != 0) return false;
  const auto* values = array.data()->GetValues<double>(1);
  bool all = true;
  for (std::int64_t i = 0; i < array.length(); ++i) all &= passes_bound(check.kind, values[i], limit);
  return all;
}

bool is_bound(CheckKind kind) {
  return kind == CheckKind::minimum || kind == CheckKind::exclusive_minimum || kind == CheckKind::maximum ||
         kind == CheckKind::exclusive_maximum;
}

/// Whether a pass over the whole array shows that no value fails.
bool all_pass(const Check& check, const arrow::Array& array) {
  const Family kind = family(*array.type());
  switch (check.kind) {
    case CheckKind::types: {
      const std::string name = json_kind(kind);
      return name.empty() || check.allows(name) || (name == "integer" && check.allows("number"));
    }
    case CheckKind::minimum:
    case CheckKind::exclusive_minimum:
    case CheckKind::maximum:
    case CheckKind::exclusive_maximum: {
      if (kind == Family::real) return all_in_bound(array, check);
      if (kind != Family::integer) return kind != Family::decimal;
      const Bounds passing = passing_integers(check);
      return all_whole(array, passing.low, passing.high, 1);
    }
    case CheckKind::multiple_of:
      if (kind == Family::integer &&
          check.count <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return array.type_id() != Type::UINT64 &&
               all_whole(array, -(Int128{1} << 64), Int128{1} << 64, static_cast<Int128>(check.count));
      }
      return kind != Family::real && kind != Family::decimal && kind != Family::integer;
    case CheckKind::min_items:
    case CheckKind::max_items:
      return kind != Family::list;
    case CheckKind::format: {
      const std::string& name = check.names[0];
      return (name == "date" && kind == Family::date) || (name == "time" && kind == Family::time) ||
             (name == "date-time" && kind == Family::timestamp);
    }
    default:
      return false;
  }
}

/// A cache of results for repeated strings: short ones by their bytes in one word, long ones by their hash.
class TextJudge {
 public:
  explicit TextJudge(const Check& check) : check_(check) {}

  bool fails(std::string_view text) {
    if (text.size() > sizeof(std::uint64_t)) return fails_long(text);
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), text.size());
    return fails_short(word, text);
  }

  /// The same, where eight bytes may be read from the start of the string.
  bool fails_readable(std::string_view text) {
    if (text.size() > sizeof(std::uint64_t)) return fails_long(text);
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    if constexpr (std::endian::native == std::endian::little) {
      const auto unused = 8 * (sizeof word - text.size());
      word = text.empty() ? 0 : word << unused >> unused;
    } else {
      word = 0;
      std::memcpy(&word, text.data(), text.size());
    }
    return fails_short(word, text);
  }

 private:
  static constexpr std::size_t kMost = 4096;
  static constexpr std::size_t kSlots = 1024;

  struct Slot {
    std::uint64_t word = 0;
    std::uint8_t size = 0xFF;
    bool failing = false;
  };

  bool judge(std::string_view text) const { return fails_alone(check_, Value::string(std::string(text))); }

  bool fails_short(std::uint64_t word, std::string_view text) {
    Slot& slot = slots_[((word ^ text.size()) * 0x9E3779B97F4A7C15ULL) >> 54];
    if (slot.word != word || slot.size != text.size())
      slot = {word, static_cast<std::uint8_t>(text.size()), judge(text)};
    return slot.failing;
  }

  bool fails_long(std::string_view text) {
    if (const auto known = known_.find(text); known != known_.end()) return known->second;
    const bool failing = judge(text);
    if (known_.size() < kMost) known_.emplace(text, failing);
    return failing;
  }

  const Check& check_;
  std::array<Slot, kSlots> slots_;
  std::unordered_map<std::string_view, bool> known_;
};

Marks mark_texts(const Check& check, const arrow::StringArray& array) {
  TextJudge judge(check);
  Marks marks;
  const auto bytes = array.value_data() ? array.value_data()->size() : 0;
  const bool has_nulls = array.null_count() > 0;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (has_nulls && array.IsNull(i)) continue;
    const std::string_view text = array.GetView(i);
    const bool readable = array.value_offset(i) + std::int64_t{8} <= bytes;
    if (!(readable ? judge.fails_readable(text) : judge.fails(text))) continue;
    if (marks.empty()) marks.resize(size_of(array));
    marks[static_cast<std::size_t>(i)] = 1;
  }
  return marks;
}

/// Whether a value fails a check, or is a misfit, which the interpreter judges.
bool fails_cell(const Check& check, const Cell& cell, const arrow::DataType& wanted, const Fit& met) {
  const Family kind = family(*cell.array->type());
  if (kind == Family::real && !std::isfinite(real_at(cell))) return true;
  if (kind == Family::list) {
    const auto count = static_cast<std::uint64_t>(items_at(cell).count);
    if (check.kind == CheckKind::min_items) return count < check.count;
    if (check.kind == CheckKind::max_items) return count > check.count;
  }
  if (kind == Family::list || kind == Family::structure) return true;
  if (!met.refused.empty() || !met.holds(cell)) return true;
  return fails_alone(check, fitted_value(wanted, cell));
}

}  // namespace

Marks mark_nulls(const arrow::Array& array) {
  if (array.null_count() == 0 && array.type_id() != Type::DICTIONARY && array.type_id() != Type::RUN_END_ENCODED)
    return {};
  Marks marks;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (!cell_at(array, i).is_null()) continue;
    if (marks.empty()) marks.resize(size_of(array));
    marks[static_cast<std::size_t>(i)] = 1;
  }
  return marks;
}

void merge(Marks& into, const Marks& marks) {
  if (marks.empty()) return;
  if (into.empty()) into.resize(marks.size());
  for (std::size_t i = 0; i < marks.size(); ++i) into[i] |= marks[i];
}

Marks mark_misfits(const arrow::Array& array, const Fit& fit) {
  if (array.type_id() == Type::EXTENSION)
    return mark_misfits(*static_cast<const arrow::ExtensionArray&>(array).storage(), fit);
  if (!fit.refused.empty()) return mark_each(array, [](const Cell&) { return true; });
  if (array.type_id() == Type::DICTIONARY) {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
    return spread(mark_misfits(*dictionary.dictionary(), fit), dictionary);
  }
  if (all_fit(array, fit)) return {};
  return mark_each(array, [&](const Cell& cell) { return !fit.holds(cell); });
}

Marks mark_failing(const Check& check, const arrow::Array& array, const arrow::DataType& wanted) {
  if (array.type_id() == Type::EXTENSION)
    return mark_failing(check, *static_cast<const arrow::ExtensionArray&>(array).storage(), wanted);
  if (array.type_id() == Type::DICTIONARY) {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
    return spread(mark_failing(check, *dictionary.dictionary(), wanted), dictionary);
  }
  if (array.type_id() == Type::NA || all_pass(check, array)) return {};
  if (family(*array.type()) == Family::text && family(wanted) == Family::text && !is_bound(check.kind)) {
    if (array.type_id() == Type::STRING) return mark_texts(check, static_cast<const arrow::StringArray&>(array));
    TextJudge judge(check);
    return mark_each(array, [&](const Cell& cell) { return judge.fails(bytes_at(cell)); });
  }
  const Fit met = fit(*array.type(), wanted);
  return mark_each(array, [&](const Cell& cell) { return fails_cell(check, cell, wanted, met); });
}

}  // namespace schemaregistry
