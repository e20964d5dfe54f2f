/// Test a header made by `schemaregistry cpp`: it maps the rows that a gate of its contract loads.
#pragma once

#include <arrow/array/util.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "schemaregistry/gate.h"
#include "schemaregistry/loader.h"

namespace schemaregistry::testing {

/// Map batches in the gate's types: an empty one, one of nulls, and one that lacks the columns.
template <class Columns>
void expect_maps(const std::string& contract_file) {
  std::ifstream file(contract_file, std::ios::binary);
  const auto gate = Gate::make(std::string((std::istreambuf_iterator<char>(file)), {}));
  ASSERT_TRUE(gate) << gate.error().message;
  EXPECT_EQ(gate->id(), Columns::kId);
  EXPECT_EQ(gate->version(), Columns::kVersion);
  EXPECT_TRUE(made_for<Columns>(*gate));
  for (const std::int64_t rows : {0, 3}) {
    arrow::ArrayVector columns;
    for (const auto& field : gate->schema()->fields()) columns.push_back(*arrow::MakeArrayOfNull(field->type(), rows));
    const auto batch = arrow::RecordBatch::Make(gate->schema(), rows, columns);
    const auto mapped = Columns::map(*batch);
    ASSERT_TRUE(mapped) << mapped.error().message;
    EXPECT_EQ(mapped->row_count(), static_cast<std::size_t>(rows));
  }
  const auto nothing =
      Columns::map(*arrow::RecordBatch::Make(arrow::schema(arrow::FieldVector{}), 0, arrow::ArrayVector{}));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().reason, "WRONG_COLUMNS");
}

}  // namespace schemaregistry::testing
