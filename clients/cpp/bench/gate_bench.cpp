// Compare the check of a Parquet file with Arrow C++'s decoding of it: one thread, CPU time.
//
//     gate_bench CONTRACT.pb TICKS.parquet [ROUNDS]
//
// Prints one JSON object. `ratio` is the decoding's time divided by the check's: 1 where checking is free. The two run
// in turn, so that a busy machine slows both; the median of the rounds counts.
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>
#include <parquet/properties.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "schemaregistry/gate.h"

namespace {

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Decode every column of every batch with Arrow's default settings.
arrow::Result<std::int64_t> decode(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path));
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(file));
  parquet::ArrowReaderProperties properties;
  properties.set_use_threads(false);
  builder.properties(properties);
  std::unique_ptr<parquet::arrow::FileReader> reader;
  ARROW_RETURN_NOT_OK(builder.Build(&reader));
  ARROW_ASSIGN_OR_RAISE(auto batches, reader->GetRecordBatchReader());
  std::int64_t rows = 0;
  for (std::shared_ptr<arrow::RecordBatch> batch;;) {
    ARROW_RETURN_NOT_OK(batches->ReadNext(&batch));
    if (!batch) return rows;
    rows += batch->num_rows();
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int fail(const std::string& message) {
  std::fprintf(stderr, "gate_bench: %s\n", message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return fail("gate_bench CONTRACT.pb TICKS.parquet [ROUNDS]");
  std::ifstream file(argv[1], std::ios::binary);
  const std::string contract((std::istreambuf_iterator<char>(file)), {});
  const auto gate = schemaregistry::Gate::make(contract);
  if (!gate) return fail(gate.error().message);
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  std::vector<double> decoding;
  std::vector<double> checking;
  std::int64_t rows = 0;
  std::string verdict;
  for (int round = 0; round < rounds; ++round) {
    const double begin = cpu_seconds();
    const auto decoded = decode(argv[2]);
    const double between = cpu_seconds();
    const auto report = gate->check({argv[2]});
    const double end = cpu_seconds();
    if (!decoded.ok()) return fail(decoded.status().ToString());
    if (!report || report->rows != *decoded) return fail("the check did not read every row");
    rows = report->rows;
    verdict = report->verdict == schemaregistry::ReportVerdict::conforms ? "conforms" : "violates";
    decoding.push_back(between - begin);
    checking.push_back(end - between);
  }
  const auto nanoseconds = [&](double seconds) { return seconds * 1e9 / static_cast<double>(rows); };
  std::printf(R"({"rows": %lld, "verdict": "%s", "decode_ns_per_row": %.2f, "check_ns_per_row": %.2f, "ratio": %.3f})"
              "\n",
              static_cast<long long>(rows), verdict.c_str(), nanoseconds(median(decoding)),
              nanoseconds(median(checking)), median(decoding) / median(checking));
  return 0;
}
