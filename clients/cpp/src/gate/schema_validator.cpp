#include "schema_validator.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>
#include <string_view>

#include "formats.h"
#include "json_text.h"
#include "text.h"

namespace schemaregistry {
namespace {

// The most nested schemas about the same value.
constexpr int kDeepest = 200;
// The most nested schemas in all, over a value and its parts.
constexpr int kDeepestJudged = 1200;
constexpr std::size_t kMostSchemas = 100'000;

std::string escaped(std::string_view name) {
  std::string token;
  for (const char c : name) token += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return token;
}

std::string unescaped(std::string_view token) {
  std::string name;
  for (std::size_t at = 0; at < token.size(); ++at) {
    const bool is_escape = token[at] == '~' && at + 1 < token.size();
    name += !is_escape ? token[at] : token[++at] == '1' ? '/' : '~';
  }
  return name;
}

const Value* step(const Value& value, const std::string& token) {
  if (value.is(Value::Kind::object)) return value.find(token);
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (!value.is(Value::Kind::array) || error != std::errc() || end != token.data() + token.size()) return nullptr;
  return index < value.items.size() ? &value.items[index] : nullptr;
}

/// The pointer of a local reference such as `#/definitions/a%20b`; empty where it leads out of the document.
std::optional<std::string> local_pointer(std::string_view reference) {
  if (reference.empty() || reference[0] != '#') return std::nullopt;
  std::string pointer;
  for (std::size_t at = 1; at < reference.size(); ++at) {
    const bool is_escape = reference[at] == '%' && at + 2 < reference.size() && hex_digit(reference[at + 1]) >= 0 &&
                           hex_digit(reference[at + 2]) >= 0;
    if (is_escape) {
      pointer += static_cast<char>(hex_digit(reference[at + 1]) * 16 + hex_digit(reference[at + 2]));
      at += 2;
    } else {
      pointer += reference[at];
    }
  }
  return pointer;
}

Error unknown(const std::string& fault) {
  return {Code::failed_precondition, "UNKNOWN_PLAN", "This contract can't be judged here: " + fault + ".", "", {}};
}

const std::string* text_of(const Value& schema, std::string_view keyword) {
  const Value* found = schema.find(keyword);
  return found != nullptr && found->is(Value::Kind::string) ? &found->text : nullptr;
}

bool is_base64(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  return text.size() % 4 != 1 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '+' || c == '/';
         });
}

std::string from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t word = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    const int six = c == '+' ? 62 : c == '/' ? 63 : is_digit(c) ? c - '0' + 52 : c >= 'a' ? c - 'a' + 26 : c - 'A';
    word = (word << 6) | static_cast<std::uint32_t>(six);
    bits += 6;
    if (bits >= 8) bytes += static_cast<char>((word >> (bits -= 8)) & 0xFF);
  }
  return bytes;
}

bool is_type(const Value& value, std::string_view type) {
  switch (value.kind) {
    case Value::Kind::null:
      return type == "null";
    case Value::Kind::boolean:
      return type == "boolean";
    case Value::Kind::number:
      return type == "number" || (type == "integer" && value.number.is_integral());
    case Value::Kind::string:
      return type == "string";
    case Value::Kind::array:
      return type == "array";
    case Value::Kind::object:
      return type == "object";
    default:
      return false;
  }
}

}  // namespace

const Value* at_pointer(const Value& document, std::string_view pointer) {
  const Value* value = &document;
  if (!pointer.empty() && pointer[0] != '/') return nullptr;
  while (!pointer.empty() && value != nullptr) {
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    value = step(*value, unescaped(pointer.substr(0, end)));
    pointer.remove_prefix(end);
  }
  return value;
}

/// Finds every schema that a validation can reach, and compiles the patterns in them. A schema may lead back to itself
/// only by a step into the value; otherwise validation wouldn't end.
class SchemaValidator::Walk {
 public:
  Walk(SchemaValidator& validator) : validator_(validator) {}

  Result<bool> run(const Value& schema) {
    visit(schema, 0);
    if (!fault_.empty()) return unknown(fault_);
    return true;
  }

 private:
  /// The number of schemas with references written out; a reference to a schema that is being visited counts as one.
  std::size_t visit(const Value& schema, int depth) {
    if (!fault_.empty() || !schema.is(Value::Kind::object)) return 1;
    if (const auto known = sizes_.find(&schema); known != sizes_.end()) return known->second;
    if (circle_.count(&schema) != 0) fault_ = "a reference leads back to itself";
    if (!open_.insert(&schema).second) return 1;
    circle_.insert(&schema);
    const std::size_t size = schema.find("$ref") != nullptr ? follow(schema, depth) : visit_parts(schema, depth);
    circle_.erase(&schema);
    open_.erase(&schema);
    if (depth > kDeepest || size > kMostSchemas)
      fault_ = "its schemas are nested too deep, or refer to one another too often";
    return sizes_[&schema] = size;
  }

  /// Schemas about the same value are visited first, so that a circle of them is found before validation could enter
  /// it.
  std::size_t visit_parts(const Value& schema, int depth) {
    if (depth > kDeepest) return 1;
    if (const auto* pattern = text_of(schema, "pattern")) compile(*pattern);
    if (const Value* by_pattern = schema.find("patternProperties")) {
      for (const auto& [pattern, member] : by_pattern->members) compile(pattern);
    }
    std::size_t size = 1;
    for (const char* keyword : {"not", "if", "then", "else", "allOf", "anyOf", "oneOf"})
      size += visit_each(schema.find(keyword), depth);
    if (const Value* inner = schema.find("dependencies")) size += visit_members(*inner, depth);
    std::set<const Value*> around;
    around.swap(circle_);
    for (const char* keyword : {"additionalItems", "contains", "additionalProperties", "propertyNames", "items"})
      size += visit_each(schema.find(keyword), depth);
    for (const char* keyword : {"properties", "patternProperties"}) {
      if (const Value* inner = schema.find(keyword)) size += visit_members(*inner, depth);
    }
    circle_.swap(around);
    return size;
  }

  /// Visit the schema, or the schemas, of a keyword.
  std::size_t visit_each(const Value* inner, int depth) {
    if (inner == nullptr) return 0;
    std::size_t size = 0;
    for (const Value& item : inner->items) size += visit(item, depth + 1);
    return size + (inner->is(Value::Kind::object) ? visit(*inner, depth + 1) : 0);
  }

  std::size_t visit_members(const Value& schemas, int depth) {
    std::size_t size = 0;
    for (const auto& [name, member] : schemas.members) size += visit(member, depth + 1);
    return size;
  }

  std::size_t follow(const Value& schema, int depth) {
    const auto* reference = text_of(schema, "$ref");
    const auto pointer = reference ? local_pointer(*reference) : std::nullopt;
    const Value* target = pointer ? at_pointer(*validator_.document_, *pointer) : nullptr;
    if (target == nullptr) fault_ = "a reference leads nowhere within the document";
    return target == nullptr || depth > kDeepest ? 1 : 1 + visit(*target, depth + 1);
  }

  void compile(const std::string& ecma) {
    if (validator_.patterns_.count(ecma) != 0) return;
    auto pattern = Pattern::of_ecma(ecma);
    if (!pattern) {
      fault_ = "the pattern " + quoted(ecma) + " has no form that runs in linear time here";
      return;
    }
    validator_.patterns_.emplace(ecma, *std::move(pattern));
  }

  SchemaValidator& validator_;
  std::map<const Value*, std::size_t> sizes_;
  // The schemas that are being visited, and those of them about the same value.
  std::set<const Value*> open_;
  std::set<const Value*> circle_;
  std::string fault_;
};

/// One validation, which walks a schema and a value together.
class SchemaValidator::Judgement {
 public:
  explicit Judgement(const SchemaValidator& validator) : validator_(validator) {}

  /// With a null `refusals`, the walk stops at the first.
  bool judge(const Value& schema, const std::string& pointer, const Value& value, std::vector<Refusal>* refusals) {
    if (schema.is(Value::Kind::boolean)) return schema.truth || refuse(pointer, "false", value, refusals);
    if (!schema.is(Value::Kind::object)) return true;
    if (depth_ == kDeepestJudged) return refuse(pointer, "$ref", value, refusals);
    ++depth_;
    bool passes = true;
    if (const auto* reference = text_of(schema, "$ref")) {
      const auto target = local_pointer(*reference);
      const Value* found = target ? at_pointer(*validator_.document_, *target) : nullptr;
      passes = found == nullptr || judge(*found, *target, value, refusals);
    } else {
      for (const auto& [keyword, stated] : schema.members) {
        if (!judge_keyword(schema, keyword, stated, pointer, value, refusals)) passes = false;
        if (!passes && refusals == nullptr) break;
      }
    }
    --depth_;
    return passes;
  }

 private:
  using Refusals = std::vector<Refusal>*;
  using Kind = Value::Kind;

  bool refuse(const std::string& pointer, std::string_view rule, const Value& value, Refusals refusals,
              std::vector<std::string> names = {}) {
    if (refusals != nullptr) refusals->push_back({pointer, std::string(rule), place_, std::move(names), &value});
    return false;
  }

  bool judge_keyword(const Value& schema, const std::string& keyword, const Value& stated, const std::string& pointer,
                     const Value& value, Refusals refusals) {
    const std::string here = pointer + "/" + escaped(keyword);
    const auto expect = [&](bool holds) { return holds || refuse(here, keyword, value, refusals); };
    if (keyword == "type") return expect(has_type(stated, value));
    if (keyword == "enum")
      return expect(
          std::any_of(stated.items.begin(), stated.items.end(), [&](const Value& option) { return option == value; }));
    if (keyword == "const") return expect(stated == value);
    if (keyword == "allOf") return all_of(stated, here, value, refusals);
    if (keyword == "anyOf") return expect(count_passing(stated, here, value, 1) == 1);
    if (keyword == "oneOf") return expect(count_passing(stated, here, value, 2) == 1);
    if (keyword == "not") return expect(!judge(stated, here, value, nullptr));
    if (keyword == "if") return judge_branch(schema, stated, pointer, value, refusals);
    if (value.is(Kind::number)) return judge_number(keyword, stated, value.number, expect);
    if (value.is(Kind::string)) return judge_string(schema, keyword, stated, value.text, expect);
    if (value.is(Kind::array)) return judge_array(schema, keyword, stated, here, value, refusals);
    if (value.is(Kind::object)) return judge_object(schema, keyword, stated, here, value, refusals);
    return true;
  }

  static bool has_type(const Value& stated, const Value& value) {
    if (stated.is(Kind::string)) return is_type(value, stated.text);
    return std::any_of(stated.items.begin(), stated.items.end(),
                       [&](const Value& type) { return is_type(value, type.text); });
  }

  bool all_of(const Value& schemas, const std::string& here, const Value& value, Refusals refusals) {
    bool passes = true;
    for (std::size_t i = 0; i < schemas.items.size(); ++i) {
      passes = judge(schemas.items[i], here + "/" + std::to_string(i), value, refusals) && passes;
    }
    return passes;
  }

  int count_passing(const Value& schemas, const std::string& here, const Value& value, int enough) {
    int passing = 0;
    for (const Value& schema : schemas.items) {
      passing += judge(schema, here, value, nullptr);
      if (passing == enough) break;
    }
    return passing;
  }

  bool judge_branch(const Value& schema, const Value& condition, const std::string& pointer, const Value& value,
                    Refusals refusals) {
    const char* branch = judge(condition, pointer, value, nullptr) ? "then" : "else";
    const Value* chosen = schema.find(branch);
    return chosen == nullptr || judge(*chosen, pointer + "/" + branch, value, refusals);
  }

  template <class Expect>
  static bool judge_number(const std::string& keyword, const Value& stated, const Number& number,
                           const Expect& expect) {
    if (!stated.is(Kind::number)) return true;
    if (keyword == "multipleOf") return expect(number.is_multiple_of(stated.number));
    const bool bounds =
        keyword == "minimum" || keyword == "maximum" || keyword == "exclusiveMinimum" || keyword == "exclusiveMaximum";
    if (!bounds) return true;
    const int order = Number::compare(number, stated.number);
    if (keyword == "minimum") return expect(order >= 0);
    if (keyword == "maximum") return expect(order <= 0);
    return expect(keyword == "exclusiveMinimum" ? order > 0 : order < 0);
  }

  template <class Expect>
  bool judge_string(const Value& schema, const std::string& keyword, const Value& stated, const std::string& text,
                    const Expect& expect) {
    if (keyword == "minLength") return expect(count_is(text, stated) >= 0);
    if (keyword == "maxLength") return expect(count_is(text, stated) <= 0);
    if (keyword == "pattern" && stated.is(Kind::string)) return expect(matches(stated.text, text));
    if (keyword == "format" && stated.is(Kind::string)) return expect(has_format(stated.text, text));
    const auto* encoding = text_of(schema, "contentEncoding");
    const bool is_encoded = encoding != nullptr && *encoding == "base64";
    if (keyword == "contentEncoding") return expect(!is_encoded || is_base64(text));
    if (keyword == "contentMediaType" && stated.text == "application/json") {
      if (is_encoded && !is_base64(text)) return true;
      return expect(bool(read_json(is_encoded ? from_base64(text) : text, kDeepest)));
    }
    return true;
  }

  static int count_is(const std::string& text, const Value& limit) {
    return Number::compare(Number(static_cast<Int128>(code_points(text))), limit.number);
  }

  bool matches(const std::string& ecma, const std::string& text) const {
    const auto found = validator_.patterns_.find(ecma);
    return found == validator_.patterns_.end() || found->second.matches(text);
  }

  bool judge_array(const Value& schema, const std::string& keyword, const Value& stated, const std::string& here,
                   const Value& value, Refusals refusals) {
    const auto expect = [&](bool holds) { return holds || refuse(here, keyword, value, refusals); };
    const Number size(static_cast<Int128>(value.items.size()));
    if (keyword == "minItems") return expect(Number::compare(size, stated.number) >= 0);
    if (keyword == "maxItems") return expect(Number::compare(size, stated.number) <= 0);
    if (keyword == "uniqueItems") return expect(!stated.truth || all_differ(value.items));
    if (keyword == "contains") {
      return expect(std::any_of(value.items.begin(), value.items.end(),
                                [&](const Value& item) { return judge(stated, here, item, nullptr); }));
    }
    const Value* items = schema.find("items");
    if (keyword == "items") {
      bool passes = true;
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        if (stated.is(Kind::array) && i >= stated.items.size()) break;
        const bool tuple = stated.is(Kind::array);
        passes = within("#" + std::to_string(i), tuple ? stated.items[i] : stated,
                        tuple ? here + "/" + std::to_string(i) : here, value.items[i], refusals) &&
                 passes;
      }
      return passes;
    }
    if (keyword == "additionalItems" && items != nullptr && items->is(Kind::array) &&
        value.items.size() > items->items.size()) {
      if (stated.is(Kind::boolean)) return expect(stated.truth);
      bool passes = true;
      for (std::size_t i = items->items.size(); i < value.items.size(); ++i) {
        passes = within("#" + std::to_string(i), stated, here, value.items[i], refusals) && passes;
      }
      return passes;
    }
    return true;
  }

  bool judge_object(const Value& schema, const std::string& keyword, const Value& stated, const std::string& here,
                    const Value& value, Refusals refusals) {
    const auto expect = [&](bool holds) { return holds || refuse(here, keyword, value, refusals); };
    const Number size(static_cast<Int128>(value.members.size()));
    if (keyword == "minProperties") return expect(Number::compare(size, stated.number) >= 0);
    if (keyword == "maxProperties") return expect(Number::compare(size, stated.number) <= 0);
    if (keyword == "required") return requires_all(stated, here, keyword, value, refusals);
    if (keyword == "properties") return judge_properties(stated, here, value, refusals);
    if (keyword == "patternProperties") return judge_by_pattern(stated, here, value, refusals);
    if (keyword == "additionalProperties") return judge_additional(schema, stated, here, value, refusals);
    if (keyword == "propertyNames") return judge_names(stated, here, value, refusals);
    if (keyword == "dependencies") return judge_dependencies(stated, here, value, refusals);
    return true;
  }

  bool requires_all(const Value& names, const std::string& here, std::string_view rule, const Value& value,
                    Refusals refusals) {
    bool passes = true;
    for (const Value& name : names.items) {
      if (value.find(name.text) == nullptr) passes = refuse(here, rule, value, refusals, {name.text});
    }
    return passes;
  }

  bool judge_properties(const Value& schemas, const std::string& here, const Value& value, Refusals refusals) {
    bool passes = true;
    for (const auto& [name, schema] : schemas.members) {
      const Value* member = value.find(name);
      if (member != nullptr)
        passes = within("." + name, schema, here + "/" + escaped(name), *member, refusals) && passes;
    }
    return passes;
  }

  bool judge_by_pattern(const Value& schemas, const std::string& here, const Value& value, Refusals refusals) {
    bool passes = true;
    for (const auto& [pattern, schema] : schemas.members) {
      for (const auto& [name, member] : value.members) {
        if (matches(pattern, name))
          passes = within("." + name, schema, here + "/" + escaped(pattern), member, refusals) && passes;
      }
    }
    return passes;
  }

  bool judge_additional(const Value& schema, const Value& stated, const std::string& here, const Value& value,
                        Refusals refusals) {
    const Value* properties = schema.find("properties");
    const Value* patterns = schema.find("patternProperties");
    std::vector<std::string> unexpected;
    bool passes = true;
    for (const auto& [name, member] : value.members) {
      if (properties != nullptr && properties->find(name) != nullptr) continue;
      const auto named = [&, &of = name](const auto& entry) { return matches(entry.first, of); };
      if (patterns != nullptr && std::any_of(patterns->members.begin(), patterns->members.end(), named)) continue;
      if (stated.is(Kind::boolean)) {
        if (!stated.truth) unexpected.push_back(name);
      } else {
        passes = within("." + name, stated, here, member, refusals) && passes;
      }
    }
    if (unexpected.empty()) return passes;
    return refuse(here, "additionalProperties", value, refusals, std::move(unexpected));
  }

  bool judge_names(const Value& schema, const std::string& here, const Value& value, Refusals refusals) {
    bool passes = true;
    for (const auto& [name, member] : value.members) {
      std::vector<Refusal> found;
      if (judge(schema, here, Value::string(name), refusals != nullptr ? &found : nullptr)) continue;
      passes = false;
      for (Refusal& refusal : found)
        refuse(refusal.pointer, refusal.rule == "false" ? "false" : "propertyNames", value, refusals);
    }
    return passes;
  }

  bool judge_dependencies(const Value& stated, const std::string& here, const Value& value, Refusals refusals) {
    bool passes = true;
    for (const auto& [name, dependency] : stated.members) {
      if (value.find(name) == nullptr) continue;
      if (dependency.is(Kind::array)) {
        passes = requires_all(dependency, here, "dependencies", value, refusals) && passes;
      } else {
        passes = judge(dependency, here + "/" + escaped(name), value, refusals) && passes;
      }
    }
    return passes;
  }

  bool within(const std::string& name, const Value& schema, const std::string& pointer, const Value& value,
              Refusals refusals) {
    place_.push_back(name);
    const bool passes = judge(schema, pointer, value, refusals);
    place_.pop_back();
    return passes;
  }

  const SchemaValidator& validator_;
  std::vector<std::string> place_;
  int depth_ = 0;
};

std::vector<std::optional<std::string>> Refusal::columns() const {
  if (!place.empty()) return {place[0].substr(1)};
  if (names.empty()) return {std::nullopt};
  return {names.begin(), names.end()};
}

Result<SchemaValidator> SchemaValidator::make(const Value& document, const std::string& pointer,
                                              const std::vector<std::string>& keywords) {
  const Value* whole = at_pointer(document, pointer);
  if (whole == nullptr) return unknown("nothing stands at " + pointer + " in its document");
  Value schema = *whole;
  if (!keywords.empty()) {
    schema = Value::object();
    for (const auto& keyword : keywords) {
      const Value* stated = whole->find(keyword);
      if (stated == nullptr) return unknown("there is no " + keyword + " at " + pointer + " in its document");
      schema.members.emplace_back(keyword, *stated);
      if (keyword == "properties") {
        for (auto& [name, member] : schema.members.back().second.members) member = Value::boolean(true);
      }
    }
  }
  SchemaValidator validator;
  validator.document_ = &document;
  validator.pointer_ = pointer;
  validator.schema_ = std::make_shared<const Value>(std::move(schema));
  if (auto walked = Walk(validator).run(*validator.schema_); !walked) return std::move(walked).error();
  return validator;
}

std::vector<Refusal> SchemaValidator::judge(const Value& value) const {
  std::vector<Refusal> refusals;
  Judgement(*this).judge(*schema_, pointer_, value, &refusals);
  return refusals;
}

bool SchemaValidator::passes(const Value& value) const {
  return Judgement(*this).judge(*schema_, pointer_, value, nullptr);
}

}  // namespace schemaregistry
