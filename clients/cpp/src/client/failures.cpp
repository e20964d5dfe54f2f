#include "failures.h"

#include <google/protobuf/any.pb.h>

#include <array>
#include <string_view>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "proxy.h"

namespace schemaregistry {
namespace {

struct Sign {
  std::string_view in_text;
  std::string_view reason;
  std::string_view advice;
};

// Parts of gRPC's messages about failed connections, the most specific first.
constexpr std::array<Sign, 8> kSigns = {{
    {"heard nothing", "SILENT", "a watch heard nothing, not even that nothing happened"},
    {"CERTIFICATE_VERIFY_FAILED", "TLS_HANDSHAKE",
     "its certificate is not trusted; check that the CA is that registry's and the certificate made for that name"},
    {"certificate verify failed", "TLS_HANDSHAKE",
     "its certificate is not trusted; check that the CA is that registry's and the certificate made for that name"},
    {"create security handshaker", "CREDENTIALS_UNSOUND",
     "no handshake can be made; check that the key is the certificate's own and unencrypted"},
    {"Hostname Verification", "TLS_HANDSHAKE", "its certificate is made for another name; check the target"},
    {"andshake", "TLS_HANDSHAKE",
     "the TLS handshake fails; check that this is its gRPC port and that its CA issued your certificate"},
    {"Connection refused", "CONNECTION_REFUSED",
     "the connection is refused; check that it is running and that this is its gRPC port"},
    {"DNS resolution failed", "NAME_UNKNOWN", "its name is unknown; check the target"},
}};

Error unreachable(const grpc::Status& status, const std::string& target) {
  const std::string told = status.error_message().empty() ? "the connection broke" : status.error_message();
  if (const auto proxy = proxy_for(target)) {
    return {Code::unavailable,
            "PROXY",
            "no registry answers at " + target + " by way of " + proxy->text() + ": " + told +
                "; if it is reached without a proxy, name its host in no_proxy",
            "",
            {{"target", target}, {"proxy", proxy->place}}};
  }
  for (const Sign& sign : kSigns) {
    if (told.find(sign.in_text) == std::string::npos) continue;
    return {Code::unavailable,
            std::string(sign.reason),
            "no registry answers at " + target + ": " + std::string(sign.advice) + " (" + told + ")",
            "",
            {{"target", target}}};
  }
  return {Code::unavailable,
          "UNAVAILABLE",
          "no registry answers at " + target + ": " + told +
              "; check that it is running and that it accepts your certificate",
          "",
          {{"target", target}}};
}

Error too_late(const std::string& target, std::chrono::milliseconds timeout) {
  const auto proxy = proxy_for(target);
  return {Code::deadline_exceeded,
          "DEADLINE_EXCEEDED",
          target + " gave no answer" + (proxy ? " by way of " + proxy->text() : "") + " within " +
              std::to_string(timeout.count()) + " ms: it is busy or can't be reached; try again, or allow more",
          "",
          {{"target", target}}};
}

void read_details(const google::rpc::Status& told, Error& error) {
  for (const auto& detail : told.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) {
      error.reason = info.reason();
      error.metadata.insert(info.metadata().begin(), info.metadata().end());
    } else if (detail.Is<google::rpc::BadRequest>() && detail.UnpackTo(&bad_request)) {
      if (bad_request.field_violations_size() > 0) error.pointer = bad_request.field_violations(0).field();
    }
  }
}

}  // namespace

Error describe(const grpc::Status& status, const std::string& target, std::chrono::milliseconds timeout) {
  google::rpc::Status told;
  const bool has_details = !status.error_details().empty() && told.ParseFromString(status.error_details());
  if (!has_details && status.error_code() == grpc::StatusCode::UNAVAILABLE) return unreachable(status, target);
  if (!has_details && status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) return too_late(target, timeout);
  Error error;
  error.code = static_cast<Code>(status.error_code());
  error.reason = name(error.code);
  error.message = status.error_message().empty() ? "the call ended with " + error.reason + " and no reason"
                                                 : status.error_message();
  read_details(told, error);
  return error;
}

}  // namespace schemaregistry
