#include "connection.h"

#include <grpcpp/security/tls_credentials_options.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "failures.h"
#include "proxy.h"
#include "token.h"

namespace schemaregistry {
namespace {

// gRPC may retry every call, since this client only reads. The deadline covers all attempts (gRFC A6).
constexpr const char* kServiceConfig = R"({"methodConfig": [{
  "name": [{"service": "schemaregistry.v1.SchemaRegistry"}],
  "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
                  "retryableStatusCodes": ["UNAVAILABLE"]}}]})";

// Seconds between checks of the credentials' files for a renewed certificate.
constexpr unsigned kRefreshSeconds = 1;

// The time to wait for a ping's answer since gRPC 1.60, a minute by default; older versions use the keepalive timeout.
constexpr const char* kPingTimeout = "grpc.http2.ping_timeout_ms";

grpc::ChannelArguments arguments(const ClientOptions& options) {
  const auto wait = static_cast<int>(options.keepalive.wait.count());
  grpc::ChannelArguments chosen;
  chosen.SetServiceConfigJSON(kServiceConfig);
  chosen.SetInt("grpc.initial_reconnect_backoff_ms", 100);
  chosen.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5000);
  // gRPC waits 20 s for an address that never answers before it tries the next one; this is shorter.
  chosen.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10000);
  chosen.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(options.keepalive.idle.count()));
  chosen.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, wait);
  chosen.SetInt(kPingTimeout, wait);
  // Ping also while no call is in progress, so that the next call doesn't meet a dead connection.
  chosen.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  chosen.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, is_local(options.target) ? 0 : 1);
  chosen.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  chosen.SetMaxReceiveMessageSize(16 << 20);
  // Clients don't share connections: one that failed would make another client wait out its backoff.
  chosen.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return chosen;
}

Error bad_file(const std::string& path, const char* reason, const std::string& what) {
  return {Code::invalid_argument,
          reason,
          path + " " + what +
              ": `schemaregistry serve --dev` makes the dev certificates; else name the PEM files that the registry's "
              "CA issued",
          "",
          {{"file", path}}};
}

/// The error of a file that isn't PEM of a kind; empty where it is.
std::optional<Error> check_pem(const std::string& path, std::string_view kind) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) {
    return bad_file(path, "CREDENTIALS_UNREADABLE", std::string("can't be read (") + std::strerror(errno) + ")");
  }
  const std::string text = content.str();
  const auto begin = text.find("-----BEGIN ");
  if (begin != std::string::npos && text.find(std::string(kind) + "-----", begin) != std::string::npos)
    return std::nullopt;
  return bad_file(path, "CREDENTIALS_UNSOUND", "holds no PEM " + std::string(kind));
}

}  // namespace

Result<std::shared_ptr<Connection>> Connection::open(ClientOptions options) {
  const Credentials& files = options.credentials;
  for (const auto& [path, kind] :
       {std::pair{files.ca, "CERTIFICATE"}, {files.cert, "CERTIFICATE"}, {files.key, "PRIVATE KEY"}}) {
    if (auto fault = check_pem(path, kind)) return *std::move(fault);
  }
  if (files.token && !files.token_file.empty()) {
    return Error{Code::invalid_argument, "TOKEN_TWICE", "give Credentials a token_file or a token, not both", "", {}};
  }
  namespace tls = grpc::experimental;
  tls::TlsChannelCredentialsOptions tls_options;
  tls_options.set_certificate_provider(
      std::make_shared<tls::FileWatcherCertificateProvider>(files.key, files.cert, files.ca, kRefreshSeconds));
  tls_options.watch_root_certs();
  tls_options.watch_identity_key_cert_pairs();
  return std::make_shared<Connection>(tls::TlsCredentials(tls_options), std::move(options));
}

Connection::Connection(std::shared_ptr<grpc::ChannelCredentials> credentials, ClientOptions options)
    : options_(std::move(options)), credentials_(std::move(credentials)), stub_(connect()) {}

Connection::Stub Connection::stub() const {
  const std::lock_guard lock(mutex_);
  return stub_;
}

void Connection::leave(const Stub& stub) {
  const std::lock_guard lock(mutex_);
  if (stub_ == stub) stub_ = connect();
}

Connection::Stub Connection::connect() const {
  return v1::SchemaRegistry::NewStub(grpc::CreateCustomChannel(options_.target, credentials_, arguments(options_)));
}

Error Connection::describe(const grpc::Status& status) const {
  return schemaregistry::describe(status, options_.target, options_.timeout);
}

std::optional<Error> Connection::prepare(grpc::ClientContext& context) const {
  auto missing = show_token(options_.credentials, context);
  // The time that a token took isn't the call's.
  context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
  return missing;
}

}  // namespace schemaregistry
