/// A moving-average crossover over ticks: the smallest strategy that is one.
/// Reads no files.
///
/// Long one unit of a symbol while the mean of its last `fast` prices is above
/// that of its last `slow`, else flat. Trades are at the tick's own price,
/// without costs. Money is in ten-thousandths: sums of integers don't depend on
/// a compiler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ticks_v1.h"

namespace backtest {

struct Result {
  std::int64_t ticks = 0;
  std::int64_t symbols = 0;
  std::int64_t trades = 0;
  /// Profit of closed positions, and of open ones at their symbols' last
  /// prices; in ten-thousandths.
  std::int64_t profit = 0;
  /// The largest fall of the profit of closed positions from its highest so
  /// far.
  std::int64_t drawdown = 0;

  std::string to_json() const;
  std::string to_text() const;
};

class Crossover {
 public:
  Crossover(std::size_t fast = 5, std::size_t slow = 20) : fast_(fast), slow_(slow) {}

  void take(const schemaregistry::contracts::TicksV1 &ticks);
  Result result() const;

 private:
  /// One symbol's last prices, newest overwriting oldest, and its position.
  struct State {
    std::vector<std::int64_t> prices;
    std::size_t seen = 0;
    std::int64_t fast_sum = 0;
    std::int64_t slow_sum = 0;
    std::int64_t last = 0;
    std::int64_t entry = 0;
    bool is_long = false;
  };

  void take(State &state, std::int64_t price);
  void close(State &state, std::int64_t price);

  std::size_t fast_;
  std::size_t slow_;
  std::unordered_map<std::string, State> states_;
  std::int64_t ticks_ = 0;
  std::int64_t trades_ = 0;
  std::int64_t closed_ = 0;
  std::int64_t highest_ = 0;
  std::int64_t drawdown_ = 0;
};

}  // namespace backtest
