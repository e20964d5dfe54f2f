/// Collect a text file's rows, and pass them on in batches to the `Keep` function of the reading.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "conform.h"
#include "reading.h"

namespace schemaregistry {

/// The judged rows of one file. Each call returns why the file can't be read on, or nothing.
class KeptRows {
 public:
  explicit KeptRows(Reading& reading) : reading_(reading), collector_(reading.plan) {}

  /// Add a row; `columns` are its values in the contract's order.
  std::optional<Fault> add(const std::vector<const Value*>& columns) {
    const auto status = collector_.add(columns);
    if (!status.ok()) return reading_.fault("CORRUPT", status.message());
    return collector_.rows() >= kBatchRows ? flush() : std::nullopt;
  }

  /// Pass on the rows added since the last batch.
  std::optional<Fault> flush() {
    if (!reading_.keeps() || collector_.rows() == 0) return std::nullopt;
    auto batch = collector_.batch();
    if (!batch.ok()) return reading_.fault("CORRUPT", batch.status().message());
    reading_.keep(*std::move(batch));
    return std::nullopt;
  }

 private:
  static constexpr std::int64_t kBatchRows = 1 << 16;

  Reading& reading_;
  RowCollector collector_;
};

}  // namespace schemaregistry
