#include "agent/net/page_server.h"

#include <sys/socket.h>

#include <optional>

#include <gtest/gtest.h>

namespace libretto {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kGet = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(ParsePageRequestTest, OnlyAGetOfThePageIsOne) {
  const std::pair<std::string, PageRequest> rows[] = {
      {"GET / HTTP/1.0\r\n\r\n", PageRequest::kPage},
      {"GET /metrics HTTP/1.1\r\nA: b\r\n\r\n", PageRequest::kPage},
      {"GET /metrics?x=1 HTTP/1.1\r\n\r\n", PageRequest::kPage},
      {"GET /metrics HTTP/1.1\r\nA: b\r\n", PageRequest::kIncomplete},
      {"", PageRequest::kIncomplete},
      {"GET /metrics/x HTTP/1.1\r\n\r\n", PageRequest::kNotFound},
      {"HEAD / HTTP/1.1\r\n\r\n", PageRequest::kNotAllowed},
      {"POST / HTTP/1.1\r\n\r\n", PageRequest::kNotAllowed},
      {"GET /\r\n\r\n", PageRequest::kMalformed},
      {"GET / HTTP/2\r\n\r\n", PageRequest::kMalformed},
      {"\r\n\r\n", PageRequest::kMalformed},
      {std::string(PageServer::kMaxRequestBytes + 1, 'x'),
       PageRequest::kMalformed},
  };
  for (const auto& [text, request] : rows) {
    EXPECT_EQ(ParsePageRequest(text), request) << text.substr(0, 60);
  }
}

class PageServerTest : public ::testing::Test {
 protected:
  UniqueFd Connect() {
    int fds[2];
    EXPECT_EQ(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
        0);
    server_.Adopt(UniqueFd(fds[0]), Caller());
    return UniqueFd(fds[1]);
  }
  static void Say(const UniqueFd& fd, std::string_view text) {
    ASSERT_EQ(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // What comes until the server hangs up; nothing when it does not.
  std::optional<std::string> All(const UniqueFd& fd) {
    std::string all;
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      context_.restart();
      context_.run_one_for(milliseconds(20));
      char buffer[4096];
      ssize_t count = 0;
      while ((count = recv(fd.get(), buffer, sizeof(buffer), 0)) > 0) {
        all.append(buffer, static_cast<std::size_t>(count));
      }
      if (count == 0) return all;
    }
    return std::nullopt;
  }

  asio::io_context context_;
  std::string page_ = "a 1\n";
  PageServer server_{context_, "text/plain; version=0.0.4",
                     [this] { return page_; }};
};

TEST_F(PageServerTest, APageIsMadeForEachRequest) {
  for (const std::string page : {"a 1\n", "a 2\n"}) {
    page_ = page;
    const UniqueFd client = Connect();
    Say(client, kGet);
    EXPECT_EQ(All(client),
              "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
              "Content-Length: 4\r\nConnection: close\r\n\r\n" +
                  page);
  }
}

TEST_F(PageServerTest, ARequestMayComeInPieces) {
  const UniqueFd client = Connect();
  for (const char& c : kGet) {
    Say(client, std::string_view(&c, 1));
    context_.restart();
    context_.run_one_for(milliseconds(20));
  }
  EXPECT_TRUE(All(client)->starts_with("HTTP/1.0 200 OK"));
}

TEST_F(PageServerTest, APageLargerThanTheSocketsBufferArrivesWhole) {
  page_ = std::string(std::size_t{4} << 20, 'x');
  const UniqueFd client = Connect();
  Say(client, kGet);
  const auto all = All(client);
  ASSERT_TRUE(all.has_value());
  EXPECT_TRUE(all->ends_with("\r\n\r\n" + page_));
}

TEST_F(PageServerTest, ARequestWithoutEndIsCut) {
  const UniqueFd client = Connect();
  Say(client, "GET / HTTP/1.0\r\n");
  Say(client, std::string(PageServer::kMaxRequestBytes, 'x'));
  const auto all = All(client);
  ASSERT_TRUE(all.has_value());
  EXPECT_TRUE(all->starts_with("HTTP/1.0 400 ")) << *all;
}

TEST_F(PageServerTest, WhoSaysNothingIsHungUpOnInTheEnd) {
  const UniqueFd client = Connect();
  EXPECT_EQ(All(client), "");
}

TEST_F(PageServerTest, WhoLeavesIsForgotten) {
  Connect().Reset();
  context_.run_one_for(milliseconds(100));
  const UniqueFd client = Connect();
  Say(client, kGet);
  EXPECT_TRUE(All(client)->starts_with("HTTP/1.0 200 OK"));
}

}  // namespace
}  // namespace libretto
