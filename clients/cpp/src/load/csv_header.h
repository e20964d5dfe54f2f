/// Detect a wrong delimiter, or a missing header, in the first line of a CSV file.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plan.h"

namespace schemaregistry {

/// Why a header has none of the contract's columns.
struct HeaderFault {
  std::string reason;
  std::string message;
};

/// WRONG_DELIMITER where another delimiter gives some of the contract's columns, MISSING_HEADER where the line has
/// values in place of names, NOT_CSV where it isn't text (and the line is `sound`, that is, valid CSV); else empty.
std::optional<HeaderFault> fault_of_header(const Plan& plan, std::string_view text, char delimiter, bool sound);

/// The fault of a file without lines, or with empty lines only.
HeaderFault no_header(const Plan& plan, char delimiter);

/// Name the columns that have no name by their position: `(column 3)`, where the first is 1; returns these names.
/// Spreadsheets end lines with such columns, pandas and R begin them with one. A blank name counts as a name if one of
/// the contract's columns is blank.
std::set<std::string> number_unnamed(const Plan& plan, std::vector<std::string>& names);

}  // namespace schemaregistry
