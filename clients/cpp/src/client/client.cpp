#include "schemaregistry/client.h"

#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "cache_state.h"
#include "connection.h"
#include "schemaregistry/guarded.h"
#include "watch_loop.h"

namespace schemaregistry {
namespace {

std::string_view header(const grpc::ClientContext& context, const char* key) {
  const auto& headers = context.GetServerInitialMetadata();
  const auto found = headers.find(key);
  return found == headers.end() ? std::string_view{} : std::string_view{found->second.data(), found->second.size()};
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// A header's value with its percent-encoded bytes decoded (RFC 3986, section 2.1).
std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* digits = text.data() + i + 1;
    const bool is_encoded =
        text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    plain += is_encoded ? static_cast<char>(byte) : text[i];
    if (is_encoded) i += 2;
  }
  return plain;
}

}  // namespace

Client::Client(std::shared_ptr<Connection> connection) noexcept : connection_(std::move(connection)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::open(ClientOptions options) {
  return guarded([&]() -> Result<Client> {
    auto connection = Connection::open(std::move(options));
    if (!connection) return std::move(connection).error();
    return Client(*std::move(connection));
  });
}

Result<Client> Client::from_environment() {
  return guarded([&]() -> Result<Client> {
    auto credentials = Credentials::from_environment();
    if (!credentials) return std::move(credentials).error();
    ClientOptions options;
    const char* target = std::getenv("SCHEMAREGISTRY_TARGET");
    if (target != nullptr && *target != '\0') options.target = target;
    options.credentials = *std::move(credentials);
    return open(std::move(options));
  });
}

Result<Schema> Client::get(const std::string& id, const std::string& version, std::int64_t min_revision) const {
  return guarded([&]() -> Result<Schema> {
    grpc::ClientContext context;
    if (auto missing = connection_->prepare(context)) return *std::move(missing);
    v1::GetSchemaRequest request;
    request.set_id(id);
    request.set_version(version);
    request.set_min_revision(min_revision);
    google::api::HttpBody body;
    const grpc::Status status = connection_->stub()->GetSchema(&context, request, &body);
    if (!status.ok()) return connection_->describe(status);
    Schema schema{std::string(header(context, "x-schema-id")), std::string(header(context, "x-schema-version")),
                  number(header(context, "x-schema-revision")), std::string(header(context, "x-schema-fingerprint")),
                  std::move(*body.mutable_data())};
    if (const auto state = header(context, "x-schema-state"); !state.empty()) {
      schema.state = state;
      schema.state_reason = decoded(header(context, "x-schema-state-reason"));
      schema.sunset = header(context, "sunset");
    }
    return schema;
  });
}

Result<std::string> Client::contract(const std::string& id, const std::string& version) const {
  return guarded([&]() -> Result<std::string> {
    grpc::ClientContext context;
    if (auto missing = connection_->prepare(context)) return *std::move(missing);
    v1::GetContractRequest request;
    request.set_id(id);
    request.set_version(version);
    v1::Contract contract;
    const grpc::Status status = connection_->stub()->GetContract(&context, request, &contract);
    if (!status.ok()) return connection_->describe(status);
    return contract.SerializeAsString();
  });
}

Result<std::vector<RecordError>> Client::validate(const std::string& id, const std::string& records,
                                                  const std::string& version) const {
  return guarded([&]() -> Result<std::vector<RecordError>> {
    grpc::ClientContext context;
    if (auto missing = connection_->prepare(context)) return *std::move(missing);
    v1::ValidateRecordsRequest request;
    request.set_id(id);
    request.set_version(version);
    request.mutable_records()->set_content_type("application/json");
    request.mutable_records()->set_data(records);
    v1::ValidateRecordsResponse response;
    const grpc::Status status = connection_->stub()->ValidateRecords(&context, request, &response);
    if (!status.ok()) return connection_->describe(status);
    std::vector<RecordError> errors;
    for (const auto& wrong : response.errors()) {
      errors.push_back({wrong.index(), wrong.pointer(), wrong.rule(), wrong.message()});
    }
    return errors;
  });
}

Result<Cache> Client::follow(const std::vector<std::string>& ids, CacheOptions options) const {
  return guarded([&]() -> Result<Cache> {
    auto state = std::make_unique<Cache::State>(connection_, ids, options);
    if (auto failure = state->wait_until_filled()) return *std::move(failure);
    return Cache(std::move(state));
  });
}

Result<Watch> Client::watch(WatchOptions options, Watch::Handler handler, Watch::OnEnd on_end) const {
  return guarded([&]() -> Result<Watch> {
    return Watch(std::make_unique<Watch::Loop>(connection_, std::move(options), std::move(handler), std::move(on_end)));
  });
}

}  // namespace schemaregistry
