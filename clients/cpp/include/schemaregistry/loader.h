/// Load files as structs of typed spans, for example for a back-test. `schemaregistry cpp` makes the struct of a
/// contract.
///
///     #include <schemaregistry/loader.h>
///     #include "ticks_v1.h"                                        // schemaregistry cpp ticks_v1 > ticks_v1.h
///
///     auto rows = schemaregistry::load_rows<schemaregistry::contracts::TicksV1>(*gate, {"ticks.parquet"});
///     if (!rows) return fail(rows.error());                        // the contract has changed since: nothing was read
///     if (rows->report.verdict != schemaregistry::ReportVerdict::conforms) return halt(rows->report.to_text());
///     for (const auto& ticks : rows->batches)
///       for (std::size_t i = 0; i < ticks.row_count(); ++i) strategy.on_tick(ticks.symbol[i], ticks.price[i]);
#pragma once

#include <arrow/record_batch.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "schemaregistry/gate.h"
#include "schemaregistry/guarded.h"

namespace schemaregistry {

/// The result of `load_rows`: the report, and the columns of each batch where all rows conform.
template <class Columns>
struct Rows {
  Report report;
  std::vector<Columns> batches;
  /// The batches that the spans in `batches` point into.
  std::vector<std::shared_ptr<arrow::RecordBatch>> memory;
};

/// Compare the struct's fingerprint with the gate's contract; fails with FAILED_PRECONDITION (reason CONTRACT_CHANGED)
/// where the struct was made from another one.
template <class Columns>
Result<bool> made_for(const Gate& gate) {
  if (gate.fingerprint() == Columns::kFingerprint) return true;
  return Error{Code::failed_precondition,
               "CONTRACT_CHANGED",
               "this program was built for " + std::string(Columns::kId) + " " + std::string(Columns::kVersion) + " (" +
                   std::string(Columns::kFingerprint) + "), the contract is " + gate.id() + " " + gate.version() +
                   " (" + gate.fingerprint() + "): make its header anew (`schemaregistry cpp " + gate.id() +
                   "`) and build again",
               "",
               {}};
}

/// Check files, and map their rows where all conform. Fails as `made_for`, before any file is read, and as
/// `Gate::load`.
template <class Columns>
Result<Rows<Columns>> load_rows(const Gate& gate, const std::vector<std::string>& files,
                                const CheckOptions& options = {}) {
  return guarded([&]() -> Result<Rows<Columns>> {
    if (auto same = made_for<Columns>(gate); !same) return std::move(same).error();
    auto loaded = gate.load(files, options);
    if (!loaded) return std::move(loaded).error();
    Rows<Columns> rows;
    rows.report = std::move(loaded->report);
    rows.memory = std::move(loaded->batches);
    for (const auto& batch : rows.memory) {
      auto columns = Columns::map(*batch);
      if (!columns) return std::move(columns).error();
      rows.batches.push_back(*std::move(columns));
    }
    return rows;
  });
}

}  // namespace schemaregistry
