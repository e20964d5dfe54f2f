/// A TCP relay to a registry on loopback that can drop every byte, while its connections stay open.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace schemaregistry::testing {

/// `swallow` makes the open connections silent; later ones carry bytes again.
class SilentLine {
 public:
  explicit SilentLine(const std::string& target)
      : port_(static_cast<std::uint16_t>(std::stoi(target.substr(target.rfind(':') + 1)))) {
    sockaddr_in address = loopback(0);
    listening_ = socket(AF_INET, SOCK_STREAM, 0);
    bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listening_, 16);
    socklen_t size = sizeof address;
    getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    target_ = "localhost:" + std::to_string(ntohs(address.sin_port));
    accepting_ = std::thread([this] { accept_all(); });
  }
  SilentLine(const SilentLine&) = delete;
  SilentLine& operator=(const SilentLine&) = delete;
  ~SilentLine() {
    shutdown(listening_, SHUT_RDWR);
    accepting_.join();
    for (const int end : ends_) shutdown(end, SHUT_RDWR);
    for (auto& pump : pumps_) pump.join();
    for (const int end : ends_) close(end);
    close(listening_);
  }

  const std::string& target() const { return target_; }
  void swallow() { silent_before_ = connections_.load(); }
  /// The number of connections made so far.
  int connections() const { return connections_; }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }

  void accept_all() {
    for (int near = accept(listening_, nullptr, nullptr); near >= 0; near = accept(listening_, nullptr, nullptr)) {
      sockaddr_in address = loopback(port_);
      const int far = socket(AF_INET, SOCK_STREAM, 0);
      connect(far, reinterpret_cast<sockaddr*>(&address), sizeof address);
      ends_.insert(ends_.end(), {near, far});
      const int number = connections_++;
      pumps_.emplace_back([this, number, near, far] { pump(number, near, far); });
      pumps_.emplace_back([this, number, near, far] { pump(number, far, near); });
    }
  }

  void pump(int number, int from, int to) {
    std::array<char, 1 << 14> buffer{};
    for (ssize_t n = read(from, buffer.data(), buffer.size()); n > 0; n = read(from, buffer.data(), buffer.size())) {
      for (ssize_t sent = 0; number >= silent_before_ && sent < n;) {
        const ssize_t now = send(to, buffer.data() + sent, static_cast<std::size_t>(n - sent), MSG_NOSIGNAL);
        if (now <= 0) return;
        sent += now;
      }
    }
    if (number >= silent_before_) shutdown(to, SHUT_RDWR);
  }

  const std::uint16_t port_;
  std::string target_;
  int listening_ = -1;
  std::atomic<int> connections_{0};
  std::atomic<int> silent_before_{0};
  std::vector<int> ends_;
  std::vector<std::thread> pumps_;
  std::thread accepting_;
};

}  // namespace schemaregistry::testing
