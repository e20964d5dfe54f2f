#include "json_text.h"

#include <cstdint>
#include <set>
#include <string>

#include "text.h"

namespace schemaregistry {
namespace {

// The most digits of an integer; Python's `int` has the same limit (sys.set_int_max_str_digits).
constexpr std::size_t kMostDigits = 4300;

class Reader {
 public:
  using Parse = std::optional<Number> (*)(std::string_view);

  Reader(std::string_view text, std::size_t max_depth, Parse parse)
      : text_(text), max_depth_(max_depth), parse_(parse) {}

  Result<Value> read() {
    Value value;
    skip_spaces();
    if (!read_value(value, 0)) return error_;
    skip_spaces();
    if (at_ != text_.size()) {
      fail("NOT_JSON", kMoreFollows);
      return error_;
    }
    return value;
  }

 private:
  bool fail(const char* reason, const std::string& what) {
    error_ = {Code::invalid_argument,
              reason,
              what + " (at byte " + std::to_string(at_) + ")",
              "",
              {{"offset", std::to_string(at_)}}};
    return false;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_spaces() {
    while (at_ < text_.size() && (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t')) ++at_;
  }

  bool read_value(Value& value, std::size_t depth) {
    if (depth > max_depth_) return fail("TOO_DEEP", "nested deeper than " + std::to_string(max_depth_));
    const std::size_t begin = at_;
    const bool read = read_any(value, depth);
    value.begin = static_cast<std::uint32_t>(begin);
    value.end = static_cast<std::uint32_t>(at_);
    return read;
  }

  bool read_any(Value& value, std::size_t depth) {
    switch (peek()) {
      case '{':
        return read_object(value, depth);
      case '[':
        return read_array(value, depth);
      case '"':
        value = Value::string("");
        return read_string(value.text);
      case 't':
        value = Value::boolean(true);
        return read_word("true");
      case 'f':
        value = Value::boolean(false);
        return read_word("false");
      case 'n':
        value = Value::null();
        return read_word("null");
      default:
        return read_number(value);
    }
  }

  bool read_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return fail("NOT_JSON", "no JSON value stands here");
    at_ += word.size();
    return true;
  }

  bool read_object(Value& value, std::size_t depth) {
    value = Value::object();
    std::set<std::string> names;
    ++at_;
    skip_spaces();
    if (peek() == '}') return ++at_, true;
    while (true) {
      std::string name;
      if (peek() != '"') return fail("NOT_JSON", "a name in quotes is missing");
      if (!read_string(name)) return false;
      if (!names.insert(name).second) return fail("DUPLICATE_KEY", "the name " + quoted(name) + " is there twice");
      skip_spaces();
      if (peek() != ':') return fail("NOT_JSON", "a colon is missing");
      ++at_;
      skip_spaces();
      value.members.emplace_back(std::move(name), Value());
      if (!read_value(value.members.back().second, depth + 1)) return false;
      skip_spaces();
      if (peek() == '}') return ++at_, true;
      if (peek() != ',') return fail("NOT_JSON", "a comma or the object's end is missing");
      ++at_;
      skip_spaces();
    }
  }

  bool read_array(Value& value, std::size_t depth) {
    value = Value::array();
    ++at_;
    skip_spaces();
    if (peek() == ']') return ++at_, true;
    while (true) {
      value.items.emplace_back();
      if (!read_value(value.items.back(), depth + 1)) return false;
      skip_spaces();
      if (peek() == ']') return ++at_, true;
      if (peek() != ',') return fail("NOT_JSON", "a comma or the array's end is missing");
      ++at_;
      skip_spaces();
    }
  }

  bool read_string(std::string& out) {
    const std::size_t begin = at_++;
    while (true) {
      const std::size_t run = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20)
        ++at_;
      out.append(text_, run, at_ - run);
      if (at_ >= text_.size()) return fail("NOT_JSON", "a string has no end");
      if (text_[at_] == '"') break;
      if (text_[at_] != '\\') return fail("NOT_JSON", "a control character stands in a string");
      if (!read_escape(out)) return false;
    }
    ++at_;
    return is_utf8(out) || (at_ = begin, fail("NOT_JSON", "a string is not UTF-8"));
  }

  bool read_escape(std::string& out) {
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    ++at_;
    if (peek() == 'u') return read_code(out);
    const auto which = kLetters.find(peek());
    if (which == std::string_view::npos || at_ >= text_.size()) return fail("NOT_JSON", "an unknown escape");
    out += kMeant[which];
    ++at_;
    return true;
  }

  bool read_code(std::string& out) {
    std::uint32_t code = 0;
    if (!read_hex(code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      std::uint32_t low = 0;
      if (text_.substr(at_, 2) != "\\u") return fail("NOT_JSON", "half of a surrogate pair");
      ++at_;
      if (!read_hex(low)) return false;
      if (low < 0xDC00 || low > 0xDFFF) return fail("NOT_JSON", "half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
      return fail("NOT_JSON", "half of a surrogate pair");
    }
    append_utf8(out, code);
    return true;
  }

  bool read_hex(std::uint32_t& code) {
    ++at_;
    code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const int digit = hex_digit(peek());
      if (digit < 0) return fail("NOT_JSON", "an escape of four hex digits is broken");
      code = code * 16 + static_cast<std::uint32_t>(digit);
    }
    return true;
  }

  bool read_digits() {
    if (!is_digit(peek())) return false;
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool read_number(Value& value) {
    const std::size_t begin = at_;
    if (peek() == '-') ++at_;
    const bool zero = peek() == '0';
    if (!read_digits() || (zero && at_ - begin > (text_[begin] == '-' ? 2u : 1u))) {
      at_ = begin;
      for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
        if (text_.substr(at_).starts_with(word)) return fail("NOT_JSON", std::string(word) + " isn't JSON");
      }
      return fail("NOT_JSON", "no JSON value stands here");
    }
    if (peek() == '.') {
      ++at_;
      if (!read_digits()) return fail("NOT_JSON", "digits after the point are missing");
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!read_digits()) return fail("NOT_JSON", "an exponent's digits are missing");
    }
    const std::string_view written = text_.substr(begin, at_ - begin);
    if (written.size() - (written[0] == '-') > kMostDigits && written.find_first_of(".eE") == std::string_view::npos)
      return fail("NUMBER_OUT_OF_RANGE", "an integer has more than 4,300 digits");
    auto number = parse_(written);
    if (!number) return fail("NUMBER_OUT_OF_RANGE", "the exponent of a number is beyond 5,000");
    value = Value::of(*std::move(number));
    return true;
  }

  std::string_view text_;
  const std::size_t max_depth_;
  const Parse parse_;
  std::size_t at_ = 0;
  Error error_;
};

}  // namespace

Result<Value> read_json(std::string_view text, std::size_t max_depth) {
  return Reader(text, max_depth, Number::parse).read();
}

Result<Value> read_json_exactly(std::string_view text, std::size_t max_depth) {
  return Reader(text, max_depth, Number::parse_exactly).read();
}

Result<Value> read_json_plainly(std::string_view text, std::size_t max_depth) {
  return Reader(text, max_depth, Number::parse_plainly).read();
}

}  // namespace schemaregistry
