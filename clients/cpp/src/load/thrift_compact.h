/// Read Thrift's compact protocol: find some fields of a struct and skip the others.
///
/// Source: the specification of the protocol, thrift-compact-protocol.md of Apache Thrift.
#pragma once

#include <cstdint>
#include <string_view>

namespace schemaregistry {

/// A reader of the compact protocol. Bytes that can't be read leave a `state` other than `sound`, and every value after
/// that is zero.
class CompactProtocol {
 public:
  enum class State { sound, ended, wrong };
  enum Type : int { kTrue = 1, kFalse, kByte, kI16, kI32, kI64, kDouble, kBinary, kList, kSet, kMap, kStruct };
  struct Field {
    std::int64_t number = 0;
    int type = 0;
  };

  explicit CompactProtocol(std::string_view data) : data_(data) {}

  State state() const { return state_; }
  std::size_t position() const { return at_; }
  /// Go to the next field of a struct (from a `Field()` at first); returns false at the struct's end. A field's value
  /// must be read, or skipped with `skip`.
  bool next(Field& field);
  /// Read an integer of any width.
  std::int64_t integer();
  /// Read a list's header; returns the number of its items, which follow.
  std::uint64_t items();
  /// Skip a value of a type.
  void skip(int type, int depth = 0);

 private:
  std::uint8_t byte();
  std::uint64_t varint();
  void pass_number();
  void forward(std::uint64_t size);
  std::uint64_t count_of(int head);
  void skip_items(int first, int second, std::uint64_t count, int depth);
  void fail(State state);

  std::string_view data_;
  std::size_t at_ = 0;
  State state_ = State::sound;
};

}  // namespace schemaregistry
