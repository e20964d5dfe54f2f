// Judge files named on standard input: each line `CONTRACT<tab>FILE` is answered with a line of JSON.
// bench/fuzz_files.py sends it damaged files.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "schemaregistry/gate.h"

namespace {

using schemaregistry::Gate;
using schemaregistry::Result;

Result<Gate> gate_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return Gate::make(std::string((std::istreambuf_iterator<char>(file)), {}));
}

std::string answer(const Gate& gate, const std::string& file) {
  const auto report = gate.check({file});
  if (!report) return R"({"verdict": "raised", "reason": ")" + report.error().reason + "\"}";
  const int code = report->exit_code();
  const std::string verdict = code == 0 ? "conforms" : code == 1 ? "violates" : "undecided";
  return R"({"verdict": ")" + verdict + R"(", "reason": )" +
         (report->error ? "\"" + report->error->reason + "\"" : std::string("null")) + "}";
}

}  // namespace

int main() {
  std::map<std::string, Gate> gates;
  for (std::string line; std::getline(std::cin, line);) {
    const auto tab = line.find('\t');
    const std::string contract = line.substr(0, tab);
    auto known = gates.find(contract);
    if (known == gates.end()) {
      auto made = gate_of(contract);
      if (!made) return 2;
      known = gates.emplace(contract, *std::move(made)).first;
    }
    std::puts(answer(known->second, line.substr(tab + 1)).c_str());
    std::fflush(stdout);
  }
}
