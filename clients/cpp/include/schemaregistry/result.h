/// Errors as values: `Error`, `Result<T>` and the canonical codes.
///
/// No function of this library throws to its caller or aborts: what may fail returns a `Result`.
///
///     schemaregistry::Result<int> half(int n) {
///       if (n % 2) return schemaregistry::Error{schemaregistry::Code::invalid_argument, "ODD", "give an even number"};
///       return n / 2;
///     }
///
///     if (auto h = half(8)) use(*h); else log(h.error().message);
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace schemaregistry {

/// The canonical codes of an RPC (google.rpc.Code), with their numbers.
enum class Code {
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// The code's canonical name, for example `NOT_FOUND`.
std::string_view name(Code code) noexcept;

/// Why something failed, in words that a person can act on.
struct Error {
  Code code = Code::unknown;
  /// A stable UPPER_SNAKE name: `NO_SUCH_SCHEMA`, `TLS_HANDSHAKE`, `STALE`, ….
  std::string reason;
  /// What is wrong, and what to do.
  std::string message;
  /// A JSON pointer (RFC 6901) to the fault in the input; empty where it isn't at a single place.
  std::string pointer;
  /// Further values by name: near names, versions, fingerprints, file, offset.
  std::map<std::string, std::string> metadata;
};

/// A value of `T` or an `Error`.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  /// Whether there is a value.
  explicit operator bool() const noexcept { return held_.index() == 0; }

  /// The value. Undefined where there is none.
  T& operator*() & noexcept { return *std::get_if<0>(&held_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&held_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&held_)); }
  T* operator->() noexcept { return std::get_if<0>(&held_); }
  const T* operator->() const noexcept { return std::get_if<0>(&held_); }

  /// The error. Undefined where there is a value.
  const Error& error() const& noexcept { return *std::get_if<1>(&held_); }
  Error&& error() && noexcept { return std::move(*std::get_if<1>(&held_)); }

 private:
  std::variant<T, Error> held_;
};

}  // namespace schemaregistry
