#include "value.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <unordered_set>

namespace schemaregistry {

Value::Value() = default;
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

Value Value::of(Kind kind) {
  Value value;
  value.kind = kind;
  return value;
}

Value Value::boolean(bool truth) {
  Value value = of(Kind::boolean);
  value.truth = truth;
  return value;
}

Value Value::string(std::string text) {
  Value value = of(Kind::string);
  value.text = std::move(text);
  return value;
}

Value Value::of(Number number) {
  Value value = of(Kind::number);
  value.number = std::move(number);
  return value;
}

const Value* Value::find(std::string_view name) const {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.first == name; });
  return found == members.end() ? nullptr : &found->second;
}

bool operator==(const Value& left, const Value& right) {
  if (left.kind != right.kind) return false;
  switch (left.kind) {
    case Value::Kind::boolean:
      return left.truth == right.truth;
    case Value::Kind::number:
      return left.number == right.number;
    case Value::Kind::string:
      return left.text == right.text;
    case Value::Kind::array:
      return left.items == right.items;
    case Value::Kind::object:
      return left.members.size() == right.members.size() &&
             std::all_of(left.members.begin(), left.members.end(), [&](const auto& member) {
               const Value* other = right.find(member.first);
               return other != nullptr && *other == member.second;
             });
    default:
      return true;
  }
}

std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (const char letter : text) {
    switch (letter) {
      case '"':
        json += "\\\"";
        break;
      case '\\':
        json += "\\\\";
        break;
      case '\n':
        json += "\\n";
        break;
      case '\r':
        json += "\\r";
        break;
      case '\t':
        json += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(letter) < 0x20) {
          std::array<char, 8> escape{};
          std::snprintf(escape.data(), escape.size(), "\\u%04x", letter);
          json += escape.data();
        } else {
          json += letter;
        }
    }
  }
  return json + '"';
}

namespace {

template <class Show>
std::string list(const std::vector<Value>& items, const Show& show) {
  std::string json = "[";
  for (const Value& item : items) json += (json.size() > 1 ? "," : "") + show(item);
  return json + "]";
}

}  // namespace

std::string to_json(const Value& value) {
  switch (value.kind) {
    case Value::Kind::boolean:
      return value.truth ? "true" : "false";
    case Value::Kind::number:
      return value.number.text();
    case Value::Kind::string:
      return quoted(value.text);
    case Value::Kind::array:
      return list(value.items, to_json);
    case Value::Kind::object: {
      std::string json = "{";
      for (const auto& [name, member] : value.members) {
        json += (json.size() > 1 ? "," : "") + quoted(name) + ":" + to_json(member);
      }
      return json + "}";
    }
    default:
      return "null";
  }
}

std::string to_canonical(const Value& value) {
  if (value.is(Value::Kind::number)) return value.number.canonical();
  if (value.is(Value::Kind::array)) return list(value.items, to_canonical);
  if (!value.is(Value::Kind::object)) return to_json(value);
  auto members = value.members;
  // RFC 8785 orders names by UTF-16 code units, which differs from the order of UTF-8 bytes beyond the basic plane.
  std::sort(members.begin(), members.end(),
            [](const auto& left, const auto& right) { return left.first < right.first; });
  std::string json = "{";
  for (const auto& [name, member] : members)
    json += (json.size() > 1 ? "," : "") + quoted(name) + ":" + to_canonical(member);
  return json + "}";
}

Value as_shown(const Value& value) {
  if (value.is(Value::Kind::number) && value.number.is_decimal()) return Value::string(value.number.shown());
  Value shown = value;
  for (Value& item : shown.items) item = as_shown(item);
  for (auto& [name, member] : shown.members) member = as_shown(member);
  return shown;
}

bool all_differ(const std::vector<Value>& values) {
  std::unordered_set<std::string> texts;
  return std::all_of(values.begin(), values.end(),
                     [&](const Value& value) { return texts.insert(to_canonical(value)).second; });
}

}  // namespace schemaregistry
