// The server's limits, with bytes that no client library would send.
#include "cloud/http/server.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "tests/cloud/live_cloud.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::HasCode;
using testing::LiveCloud;
using testing::RawClient;
using testing::RawResponse;

constexpr char kOk[] = "GET /api/auth/ok HTTP/1.1\r\nhost: x\r\n\r\n";

class ServerTest : public ::testing::Test {
 protected:
  // The answer to these bytes, sent on a connection of their own.
  RawResponse Answer(const std::string& bytes) {
    RawClient client(cloud_.port());
    client.Send(bytes);
    client.FinishSending();
    return client.ReadResponse();
  }

  LiveCloud cloud_;
};

TEST_F(ServerTest, AConnectionServesManyRequests) {
  RawClient client(cloud_.port());
  for (int i = 0; i < 3; ++i) {
    client.Send(kOk);
    EXPECT_EQ(client.ReadResponse().status, 200);
  }
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  RawClient client(cloud_.port());
  client.Send(std::string(kOk) +
              "GET /api/auth/nope HTTP/1.1\r\nhost: x\r\n\r\n" + kOk);
  EXPECT_EQ(client.ReadResponse().status, 200);
  EXPECT_EQ(client.ReadResponse().status, 404);
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(ServerTest, ARequestInPiecesIsOneRequest) {
  RawClient client(cloud_.port());
  for (const char c : std::string_view(kOk)) client.Send({&c, 1});
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(ServerTest, ABodyMayComeLaterAndInPieces) {
  const std::string header =
      "POST /v1/telemetry/recordCliEvent HTTP/1.1\r\nhost: x\r\n"
      "content-type: application/json\r\n";
  RawClient client(cloud_.port());
  client.Send(header + "content-length: 2\r\n\r\n");
  client.Send("{");
  client.Send("}" + header + "transfer-encoding: chunked\r\n\r\n1\r\n{");
  EXPECT_EQ(client.ReadResponse().status, 200);
  client.Send("\r\n1\r\n}\r\n0\r\n\r\n" + std::string(kOk));
  EXPECT_EQ(client.ReadResponse().status, 200);
  EXPECT_EQ(client.ReadResponse().json()["ok"], true);
}

TEST_F(ServerTest, AnOldClientsConnectionIsKeptOnlyOnRequest) {
  RawClient client(cloud_.port());
  client.Send("GET /api/auth/ok HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().Header("connection"), "keep-alive");
  client.Send("GET /api/auth/ok HTTP/1.0\r\n\r\n");
  const RawResponse last = client.ReadResponse();
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.Header("connection"), "");
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(ServerTest, WhatIsNotHttpIsRefusedAndClosed) {
  for (const char* bytes :
       {"hello\r\n\r\n", "GET /api/auth/ok\r\n\r\n",
        "GET /api/auth/ok HTTP/9.9\r\n\r\n",
        "GET /api/auth/ok HTTP/1.1\r\nbad header\r\n\r\n",
        "GET /api/auth/ok HTTP/1.1\r\na : b\r\n\r\n",
        "GET /api/auth/ok HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        "POST /api/auth/sign-out HTTP/1.1\r\ncontent-length: 5\r\n"
        "transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /api/auth/sign-out HTTP/1.1\r\ncontent-length: 1\r\n"
        "content-length: 2\r\n\r\nab"}) {
    RawClient client(cloud_.port());
    client.Send(bytes);
    const RawResponse response = client.ReadResponse();
    EXPECT_EQ(response.status, 400) << bytes;
    EXPECT_EQ(response.Header("connection"), "close") << bytes;
    EXPECT_TRUE(client.IsClosed()) << bytes;
  }
}

TEST_F(ServerTest, OddTargetsReachNothing) {
  for (const char* target :
       {"http://x/api/auth/ok", "/api/auth/../auth/ok", "/api/auth/ok%00",
        "/api/auth/%6fk", "//api/auth/ok", "/API/auth/ok", "*"}) {
    EXPECT_EQ(cloud_.Get(target).status, 404) << target;
  }
}

TEST_F(ServerTest, HeadersAreBounded) {
  const std::string begin = "GET /api/auth/ok HTTP/1.1\r\nhost: x\r\n";
  EXPECT_EQ(
      Answer(begin + "a: " + std::string(10'000, 'x') + "\r\n\r\n").status,
      200);
  EXPECT_EQ(
      Answer(begin + "a: " + std::string(17'000, 'x') + "\r\n\r\n").status,
      431);
  std::string many = begin;
  for (int i = 0; i < 100; ++i) many += "h" + std::to_string(i) + ": x\r\n";
  EXPECT_EQ(Answer(many + "\r\n").status, 431);
}

TEST_F(ServerTest, BodiesAreBoundedInBothProtocolsWords) {
  const auto post = [this](const std::string& path, const char* framing,
                           const std::string& body) {
    return Answer("POST " + path +
                  " HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n" +
                  framing + "\r\n\r\n" + body);
  };
  const RawResponse announced =
      post("/api/auth/sign-out", "content-length: 300000", "");
  EXPECT_EQ(announced.status, 413);
  EXPECT_EQ(announced.json()["code"], "PAYLOAD_TOO_LARGE");
  const RawResponse chunked =
      post("/v1/credentials/list", "transfer-encoding: chunked",
           "8000\r\n" + std::string(0x8000, ' ') + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.status, 413);
  EXPECT_EQ(chunked.json()["json"]["code"], "PAYLOAD_TOO_LARGE");
}

TEST_F(ServerTest, AClientThatAsksFirstIsToldToGoOn) {
  RawClient client(cloud_.port());
  client.Send(
      "POST /v1/telemetry/recordCliEvent HTTP/1.1\r\nhost: x\r\n"
      "expect: 100-continue\r\ncontent-length: 2\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().status, 100);
  client.Send("{}");
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(ServerTest, TheLogHasNoQueryAndNoControlCharacters) {
  cloud_.Get("/api/auth/verify-email?token=secret");
  Answer("GET /\x1b[31m\xc2\x9b HTTP/1.1\r\n\r\n");
  const std::string log = cloud_.log();
  EXPECT_NE(log.find("GET /api/auth/verify-email 401 \n"), std::string::npos)
      << log;
  EXPECT_EQ(log.find("secret"), std::string::npos);
  EXPECT_EQ(log.find('\x1b'), std::string::npos);
  EXPECT_EQ(log.find('\x9b'), std::string::npos);
}

TEST_F(ServerTest, AFailureOfOursIsLoggedAndNotTold) {
  const std::string key(cloud_.parts.NewTenantKey("ann").Reveal());
  soci::session sql(soci::sqlite3, "dbname=" + cloud_.parts.database);
  sql << "DROP TABLE credentials";
  const RawResponse response =
      cloud_.Post("/v1/credentials/list", "{}", {{"x-api-key", key}});
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.json()["json"]["message"], "Internal server error");
  EXPECT_NE(cloud_.log().find("500 SQLite says: "), std::string::npos)
      << cloud_.log();
}

TEST_F(ServerTest, ManyClientsAtOnceAreAllAnswered) {
  const std::string key(cloud_.parts.NewTenantKey("ann").Reveal());
  std::vector<std::thread> clients;
  for (int c = 0; c < 16; ++c) {
    clients.emplace_back([this, c, &key] {
      for (int i = 0; i < 10; ++i) {
        const Json input = {{"name", "n" + std::to_string(c)}, {"value", "v"}};
        EXPECT_EQ(cloud_
                      .Post("/v1/credentials/upsert",
                            Json{{"json", input}}.dump(), {{"x-api-key", key}})
                      .status,
                  200);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(cloud_.Post("/v1/credentials/list", "{}", {{"x-api-key", key}})
                .json()["json"]["credentials"]
                .size(),
            16U);
}

TEST_F(ServerTest, StoppingClosesIdleConnectionsAndIsQuick) {
  RawClient idle(cloud_.port());
  idle.Send(kOk);
  ASSERT_EQ(idle.ReadResponse().status, 200);
  const auto begin = std::chrono::steady_clock::now();
  cloud_.server().Stop();
  EXPECT_TRUE(idle.IsClosed());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

TEST(ListenAddressTest, SaysWhatItTakes) {
  EXPECT_TRUE(ListenAddress::Parse("127.0.0.1:0")->is_loopback);
  EXPECT_TRUE(ListenAddress::Parse("localhost:8080")->is_loopback);
  EXPECT_TRUE(ListenAddress::Parse("[::1]:8080")->is_loopback);
  EXPECT_FALSE(ListenAddress::Parse("0.0.0.0:8080")->is_loopback);
  EXPECT_FALSE(ListenAddress::Parse("192.0.2.1:1")->is_loopback);
  for (const char* text :
       {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
        "127.0.0.1:-1", "host:80", "127.0.0.1:80x"}) {
    EXPECT_THAT(ListenAddress::Parse(text),
                HasCode(StatusCode::kInvalidArgument))
        << text;
  }
}

TEST(ListenTest, APortThatIsTakenIsNamed) {
  const auto first = HttpServer::Listen(*ListenAddress::Parse("127.0.0.1:0"));
  ASSERT_TRUE(first.ok());
  const std::string address = "127.0.0.1:" + std::to_string((*first)->port());
  const Status second =
      HttpServer::Listen(*ListenAddress::Parse(address)).status();
  EXPECT_NE(Message(second).find(address), std::string::npos) << second;
}

}  // namespace
}  // namespace libretto::cloud
