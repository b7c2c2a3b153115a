// PageServer: one page of text over HTTP/1.0 on connections that it is given,
// made anew for each GET of "/" or "/metrics". Who connects has been looked at
// before (Listener). A request is at most 8 KiB and has three seconds.
//
// Loop thread only.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/core/connection_host.h"
#include "base/unique_fd.h"

namespace libretto {

enum class PageRequest {
  kIncomplete,
  kPage,
  kNotFound,
  kNotAllowed,  // not GET
  kMalformed,
};

// What the bytes that have arrived so far ask for.
PageRequest ParsePageRequest(std::string_view bytes);

class PageServer final : public ConnectionHost {
 public:
  static constexpr std::size_t kMaxRequestBytes = std::size_t{8} << 10;
  static constexpr std::chrono::seconds kTimeout{3};

  // `content_type` names what `page` makes.
  PageServer(asio::io_context& context, std::string content_type,
             std::function<std::string()> page);
  ~PageServer() override;
  PageServer(const PageServer&) = delete;
  PageServer& operator=(const PageServer&) = delete;

  void Adopt(UniqueFd connection, const Caller& caller) override;
  std::size_t Connections(ScopeId /*scope*/) const override {
    return connections_.size();
  }
  // Each has its three seconds.
  bool MakeRoom(ScopeId /*scope*/) override { return false; }
  void HangUp(ScopeId scope) override;

 private:
  struct Connection;

  void AwaitRequest(std::uint64_t id);
  void Receive(std::uint64_t id);
  void Answer(Connection& connection, PageRequest request) const;
  void Send(std::uint64_t id);

  asio::io_context& context_;
  const std::string content_type_;
  const std::function<std::string()> page_;
  std::uint64_t ids_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
};

}  // namespace libretto
