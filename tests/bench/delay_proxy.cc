// A wire of a given length: passes TCP connections on to a port of this machine
// and delivers everything so many milliseconds later, each way. Bandwidth is
// not limited.
//
//   bench_delay_proxy PORT MILLISECONDS
//
// Prints the port that it listens on. At SIGUSR1 prints one line of JSON and
// begins to count anew: how many requests were in flight at most (on how many
// connections an answer was waited for), and how many connections were made.
#include <array>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include "tests/bench/timing.h"

namespace libretto::bench {
namespace {

using asio::ip::tcp;

struct Counts {
  int connections = 0;
  int waiting = 0;
  int most_waiting = 0;
};

// Both ways of one connection. Lives as long as something is on its way.
class Wire : public std::enable_shared_from_this<Wire> {
 public:
  Wire(tcp::socket client, tcp::socket server, std::chrono::milliseconds delay,
       Counts& counts)
      : client_(std::move(client)),
        server_(std::move(server)),
        delay_(delay),
        counts_(counts) {
    ++counts_.connections;
    client_.set_option(tcp::no_delay(true));
    server_.set_option(tcp::no_delay(true));
  }
  ~Wire() { SetWaiting(false); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void Start() {
    Carry(client_, server_, true);
    Carry(server_, client_, false);
  }

 private:
  static constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

  void SetWaiting(bool waiting) {
    if (waiting == waiting_) return;
    waiting_ = waiting;
    counts_.waiting += waiting ? 1 : -1;
    counts_.most_waiting = std::max(counts_.most_waiting, counts_.waiting);
  }

  void Carry(tcp::socket& from, tcp::socket& to, bool is_request) {
    auto piece = std::make_shared<std::string>(kPieceBytes, '\0');
    from.async_read_some(
        asio::buffer(*piece),
        [self = shared_from_this(), this, &from, &to, is_request, piece](
            const asio::error_code& error, std::size_t size) {
          piece->resize(size);
          if (!error) SetWaiting(is_request);
          Deliver(to, piece, static_cast<bool>(error));
          if (!error) Carry(from, to, is_request);
        });
  }

  // Pieces leave in the order in which they came: their timers end in it.
  void Deliver(tcp::socket& to, const std::shared_ptr<std::string>& piece,
               bool is_end) {
    auto timer = std::make_shared<asio::steady_timer>(to.get_executor());
    timer->expires_after(delay_);
    timer->async_wait([self = shared_from_this(), &to, piece, timer,
                       is_end](const asio::error_code& /*never cancelled*/) {
      asio::error_code ignored;
      if (is_end) {
        to.shutdown(tcp::socket::shutdown_send, ignored);
      } else {
        // A blocking write: what is behind it is a reader on this machine.
        asio::write(to, asio::buffer(*piece), ignored);
      }
    });
  }

  tcp::socket client_;
  tcp::socket server_;
  const std::chrono::milliseconds delay_;
  Counts& counts_;
  bool waiting_ = false;
};

class Proxy {
 public:
  Proxy(asio::io_context& context, unsigned short port,
        std::chrono::milliseconds delay)
      : context_(context),
        listener_(context, {asio::ip::address_v4::loopback(), 0}),
        target_(asio::ip::address_v4::loopback(), port),
        delay_(delay) {
    std::printf("%d\n", listener_.local_endpoint().port());
    std::fflush(stdout);
    Accept();
  }

  void PrintCounts() {
    std::printf("{\"in_flight\": %d, \"connections\": %d}\n",
                counts_.most_waiting, counts_.connections);
    std::fflush(stdout);
    counts_.most_waiting = counts_.waiting;
    counts_.connections = 0;
  }

 private:
  void Accept() {
    listener_.async_accept(
        [this](const asio::error_code& error, tcp::socket client) {
          if (error) return;
          tcp::socket server(context_);
          asio::error_code refused;
          server.connect(target_, refused);
          if (!refused) {
            std::make_shared<Wire>(std::move(client), std::move(server), delay_,
                                   counts_)
                ->Start();
          }
          Accept();
        });
  }

  asio::io_context& context_;
  tcp::acceptor listener_;
  const tcp::endpoint target_;
  const std::chrono::milliseconds delay_;
  Counts counts_;
};

}  // namespace
}  // namespace libretto::bench

int main(int argc, char** argv) {
  using libretto::bench::NumberOrExit;
  if (argc != 3) {
    std::fputs("usage: bench_delay_proxy PORT MILLISECONDS\n", stderr);
    return 64;
  }
  asio::io_context context;
  libretto::bench::Proxy proxy(
      context, static_cast<unsigned short>(NumberOrExit(argv[1])),
      std::chrono::milliseconds(NumberOrExit(argv[2])));
  asio::signal_set asked(context, SIGUSR1);
  const std::function<void()> await = [&] {
    asked.async_wait([&](const asio::error_code& error, int) {
      if (error) return;
      proxy.PrintCounts();
      await();
    });
  };
  await();
  context.run();
}
