#include "parquet_footer.h"

#include "thrift_compact.h"

namespace schemaregistry {
namespace {

// Field numbers of parquet.thrift.
constexpr int kRowGroups = 4;
constexpr int kColumns = 1;
constexpr int kMetadata = 3;
constexpr int kEncodings = 2;
constexpr int kPath = 3;
constexpr int kCrypto = 8;
constexpr int kEncrypted = 9;

/// Skip a chunk's metadata. Arrow reads the items of encodings and path by the types of the format, whatever type the
/// list states, so they are skipped by these.
void pass_metadata(CompactProtocol& footer) {
  CompactProtocol::Field field;
  while (footer.next(field)) {
    if (field.number != kEncodings && field.number != kPath) {
      footer.skip(field.type);
      continue;
    }
    for (std::uint64_t left = footer.items(); left > 0 && footer.state() == CompactProtocol::State::sound; --left)
      footer.skip(field.number == kPath ? CompactProtocol::kBinary : CompactProtocol::kI64, 1);
  }
}

/// Skip one column chunk; returns whether it has metadata, plain or encrypted.
bool has_metadata(CompactProtocol& footer) {
  bool found = false;
  CompactProtocol::Field field;
  while (footer.next(field)) {
    found = found || field.number == kMetadata || field.number == kCrypto || field.number == kEncrypted;
    if (field.number == kMetadata) {
      pass_metadata(footer);
    } else {
      footer.skip(field.type);
    }
  }
  return found;
}

/// Skip one row group; returns whether all of its chunks have metadata.
bool is_whole(CompactProtocol& footer) {
  bool whole = true;
  CompactProtocol::Field field;
  while (footer.next(field)) {
    if (field.number != kColumns) {
      footer.skip(field.type);
      continue;
    }
    for (std::uint64_t left = footer.items(); left > 0 && footer.state() == CompactProtocol::State::sound; --left)
      whole = has_metadata(footer) && whole;
  }
  return whole;
}

}  // namespace

std::optional<std::string> wrong_in_footer(std::string_view bytes) {
  CompactProtocol footer(bytes);
  bool whole = true;
  CompactProtocol::Field field;
  while (footer.next(field)) {
    if (field.number != kRowGroups) {
      footer.skip(field.type);
      continue;
    }
    for (std::uint64_t left = footer.items(); left > 0 && footer.state() == CompactProtocol::State::sound; --left)
      whole = is_whole(footer) && whole;
  }
  if (footer.state() == CompactProtocol::State::ended) return "the footer ends within its list of row groups";
  if (footer.state() == CompactProtocol::State::wrong) return "the footer holds a value of no type";
  return whole ? std::nullopt : std::optional<std::string>("a column chunk has no metadata");
}

}  // namespace schemaregistry
