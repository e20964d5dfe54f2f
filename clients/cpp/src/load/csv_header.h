/// What the first line of a CSV file tells that isn't the contract's: another delimiter, or that it is no header.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plan.h"

namespace schemaregistry {

/// Why a header brings none of the contract's columns.
struct HeaderFault {
  std::string reason;
  std::string message;
};

/// WRONG_DELIMITER where another delimiter brings some of them, MISSING_HEADER where values stand in their place, NOT_CSV
/// where it isn't text (and the line is `sound`); else nothing.
std::optional<HeaderFault> fault_of_header(const Plan& plan, std::string_view text, char delimiter, bool sound);

/// Of a file without a line, or with empty ones alone.
HeaderFault no_header(const Plan& plan, char delimiter);

}  // namespace schemaregistry
