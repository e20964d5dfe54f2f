// The gate as a library: contracts made by hand, hostile ones among them, over batches in memory.
#include "schemaregistry/gate.h"

#include <arrow/api.h>
#include <arrow/extension_type.h>
#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <new>
#include <set>
#include <stdexcept>

#include "registry_process.h"
#include "schemaregistry/loader.h"
#include "schemaregistry/v1/contract.pb.h"
#include "ticks_v1.h"

namespace schemaregistry::testing {
namespace {

/// One optional column `a` of a type, which holds it, and what a test adds.
v1::Contract contract_of(v1::TypeName type) {
  v1::Contract contract;
  contract.set_id("made_v1");
  contract.set_version("1.0.0");
  contract.set_fingerprint("sha256:made");
  contract.set_plan_version(1);
  contract.set_schema_json(R"({"properties":{"a":{}},"type":"object"})");
  auto* field = contract.add_columns()->mutable_field();
  field->set_name("a");
  field->mutable_type()->set_name(type);
  field->set_nullable(true);
  contract.add_places();
  auto* place = contract.add_places();
  place->set_member("a");
  place->set_typed(true);
  auto* fits = contract.add_checks();
  fits->set_place(1);
  fits->set_rule("type");
  fits->set_pointer("/properties/a/type");
  fits->mutable_fits()->set_arrow_pointer("/arrow/fields/0/type");
  return contract;
}

v1::Check* add_check(v1::Contract& contract, const std::string& rule) {
  auto* check = contract.add_checks();
  check->set_place(1);
  check->set_rule(rule);
  check->set_pointer("/properties/a/" + rule);
  return check;
}

Gate gate_of(const v1::Contract& contract) { return *Gate::make(contract.SerializeAsString()); }

template <class Builder, class Value>
std::shared_ptr<arrow::Array> array_of(const std::vector<std::optional<Value>>& values) {
  Builder builder;
  for (const auto& value : values) EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return *builder.Finish();
}

Report check(const Gate& gate, const std::shared_ptr<arrow::Array>& array, const std::string& name = "a") {
  const auto schema = arrow::schema({arrow::field(name, array->type())});
  const auto batch = arrow::RecordBatch::Make(schema, array->length(), {array});
  auto reader = *arrow::RecordBatchReader::Make({batch}, schema);
  return *gate.check(*reader);
}

std::vector<std::int64_t> failing_rows(const Report& report) {
  std::set<std::int64_t> rows;
  for (const auto& violation : report.violations) {
    for (const auto& example : violation.examples) rows.insert(example.row);
  }
  return {rows.begin(), rows.end()};
}

using Rows = std::vector<std::int64_t>;

TEST(GateTest, FindsTheRowsBelowABound) {
  v1::Contract contract = contract_of(v1::TYPE_NAME_INT32);
  add_check(contract, "minimum")->mutable_minimum()->set_limit("0.5");
  const Gate gate = gate_of(contract);
  const Report report = check(gate, array_of<arrow::Int32Builder, int>({1, 0, std::nullopt, -1, 7}));
  EXPECT_EQ(report.verdict, ReportVerdict::violates);
  EXPECT_EQ(report.rows_failing, 2);
  EXPECT_EQ(failing_rows(report), (Rows{1, 3}));
  EXPECT_EQ(report.violations.at(0).rule, "minimum");
  EXPECT_EQ(report.violations.at(0).column, "a");
  EXPECT_EQ(report.violations.at(0).examples.at(0).value, "0");
}

TEST(GateTest, ComparesDoublesWithIntegersBeyondThem) {
  v1::Contract contract = contract_of(v1::TYPE_NAME_FLOAT64);
  add_check(contract, "maximum")->mutable_maximum()->set_limit("9007199254740993");  // 2^53 + 1, which no double is.
  const Gate gate = gate_of(contract);
  const double below = 9007199254740992.0;
  const double above = 9007199254740994.0;
  EXPECT_EQ(failing_rows(check(gate, array_of<arrow::DoubleBuilder, double>({below, above}))), (Rows{1}));
}

TEST(GateTest, TakesNoNumberForNanOrInfinity) {
  const Gate gate = gate_of(contract_of(v1::TYPE_NAME_FLOAT64));
  const double inf = std::numeric_limits<double>::infinity();
  const auto array = array_of<arrow::DoubleBuilder, double>({1.0, std::nan(""), -inf, std::nullopt, 5e-324});
  const Report report = check(gate, array);
  EXPECT_EQ(failing_rows(report), (Rows{1, 2}));
  EXPECT_EQ(report.violations.at(0).examples.at(0).value, "\"NaN\"");
}

TEST(GateTest, LooksBehindTheOffsetOfASlice) {
  v1::Contract contract = contract_of(v1::TYPE_NAME_UTF8);
  auto* values = add_check(contract, "enum")->mutable_values();
  values->add_json("\"B\"");
  values->add_json("\"S\"");
  const auto array = array_of<arrow::StringBuilder, std::string>({"X", "B", std::nullopt, "S", "X"})->Slice(1, 3);
  const Gate gate = gate_of(contract);
  EXPECT_EQ(check(gate, array).verdict, ReportVerdict::conforms);
  EXPECT_EQ(failing_rows(check(gate, array_of<arrow::StringBuilder, std::string>({"B", "b"}))), (Rows{1}));
}

TEST(GateTest, CountsCharactersAndNotBytes) {
  v1::Contract contract = contract_of(v1::TYPE_NAME_UTF8);
  add_check(contract, "maxLength")->mutable_max_length()->set_limit(2);
  const auto array = array_of<arrow::StringBuilder, std::string>({"日本", "日本語", "abc", "ab"});
  EXPECT_EQ(failing_rows(check(gate_of(contract), array)), (Rows{1, 2}));
}

TEST(GateTest, DoesNotJudgeABatchThatIsUnsound) {
  const Report report =
      check(gate_of(contract_of(v1::TYPE_NAME_UTF8)), array_of<arrow::StringBuilder, std::string>({"\xFF"}));
  EXPECT_EQ(report.verdict, ReportVerdict::undecided);
  EXPECT_EQ(report.error->reason, "CORRUPT");
}

TEST(GateTest, RefusesAColumnOfAnotherTypeAsAWhole) {
  const Report report = check(gate_of(contract_of(v1::TYPE_NAME_INT32)),
                              array_of<arrow::StringBuilder, std::string>({"1", std::nullopt}));
  EXPECT_EQ(report.rows_failing, 1);
  EXPECT_EQ(report.violations.at(0).rule, "arrow");
  EXPECT_EQ(report.violations.at(0).actual, "utf8 column");
}

TEST(GateTest, RefusesTwoColumnsOfOneName) {
  const auto array = array_of<arrow::Int32Builder, int>({1});
  const auto schema = arrow::schema({arrow::field("a", arrow::int32()), arrow::field("a", arrow::int32())});
  auto reader = *arrow::RecordBatchReader::Make({arrow::RecordBatch::Make(schema, 1, {array, array})}, schema);
  const Report report = *gate_of(contract_of(v1::TYPE_NAME_INT32)).check(*reader);
  EXPECT_EQ(report.verdict, ReportVerdict::undecided);
  EXPECT_EQ(report.error->reason, "DUPLICATE_COLUMN");
  EXPECT_EQ(report.exit_code(), 3);
}

/// A reader of one column `a` that ends as a test says.
class EndingReader : public arrow::RecordBatchReader {
 public:
  explicit EndingReader(std::function<arrow::Status()> end) : end_(std::move(end)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return arrow::schema({arrow::field("a", arrow::int32())}); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>*) override { return end_(); }

 private:
  std::function<arrow::Status()> end_;
};

TEST(GateTest, DoesNotLetThroughWhatAReaderThrows) {
  const Gate gate = gate_of(contract_of(v1::TYPE_NAME_INT32));
  EndingReader full([]() -> arrow::Status { throw std::bad_alloc(); });
  const auto report = gate.check(full);
  ASSERT_TRUE(report);
  ASSERT_TRUE(report->error);
  EXPECT_EQ(report->error->reason, "OUT_OF_MEMORY");
  EndingReader broken([]() -> arrow::Status { throw std::runtime_error("the wire broke"); });
  EXPECT_NE(gate.check(broken).error().message.find("the wire broke"), std::string::npos);
  EndingReader strange([]() -> arrow::Status { throw 7; });
  EXPECT_EQ(gate.check(strange).error().code, Code::internal);
}

TEST(GateTest, SaysWhyAReaderCouldNotGoOn) {
  const Gate gate = gate_of(contract_of(v1::TYPE_NAME_INT32));
  EndingReader broken([] { return arrow::Status::IOError("the wire broke"); });
  EndingReader full([] { return arrow::Status::OutOfMemory("malloc of size 64 failed"); });
  const Report wire = *gate.check(broken);
  EXPECT_EQ(wire.verdict, ReportVerdict::undecided);
  EXPECT_EQ(wire.error->message, "the wire broke");
  EXPECT_EQ(gate.check(full)->error->reason, "OUT_OF_MEMORY");
}

/// What makes a contract one that can't be trusted.
struct Hostile {
  const char* name;
  std::function<void(v1::Contract&)> change;
};

class HostileContractTest : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileContractTest, IsRefused) {
  v1::Contract contract = contract_of(v1::TYPE_NAME_UTF8);
  GetParam().change(contract);
  const auto gate = Gate::make(contract.SerializeAsString());
  ASSERT_FALSE(gate);
  EXPECT_EQ(gate.error().code, Code::failed_precondition);
  EXPECT_EQ(gate.error().reason, "UNKNOWN_PLAN");
  EXPECT_NE(gate.error().message, "");
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, HostileContractTest,
    ::testing::Values(
        Hostile{"NoVersion", [](auto& c) { c.clear_plan_version(); }},
        Hostile{"VersionToCome", [](auto& c) { c.set_plan_version(99); }},
        Hostile{"NoPlaces", [](auto& c) { c.clear_places(); }},
        Hostile{"PlaceInItself", [](auto& c) { c.mutable_places(1)->set_parent(1); }},
        Hostile{"PlaceBeforeItsParent", [](auto& c) { c.mutable_places(1)->set_parent(7); }},
        Hostile{"PlaceOfAnotherColumn", [](auto& c) { c.mutable_places(1)->set_member("b"); }},
        Hostile{"CheckWithoutKind", [](auto& c) { add_check(c, "x"); }},
        Hostile{"CheckOfNoPlace", [](auto& c) { c.mutable_checks(0)->set_place(99); }},
        Hostile{"CheckOfItemsThatAreNone", [](auto& c) { c.mutable_places(1)->set_item(true); }},
        Hostile{"DivisorZero", [](auto& c) { add_check(c, "multipleOf")->mutable_multiple_of(); }},
        Hostile{"LimitThatIsNoNumber", [](auto& c) { add_check(c, "minimum")->mutable_minimum()->set_limit("NaN"); }},
        Hostile{"ValueThatIsNoJson", [](auto& c) { add_check(c, "enum")->mutable_values()->add_json("{"); }},
        Hostile{"PatternThatIsNone", [](auto& c) { add_check(c, "pattern")->mutable_pattern()->set_re2("("); }},
        Hostile{"PatternOfTooMuchMemory",
                [](auto& c) { add_check(c, "pattern")->mutable_pattern()->set_re2("((a{1000}){1000}){1000}"); }},
        Hostile{"FormatThatIsNone", [](auto& c) { add_check(c, "format")->mutable_format()->set_name("colour"); }},
        Hostile{"ConditionThatIsNone", [](auto& c) { add_check(c, "anyOf")->mutable_any_of()->add_conditions(3); }},
        Hostile{"ConditionOnItself",
                [](auto& c) {
                  auto* condition = c.add_conditions();
                  condition->set_place(1);
                  auto* check = condition->add_checks();
                  check->set_place(1);
                  check->mutable_not_()->add_conditions(0);
                }},
        Hostile{"GuardThatIsNone", [](auto& c) { c.mutable_checks(0)->add_guards()->set_condition(0); }},
        Hostile{"ResidualThatIsNone", [](auto& c) { add_check(c, "x")->mutable_residual()->set_residual(0); }},
        Hostile{"ResidualOfNothing", [](auto& c) { c.add_residuals()->set_schema_pointer("/properties/b"); }},
        Hostile{"DocumentThatIsNoJson", [](auto& c) { c.set_schema_json("{"); }},
        Hostile{"ReferenceInACircle",
                [](auto& c) {
                  c.set_schema_json(R"({"properties":{"a":{"$ref":"#/properties/a"}}})");
                  c.add_residuals()->set_schema_pointer("/properties/a");
                }},
        Hostile{"ReferencesThatMultiply",
                [](auto& c) {
                  std::string definitions;
                  for (int i = 0; i < 40; ++i) {
                    const std::string next = R"({"$ref":"#/definitions/d)" + std::to_string(i + 1) + "\"}";
                    definitions += "\"d" + std::to_string(i) + R"(":{"allOf":[)" + next + "," + next + "]},";
                  }
                  c.set_schema_json(R"({"definitions":{)" + definitions +
                                    R"("d40":{}},"properties":{"a":{"$ref":"#/definitions/d0"}}})");
                  c.add_residuals()->set_schema_pointer("/properties/a");
                }},
        Hostile{
            "TypeWithoutUnit",
            [](auto& c) { c.mutable_columns(0)->mutable_field()->mutable_type()->set_name(v1::TYPE_NAME_TIMESTAMP); }},
        Hostile{
            "TypeToCome",
            [](auto&
                   c) { c.mutable_columns(0)->mutable_field()->mutable_type()->set_name(static_cast<v1::TypeName>(99)); }},
        Hostile{
            "DecimalOfNoDigits",
            [](auto&
                   c) { c.mutable_columns(0)->mutable_field()->mutable_type()->set_name(v1::TYPE_NAME_DECIMAL128); }}),
    [](const auto& test) { return test.param.name; });

TEST(HostileContractTest, BytesThatAreNoContractAreRefused) {
  EXPECT_EQ(Gate::make("\xFF\xFF\xFF").error().reason, "UNKNOWN_PLAN");
  EXPECT_EQ(Gate::make("").error().reason, "UNKNOWN_PLAN");
}

TEST(HostileContractTest, ConditionsThatMultiplyAreEachJudgedOnce) {
  v1::Contract contract = contract_of(v1::TYPE_NAME_INT32);
  for (int i = 0; i < 200; ++i) {
    auto* condition = contract.add_conditions();
    condition->set_place(1);
    for (int twice = 0; twice < 2 && i > 0; ++twice) {
      auto* check = condition->add_checks();
      check->set_place(1);
      check->mutable_not_()->add_conditions(static_cast<std::uint32_t>(i - 1));
    }
  }
  add_check(contract, "anyOf")->mutable_any_of()->add_conditions(199);
  const Report report = check(gate_of(contract), array_of<arrow::Int32Builder, int>({1, 2}));
  EXPECT_EQ(report.verdict, ReportVerdict::violates);
}

TEST(LoaderTest, ReadsNothingWhereTheContractIsAnother) {
  const Gate gate = gate_of(contract_of(v1::TYPE_NAME_INT32));
  const auto rows = load_rows<contracts::TicksV1>(gate, {"/nowhere/at/all.parquet"});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().reason, "CONTRACT_CHANGED");
}

TEST(LoaderTest, RefusesToMapABatchOfOtherColumns) {
  const auto schema = arrow::schema({arrow::field("ts", arrow::utf8())});
  const auto batch = arrow::RecordBatch::Make(schema, 0, {*arrow::MakeEmptyArray(arrow::utf8())});
  const auto ticks = contracts::TicksV1::map(*batch);
  ASSERT_FALSE(ticks);
  EXPECT_EQ(ticks.error().reason, "WRONG_COLUMNS");
}

TEST(LoaderTest, HandsOnColumnsInTheContractsTypes) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "a.csv").string();
  std::ofstream(path) << "b,a\nx,1\ny,\n\"z\",-3\n";
  const Gate gate = gate_of(contract_of(v1::TYPE_NAME_INT16));
  const auto loaded = gate.load({path});
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->report.verdict, ReportVerdict::conforms) << loaded->report.to_text();
  ASSERT_EQ(loaded->batches.size(), 1u);
  EXPECT_TRUE(loaded->batches[0]->Equals(*arrow::RecordBatch::Make(
      gate.schema(), 3, {array_of<arrow::Int16Builder, std::int16_t>({1, std::nullopt, -3})})))
      << loaded->batches[0]->ToString();
}

TEST(LoaderTest, KeepsTheSignOfAZero) {
  const TemporaryFolder folder;
  const Gate gate = gate_of(contract_of(v1::TYPE_NAME_FLOAT64));
  for (const auto& [name, text] : {std::pair("a.ndjson", "{\"a\": -0}\n{\"a\": -0.0}\n{\"a\": -0e1}\n"),
                                   std::pair("a.csv", "a,b\n-0,x\n-0.0,x\n-0e1,x\n")}) {
    const std::string path = (folder.path() / name).string();
    std::ofstream(path) << text;
    const auto loaded = gate.load({path});
    ASSERT_TRUE(loaded);
    ASSERT_EQ(loaded->batches.size(), 1u) << loaded->report.to_text();
    const auto& numbers = static_cast<const arrow::DoubleArray&>(*loaded->batches[0]->column(0));
    for (std::int64_t i = 0; i < 3; ++i) EXPECT_TRUE(std::signbit(numbers.Value(i))) << name << " " << i;
  }
}

/// The texts of the rows that a gate hands on of a file of JSON values.
std::string loaded_json(const std::string& name, const std::string& text) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / name).string();
  std::ofstream(path) << text;
  const Gate gate = gate_of(contract_of(v1::TYPE_NAME_JSON));
  const auto loaded = gate.load({path});
  EXPECT_TRUE(loaded);
  EXPECT_EQ(loaded->report.verdict, ReportVerdict::conforms) << loaded->report.to_text();
  EXPECT_EQ(loaded->batches.size(), 1u);
  EXPECT_TRUE(loaded->batches[0]->schema()->Equals(*gate.schema()));
  EXPECT_TRUE(loaded->batches[0]->ValidateFull().ok());
  std::string found;
  const auto& column = static_cast<const arrow::ExtensionArray&>(*loaded->batches[0]->column(0));
  const auto& texts = static_cast<const arrow::StringArray&>(*column.storage());
  for (std::int64_t i = 0; i < texts.length(); ++i) found += texts.IsNull(i) ? "-\n" : texts.GetString(i) + "\n";
  return found;
}

TEST(LoaderTest, HandsOnJsonAsTheTextThatTheLineHas) {
  EXPECT_EQ(
      loaded_json("a.ndjson",
                  "{\"a\": 1.10}\n{\"b\": 1, \"a\":  {\"x\" : 1e400} }\n{}\n{\"a\": null}\n{\"a\": \"\\u0041\"}\n"),
      "1.10\n{\"x\" : 1e400}\n-\nnull\n\"\\u0041\"\n");
}

TEST(LoaderTest, HandsOnJsonAsTheTextThatTheFieldHas) {
  EXPECT_EQ(loaded_json("a.csv", "a,b\n1.10,x\n\"{ \"\"x\"\": 1}\",x\n,x\nnull,x\n"), "1.10\n{ \"x\": 1}\n-\nnull\n");
}

TEST(GateTest, JudgesTextsOfAColumnOfJsonAsJson) {
  const Gate gate = gate_of(contract_of(v1::TYPE_NAME_JSON));
  const auto texts =
      array_of<arrow::StringBuilder, std::string>({"1", "a", std::nullopt, "{\"x\": 1, \"x\": 2}", "null"});
  EXPECT_EQ(failing_rows(check(gate, texts)), (std::vector<std::int64_t>{1, 3}));
}

TEST(LoaderTest, HandsOnNothingOfAFileThatFailsAtItsEnd) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "a.ndjson").string();
  {
    std::ofstream file(path);
    for (int i = 0; i < 100'000; ++i) file << "{\"a\": " << i << "}\n";
    file << "{\"a\": 1.5}\n";
  }
  const auto loaded = gate_of(contract_of(v1::TYPE_NAME_INT32)).load({path});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->report.verdict, ReportVerdict::violates);
  EXPECT_EQ(loaded->report.violations.at(0).examples.at(0).line, 100'001);
  EXPECT_TRUE(loaded->batches.empty());
}

TEST(LoaderTest, SaysWhereAFileIsNoJson) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "a.ndjson").string();
  std::ofstream(path) << "{\"a\": 1}\n{\"a\": NaN}\n";
  const auto report = gate_of(contract_of(v1::TYPE_NAME_INT32)).check({path});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->verdict, ReportVerdict::undecided);
  EXPECT_EQ(report->error->reason, "NOT_JSON");
  EXPECT_EQ(report->error->line, 2);
  EXPECT_EQ(report->error->offset, 9);
}

}  // namespace
}  // namespace schemaregistry::testing
