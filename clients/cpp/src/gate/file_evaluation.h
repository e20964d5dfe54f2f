/// Evaluate a file's rows batch by batch, and add the rules they break to a tally.
///
/// `kernels.h` finds the rows that may fail, `interpreter.h` those that do.
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "binding.h"
#include "interpreter.h"
#include "kernels.h"
#include "plan.h"
#include "row.h"
#include "tally.h"

namespace schemaregistry {

/// The evaluation of one file.
class FileEvaluation {
 public:
  FileEvaluation(const Plan& plan, Tally& tally, std::string path)
      : plan_(plan), tally_(tally), path_(std::move(path)) {}

  /// Bind the file's schema. Faults in the schema are violations, also in a file without rows.
  const Binding& bind(const arrow::Schema& schema, const UnreadTexts& unread = {});
  /// Evaluate the rows of a batch; `arrays` has the file's columns at their indices, null where one isn't needed.
  void take(const std::vector<std::shared_ptr<arrow::Array>>& arrays, std::int64_t rows);
  /// Evaluate one row of a text format.
  void take(Row& row, std::int64_t line);
  /// Add one record that was judged as JSON: the rules it breaks, each with the value at fault.
  void take(const std::map<RuleKey, Value>& broken, std::int64_t line);
  /// Add notes about columns of other types whose values all fit.
  void finish();

  std::int64_t rows() const { return rows_; }
  const Binding& binding() const { return binding_; }

 private:
  /// The rows of a batch that may fail a check: none, the marked ones, or any.
  struct Suspects {
    bool any = false;
    Marks marks;
    bool none() const { return !any && marks.empty(); }
    bool has(std::size_t row) const { return any || (!marks.empty() && marks[row] != 0); }
  };

  void judge_schema(const arrow::Schema& schema);
  void judge_names(const std::vector<std::string>& names);
  void judge_renamed();
  void judge_fault(const Check& check, const arrow::Schema& schema);
  bool is_missing(std::uint32_t place) const;
  Suspects suspects_of(const Check& check, const std::vector<std::shared_ptr<arrow::Array>>& arrays) const;
  bool may_have_extras(const Check& check) const;
  Suspects suspects_at(const Check& check, const arrow::Array& array) const;
  std::shared_ptr<arrow::Array> array_at(const Place& place,
                                         const std::vector<std::shared_ptr<arrow::Array>>& arrays) const;
  bool judge_row(Row& row, const std::function<bool(std::size_t)>& is_suspect, std::int64_t index,
                 std::optional<std::int64_t> line);
  void add_notes(const Place& place);

  /// A violation of a row that may have been found in that row already.
  struct Hit {
    RuleKey key;
    std::string expected;
    std::function<Value()> show;
  };
  std::vector<Hit> hits_of(const Check& check, const Failure& failure, Row& row);
  std::vector<Hit> residual_hits(const Check& check, const Failure& failure, Row& row) const;

  const Plan& plan_;
  Tally& tally_;
  const std::string path_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::string> names_;
  Binding binding_;
  std::unique_ptr<ArrowRow> row_;
  std::unique_ptr<Interpreter> interpreter_;
  std::int64_t rows_ = 0;
};

}  // namespace schemaregistry
