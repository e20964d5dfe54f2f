#include "schemaregistry/schema.h"

#include <ctime>

namespace schemaregistry {
namespace {

/// An HTTP date (RFC 9110, section 5.6.7) as RFC 3339, only the date where it is midnight; as it is where it is none.
std::string rfc_3339(const std::string& http_date) {
  std::tm time{};
  const char* end = strptime(http_date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
  if (end == nullptr || *end != '\0') return http_date;
  const bool midnight = time.tm_hour == 0 && time.tm_min == 0 && time.tm_sec == 0;
  char text[32];
  return {text, std::strftime(text, sizeof text, midnight ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%SZ", &time)};
}

}  // namespace

std::string Schema::notice() const {
  if (state == "active") return {};
  std::string reason = state_reason;
  while (!reason.empty() && reason.back() == '.') reason.pop_back();
  std::string sentence = id + " " + version + " is " + state + ": " + reason + ".";
  if (!sunset.empty()) sentence += " It may be withdrawn from " + rfc_3339(sunset) + " on.";
  return sentence;
}

}  // namespace schemaregistry
