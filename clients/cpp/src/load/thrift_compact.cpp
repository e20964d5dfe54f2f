#include "thrift_compact.h"

namespace schemaregistry {
namespace {

// The most nested structs and lists.
constexpr int kDeepest = 24;
// The bits of the largest number.
constexpr int kWidest = 63;

/// A boolean takes a byte in a collection, and in a struct it is part of the field's header.
int as_item(int type) {
  return type == CompactProtocol::kTrue || type == CompactProtocol::kFalse ? int{CompactProtocol::kByte} : type;
}

}  // namespace

void CompactProtocol::fail(State state) {
  if (state_ == State::sound) state_ = state;
}

std::uint8_t CompactProtocol::byte() {
  if (state_ != State::sound || at_ >= data_.size()) return fail(State::ended), std::uint8_t{0};
  return static_cast<std::uint8_t>(data_[at_++]);
}

std::uint64_t CompactProtocol::varint() {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    if (shift > kWidest) return fail(State::wrong), std::uint64_t{0};
    const std::uint8_t part = byte();
    value |= std::uint64_t{part & 0x7Fu} << shift;
    if (part < 0x80) return value;
  }
}

/// Skip a number of any length.
void CompactProtocol::pass_number() {
  while (byte() >= 0x80) continue;
}

std::int64_t CompactProtocol::integer() {
  const std::uint64_t value = varint();
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

void CompactProtocol::forward(std::uint64_t size) {
  if (state_ != State::sound || size > data_.size() - at_) return fail(State::ended);
  at_ += static_cast<std::size_t>(size);
}

bool CompactProtocol::next(Field& field) {
  const std::uint8_t head = byte();
  if (state_ != State::sound || (head & 0x0F) == 0) return false;
  field = {head >> 4 ? field.number + (head >> 4) : integer(), head & 0x0F};
  return true;
}

std::uint64_t CompactProtocol::count_of(int head) {
  return head >> 4 == 0x0F ? varint() : static_cast<std::uint64_t>(head >> 4);
}

std::uint64_t CompactProtocol::items() { return count_of(byte()); }

void CompactProtocol::skip_items(int first, int second, std::uint64_t count, int depth) {
  for (std::uint64_t i = 0; i < count && state_ == State::sound; ++i) {
    skip(as_item(first), depth);
    if (second != 0) skip(as_item(second), depth);
  }
}

void CompactProtocol::skip(int type, int depth) {
  if (type >= kList && depth >= kDeepest) return fail(State::wrong);
  switch (type) {
    case kTrue:
    case kFalse:
      return;
    case kByte:
      return forward(1);
    case kI16:
    case kI32:
    case kI64:
      return pass_number();
    case kDouble:
      return forward(8);
    case kBinary:
      return forward(varint());
    case kList:
    case kSet: {
      const int head = byte();
      return skip_items(head & 0x0F, 0, count_of(head), depth + 1);
    }
    case kMap: {
      const std::uint64_t count = varint();
      const int kinds = count > 0 ? byte() : 0;
      return skip_items(kinds >> 4, kinds & 0x0F, count, depth + 1);
    }
    case kStruct:
      while (const int head = byte()) {
        if ((head & 0x0F) == 0 || state_ != State::sound) return;
        if (head >> 4 == 0) pass_number();
        skip(head & 0x0F, depth + 1);
      }
      return;
    default:
      return fail(State::wrong);
  }
}

}  // namespace schemaregistry
