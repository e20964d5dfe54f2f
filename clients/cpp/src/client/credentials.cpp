#include "schemaregistry/credentials.h"

#include <cstdlib>
#include <utility>

namespace schemaregistry {
namespace {

std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text ? text : "";
}

Credentials with_token(Credentials files) {
  files.token_file = variable("SCHEMAREGISTRY_TOKEN_FILE");
  return files;
}

}  // namespace

Credentials Credentials::dev(const std::string& data_dir, const std::string& identity) {
  const std::string folder = data_dir + "/tls/";
  return {folder + "ca.pem", folder + identity + ".pem", folder + identity + "-key.pem"};
}

Result<Credentials> Credentials::from_environment() {
  Credentials named{variable("SCHEMAREGISTRY_CA"), variable("SCHEMAREGISTRY_CERT"), variable("SCHEMAREGISTRY_KEY")};
  const int given = !named.ca.empty() + !named.cert.empty() + !named.key.empty();
  if (given == 3) return with_token(std::move(named));
  if (given > 0) {
    return Error{
        Code::invalid_argument,
        "CREDENTIALS_INCOMPLETE",
        "SCHEMAREGISTRY_CA, SCHEMAREGISTRY_CERT and SCHEMAREGISTRY_KEY go together: set all three, or none for the "
        "dev certificates",
        "",
        {}};
  }
  const std::string data = variable("SCHEMAREGISTRY_DATA");
  return with_token(dev(data.empty() ? ".data" : data));
}

}  // namespace schemaregistry
