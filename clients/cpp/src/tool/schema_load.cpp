// `schema-load`: fetch the current contract, check files against it, halt where they don't conform, else run the
// back-test of examples/backtest on their rows.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "crossover.h"
#include "schemaregistry/client.h"
#include "schemaregistry/gate.h"
#include "schemaregistry/loader.h"
#include "standard_streams.h"
#include "terminal.h"

namespace {

using schemaregistry::Code;
using schemaregistry::Error;
using schemaregistry::Gate;
using schemaregistry::on_one_line;
using schemaregistry::Report;
using schemaregistry::Result;
using schemaregistry::contracts::TicksV1;

constexpr int kUsage = 2;
constexpr int kUndecided = 3;

constexpr const char* kHelp = R"(Usage: schema-load FILE... (--schema ID[@VERSION] | --contract FILE.pb) [options]

Check Parquet, Arrow, CSV, NDJSON and JSON files by a contract of the registry. Texts are read as .gz, .zst, .bz2, .xz
and from a .zip of one file, too; standard input isn't read here: `schemaregistry check -` reads it. Where every row conforms, map their columns
to typed spans and run the moving-average crossover of examples/backtest on them (ticks_v1); else halt with the report.

  --schema ID[@VERSION]   what they must conform to; the latest version where none is named,
                          the newest of a line with ID@^1.2, ID@1.2 or ID@1
  --contract FILE.pb      the same from a file (`schemaregistry contract ID -o FILE.pb`), without a registry
  --check-only            report, and no more: for files of any schema
  --json                  print one JSON object: the report, and what the back-test found under "backtest"
  --format FORMAT         parquet, arrow, csv, ndjson or json, where the files' names don't tell it
  --delimiter, --encoding, --comment, --skip-lines, --null, --escape
                          how CSV files are written, over what the contract says of it (x-csv in the document)
  --strict                exit with 3 where a directory holds files whose names tell no format
  --registry HOST:PORT    where the registry is [SCHEMAREGISTRY_TARGET, localhost:50051]
  --version               print the version
  --ca, --cert, --key     PEM files [SCHEMAREGISTRY_CA, _CERT, _KEY; else the dev ones of SCHEMAREGISTRY_DATA or ./.data]

After -- every word is a file, also one that begins with -.

Exit codes: 0 conforms, 1 does not, 2 usage, 3 could not tell.
)";

struct LoadOptions {
  std::vector<std::string> files;
  std::string schema;
  std::string contract;
  std::string format;
  schemaregistry::CsvDialect csv;
  std::string skip_lines;
  std::string registry;
  schemaregistry::Credentials credentials;
  bool json = false;
  bool check_only = false;
  bool strict = false;
  bool help = false;
  bool version = false;
};

Error usage(const std::string& message) { return {Code::invalid_argument, "USAGE", message + " (see --help)", "", {}}; }

std::string variable(const char* name, const char* otherwise) {
  const char* text = std::getenv(name);
  return text && *text ? text : otherwise;
}

std::string* value_of(LoadOptions& options, std::string_view name) {
  if (name == "--schema") return &options.schema;
  if (name == "--contract") return &options.contract;
  if (name == "--format") return &options.format;
  if (name == "--delimiter") return &options.csv.delimiter;
  if (name == "--encoding") return &options.csv.encoding;
  if (name == "--comment") return &options.csv.comment;
  if (name == "--escape") return &options.csv.escape;
  if (name == "--skip-lines") return &options.skip_lines;
  if (name == "--null") return &options.csv.null.emplace_back();
  if (name == "--registry") return &options.registry;
  if (name == "--ca") return &options.credentials.ca;
  if (name == "--cert") return &options.credentials.cert;
  return name == "--key" ? &options.credentials.key : nullptr;
}

bool* flag_of(LoadOptions& options, std::string_view name) {
  if (name == "--json") return &options.json;
  if (name == "--check-only") return &options.check_only;
  if (name == "--strict") return &options.strict;
  if (name == "--version") return &options.version;
  return name == "--help" || name == "-h" ? &options.help : nullptr;
}

Result<LoadOptions> parse(const std::vector<std::string>& words) {
  LoadOptions options;
  options.registry = variable("SCHEMAREGISTRY_TARGET", "localhost:50051");
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    if (words[i] == "--") {
      // What follows are files, however their names begin.
      options.files.insert(options.files.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (words[i].rfind("-", 0) != 0 || words[i] == "-") {
      options.files.push_back(words[i]);
    } else if (bool* flag = flag_of(options, words[i])) {
      *flag = true;
    } else if (std::string* value = value_of(options, name)) {
      if (equals == std::string::npos && i + 1 == words.size()) return usage(name + " needs a value");
      *value = equals == std::string::npos ? words[++i] : words[i].substr(equals + 1);
      if (value->empty()) return usage(name + " is empty: is a variable unset?");
    } else {
      return usage("there is no option " + words[i]);
    }
  }
  if (options.help || options.version) return options;
  if (options.csv.delimiter == "tab" || options.csv.delimiter == "\\t") options.csv.delimiter = "\t";
  if (!options.skip_lines.empty()) {
    std::uint32_t lines = 0;
    const char* end = options.skip_lines.data() + options.skip_lines.size();
    const auto read = std::from_chars(options.skip_lines.data(), end, lines);
    if (read.ec != std::errc() || read.ptr != end) return usage("--skip-lines takes a number of lines");
    options.csv.skip_lines = lines;
  }
  if (options.files.empty()) return usage("name the files to load");
  if (std::find(options.files.begin(), options.files.end(), "-") != options.files.end() && !std::ifstream("-"))
    return usage("- is standard input, which isn't read here: give a file, or pipe it to `schemaregistry check -`");
  if (options.schema.empty() == options.contract.empty())
    return usage("say either --schema ID[@VERSION] or --contract FILE.pb");
  return options;
}

Result<schemaregistry::Credentials> credentials_of(const LoadOptions& options) {
  const auto& given = options.credentials;
  const int count = !given.ca.empty() + !given.cert.empty() + !given.key.empty();
  if (count == 3) return given;
  if (count > 0) return usage("--ca, --cert and --key go together");
  return schemaregistry::Credentials::from_environment();
}

/// A contract and its revision in the registry; `notice` says that the version is deprecated or retracted.
struct Pulled {
  std::string contract;
  std::optional<std::int64_t> revision;
  std::string notice{};
};

Result<Pulled> pull(const LoadOptions& options) {
  auto credentials = credentials_of(options);
  if (!credentials) return std::move(credentials).error();
  const auto client = schemaregistry::Client::open({options.registry, *std::move(credentials)});
  if (!client) return client.error();
  const auto at = options.schema.find('@');
  const std::string id = options.schema.substr(0, at);
  const auto schema = client->get(id, at == std::string::npos ? "latest" : options.schema.substr(at + 1));
  if (!schema) return schema.error();
  auto contract = client->contract(id, schema->version);
  if (!contract) return std::move(contract).error();
  return Pulled{*std::move(contract), schema->revision, schema->notice()};
}

Result<Pulled> read(const std::string& path) {
  // A directory is opened like a file, and the first read of it throws.
  std::error_code unknown;
  std::ifstream file(path, std::ios::binary);
  if (file && !std::filesystem::is_directory(path, unknown)) {
    return Pulled{std::string((std::istreambuf_iterator<char>(file)), {}), std::nullopt};
  }
  return Error{Code::invalid_argument, "NO_SUCH_FILE", "can't read the contract " + path, "", {{"file", path}}};
}

int fail(const Error& error) {
  std::fprintf(stderr, "schema-load: %s\n", on_one_line(error.message).c_str());
  const bool of_caller = error.code == Code::invalid_argument || error.code == Code::not_found;
  return of_caller ? kUsage : kUndecided;
}

int print(const LoadOptions& options, const Pulled& pulled, Report report, const backtest::Result* result) {
  if (!pulled.notice.empty()) {
    report.notes.insert(report.notes.begin(), pulled.notice);
    std::fprintf(stderr, "schema-load: %s\n", on_one_line(pulled.notice).c_str());
  }
  std::string text = options.json ? report.to_json() : report.to_text();
  if (result && options.json) text.insert(text.size() - 1, ", \"backtest\": " + result->to_json());
  if (result && !options.json) text += result->to_text();
  std::fprintf(stdout, options.json ? "%s\n" : "%s", text.c_str());
  return schemaregistry::end_output(report.exit_code());
}

int check(const LoadOptions& options, const Gate& gate, const Pulled& pulled) {
  auto report = gate.check(options.files, {options.format, pulled.revision, options.csv, options.strict});
  return report ? print(options, pulled, *std::move(report), nullptr) : fail(report.error());
}

int run_backtest(const LoadOptions& options, const Gate& gate, const Pulled& pulled) {
  if (gate.id() != TicksV1::kId) {
    return fail(
        usage("the back-test here is of " + std::string(TicksV1::kId) + ", not " + gate.id() + ": say --check-only"));
  }
  const auto rows = schemaregistry::load_rows<TicksV1>(gate, options.files,
                                                       {options.format, pulled.revision, options.csv, options.strict});
  if (!rows) return fail(rows.error());
  if (rows->report.verdict != schemaregistry::ReportVerdict::conforms)
    return print(options, pulled, rows->report, nullptr);
  backtest::Crossover crossover;
  for (const TicksV1& ticks : rows->batches) crossover.take(ticks);
  const backtest::Result result = crossover.result();
  return print(options, pulled, rows->report, &result);
}

int run(const std::vector<std::string>& words) {
  const auto options = parse(words);
  if (!options) return fail(options.error());
  if (options->help || options->version) {
    std::fputs(options->help ? kHelp : "schema-load " SCHEMAREGISTRY_VERSION "\n", stdout);
    return schemaregistry::end_output(0);
  }
  const auto pulled = options->contract.empty() ? pull(*options) : read(options->contract);
  if (!pulled) return fail(pulled.error());
  const auto gate = Gate::make(pulled->contract);
  if (!gate) return fail(gate.error());
  return options->check_only ? check(*options, *gate, *pulled) : run_backtest(*options, *gate, *pulled);
}

/// Report an unexpected failure in one line and exit with 3; exit code 1 would mean that the data violate the contract.
[[noreturn]] void end_unexpectedly(const char* what) noexcept {
  std::fprintf(stderr, "schema-load: unexpected error, a fault of this program (%s). Please report this line.\n",
               on_one_line(what).c_str());
  std::_Exit(kUndecided);
}

/// The handler of an exception that nothing catches: in another thread, or out of a `noexcept` function.
[[noreturn]] void end_uncaught() noexcept {
  try {
    if (const auto thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::exception& thrown) {
    end_unexpectedly(thrown.what());
  } catch (...) {
  }
  end_unexpectedly("no description");
}

}  // namespace

int main(int argc, char** argv) {
  // gRPC's own log of a failed handshake adds nothing to the error's sentence.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  std::set_terminate(end_uncaught);
  schemaregistry::open_closed_streams();
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::bad_alloc&) {
    std::fputs("schema-load: memory ran out: give the program more, or less to do.\n", stderr);
    return kUndecided;
  } catch (const std::exception& thrown) {
    end_unexpectedly(thrown.what());
  } catch (...) {
    end_unexpectedly("no description");
  }
}
