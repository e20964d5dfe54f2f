/// The latest version of each id, for one writer and any number of readers that never wait.
///
/// Entries are added and replaced, never removed, and every value stays alive as long as the table. So a reader needs
/// no lock and no reference count, and its pointers stay valid. Memory grows only with the versions that the registry
/// publishes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <string_view>

#include "schemaregistry/schema.h"

namespace schemaregistry {

class LatestTable {
 public:
  /// The latest version of `id`, or null.
  const Schema* find(std::string_view id) const noexcept {
    const Node* node = node_of(id);
    return node ? node->latest.load(std::memory_order_acquire) : nullptr;
  }

  /// Make `schema` the latest version of its id. Only one thread may call this.
  void put(Schema schema) {
    const Schema& kept = schemas_.emplace_back(std::move(schema));
    if (Node* node = node_of(kept.id)) {
      node->latest.store(&kept, std::memory_order_release);
      return;
    }
    auto& head = heads_[slot(kept.id)];
    Node& node = nodes_.emplace_back(kept.id, head.load(std::memory_order_relaxed), &kept);
    head.store(&node, std::memory_order_release);
  }

 private:
  struct Node {
    Node(std::string_view of, Node* after, const Schema* schema) : id(of), next(after), latest(schema) {}
    const std::string_view id;
    Node* const next;
    std::atomic<const Schema*> latest;
  };

  static std::size_t slot(std::string_view id) noexcept { return std::hash<std::string_view>{}(id) % kSlots; }

  Node* node_of(std::string_view id) const noexcept {
    Node* node = heads_[slot(id)].load(std::memory_order_acquire);
    while (node != nullptr && node->id != id) node = node->next;
    return node;
  }

  static constexpr std::size_t kSlots = 1024;
  std::array<std::atomic<Node*>, kSlots> heads_{};
  // Deques, since their elements never move.
  std::deque<Node> nodes_;
  std::deque<Schema> schemas_;
};

}  // namespace schemaregistry
