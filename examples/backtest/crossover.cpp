#include "crossover.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace backtest {
namespace {

constexpr double kUnit = 10'000;

std::string money(std::int64_t amount) {
  const std::string digits = std::to_string(10'000 + std::abs(amount % 10'000)).substr(1);
  return (amount < 0 ? "-" : "") + std::to_string(std::abs(amount / 10'000)) + "." + digits;
}

}  // namespace

void Crossover::take(const schemaregistry::contracts::TicksV1 &ticks) {
  for (std::size_t row = 0; row < ticks.row_count(); ++row) {
    State &state = states_[std::string(ticks.symbol[row])];
    take(state, std::llround(ticks.price[row] * kUnit));
  }
  ticks_ += static_cast<std::int64_t>(ticks.row_count());
}

void Crossover::take(State &state, std::int64_t price) {
  state.prices.resize(slow_);
  const std::size_t at = state.seen % slow_;
  if (state.seen >= slow_) state.slow_sum -= state.prices[at];
  if (state.seen >= fast_) state.fast_sum -= state.prices[(state.seen - fast_) % slow_];
  state.prices[at] = price;
  state.slow_sum += price;
  state.fast_sum += price;
  state.last = price;
  state.seen += 1;
  if (state.seen < slow_) return;
  // The means compared without dividing.
  const bool above =
      state.fast_sum * static_cast<std::int64_t>(slow_) > state.slow_sum * static_cast<std::int64_t>(fast_);
  if (above == state.is_long) return;
  if (state.is_long) {
    close(state, price);
  } else {
    state.entry = price;
  }
  state.is_long = above;
  trades_ += 1;
}

void Crossover::close(State &state, std::int64_t price) {
  closed_ += price - state.entry;
  highest_ = std::max(highest_, closed_);
  drawdown_ = std::max(drawdown_, highest_ - closed_);
}

Result Crossover::result() const {
  Result found{ticks_, static_cast<std::int64_t>(states_.size()), trades_, closed_, drawdown_};
  for (const auto &[symbol, state] : states_) {
    if (state.is_long) found.profit += state.last - state.entry;
  }
  return found;
}

std::string Result::to_json() const {
  return R"({"ticks": )" + std::to_string(ticks) + R"(, "symbols": )" + std::to_string(symbols) + R"(, "trades": )" +
         std::to_string(trades) + R"(, "profit": ")" + money(profit) + R"(", "drawdown": ")" + money(drawdown) +
         R"("})";
}

std::string Result::to_text() const {
  return "moving-average crossover: " + std::to_string(ticks) + " ticks of " + std::to_string(symbols) + " symbols, " +
         std::to_string(trades) + " trades, profit " + money(profit) + ", drawdown " + money(drawdown) + "\n";
}

}  // namespace backtest
