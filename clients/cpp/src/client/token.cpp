#include "token.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace schemaregistry {
namespace {

// The size of the largest token that the registry takes.
constexpr std::size_t kMostBytes = 8 << 10;

/// Whether a text has the form of RFC 6750, section 2.1: nothing that could end the header.
bool is_token(std::string_view text) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
  const auto word_ends = text.find_first_not_of(allowed);
  const auto word = text.substr(0, word_ends);
  const auto padding = text.substr(word.size());
  return text.size() <= kMostBytes && !word.empty() && padding.find_first_not_of('=') == std::string_view::npos;
}

Error wrong_file(const std::string& path, const std::string& what) {
  return {Code::unauthenticated,
          "TOKEN_FILE",
          "the token file " + path + " " + what + ": write a token there by `schemaregistry login --token-file " +
              path + "`",
          "",
          {{"file", path}}};
}

}  // namespace

Result<std::string> read_token(const std::string& path) {
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  // A FIFO would block until it has a writer, and could be read for one call alone.
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return wrong_file(path, "is no regular file");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return wrong_file(path, std::string("can't be read (") + std::strerror(errno) + ")");
  std::string text(kMostBytes + 3, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  constexpr const char* space = " \t\r\n";
  const auto begin = text.find_first_not_of(space);
  if (begin == std::string::npos) return wrong_file(path, "is empty");
  text = text.substr(begin, text.find_last_not_of(space) - begin + 1);
  if (!is_token(text)) return wrong_file(path, "has no token: one word of letters, digits and -._~+/ is expected");
  return text;
}

std::optional<Error> show_token(const Credentials& credentials, grpc::ClientContext& context) {
  if (!credentials.token && credentials.token_file.empty()) return std::nullopt;
  auto token = credentials.token ? credentials.token() : read_token(credentials.token_file);
  if (!token) return std::move(token).error();
  if (!is_token(*token)) {
    return Error{Code::unauthenticated,
                 "TOKEN_PROVIDER",
                 "the token provider returned no token: it has to return one, without `Bearer`",
                 "",
                 {}};
  }
  context.set_credentials(grpc::AccessTokenCredentials(*token));
  return std::nullopt;
}

}  // namespace schemaregistry
