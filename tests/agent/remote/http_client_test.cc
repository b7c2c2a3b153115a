#include "agent/remote/http_client.h"

#include <cstdlib>
#include <fstream>
#include <optional>

#include <gtest/gtest.h>

#include "agent/remote/api_url.h"
#include "agent/remote/http_trust.h"
#include "tests/agent/remote/stub_server.h"
#include "tests/fakes/test_loop.h"
#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using std::chrono::milliseconds;
using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;
using testing::StubServer;

class HttpClientTest : public ::testing::Test {
 protected:
  StatusOr<HttpResponse> Send(const std::string& url,
                              std::string_view body = "{}") {
    std::optional<StatusOr<HttpResponse>> response;
    HttpRequest request;
    request.url = url;
    request.body = SecretBytes::CopyOf(body);
    request.max_response_bytes = 1000;
    request.headers.push_back(SecretBytes::CopyOf("x-api-key: k"));
    client_.Send(std::move(request), [&response](StatusOr<HttpResponse> got) {
      response.emplace(std::move(got));
    });
    EXPECT_TRUE(loop_.RunUntil([&response] { return response.has_value(); }));
    return *std::move(response);
  }

  testing::TestLoop loop_;
  HttpClient client_{loop_, {milliseconds(300), milliseconds(300)}};
};

TEST_F(HttpClientTest, BodyStatusAndHeadersArrive) {
  StubServer server(StubServer::Json(
      429, "{\"a\":1}",
      "Set-Cookie: a=b; Path=/\r\nset-cookie: c=d\r\nX-Retry-After: 7\r\n"));
  const auto response = Send(server.url() + "/path", "hello");
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(response->body.Reveal(), "{\"a\":1}");
  ASSERT_EQ(response->set_cookies.size(), 2U);
  EXPECT_EQ(response->set_cookies[0].Reveal(), "a=b; Path=/");
  EXPECT_EQ(response->retry_after, std::chrono::seconds(7));
  const std::string request = server.requests().at(0);
  EXPECT_TRUE(request.starts_with("POST /path HTTP/1.1\r\n"));
  EXPECT_NE(request.find("x-api-key: k\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\nhello"));
}

TEST_F(HttpClientTest, OfTwoWaitsTheLongerCounts) {
  const std::vector<std::pair<std::string, int>> rows = {
      {"Retry-After: 5\r\nX-Retry-After: 30\r\n", 30},
      {"X-Retry-After: 30\r\nRetry-After: 5\r\n", 30},
      {"Retry-After: 1.5\r\n", 2},
      {"Retry-After: soon\r\n", 0},
      {"Retry-After: -3\r\n", 0},
      {"Retry-After: 99999999999999999999\r\n", 3600},
      {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0},
      {"Retry-After: Sun, 06 Nov 2094 08:49:37 GMT\r\n", 3600},
  };
  for (const auto& [headers, seconds] : rows) {
    StubServer server(StubServer::Json(429, "{}", headers));
    EXPECT_EQ(Send(server.url())->retry_after, std::chrono::seconds(seconds))
        << headers;
  }
}

TEST_F(HttpClientTest, NothingAsksForCompressionOrWaitsForAHundred) {
  StubServer server(StubServer::Json(200, "{}"));
  ASSERT_THAT(Send(server.url(), std::string(64 * 1024, 'x')), IsOk());
  const std::string request = server.requests().at(0);
  EXPECT_EQ(request.find("Accept-Encoding"), std::string::npos);
  EXPECT_EQ(request.find("Expect"), std::string::npos);
}

TEST_F(HttpClientTest, ARedirectIsAnAnswerAndNotFollowed) {
  StubServer other(StubServer::Json(200, "{}"));
  StubServer server(
      StubServer::Json(307, "", "Location: " + other.url() + "/elsewhere\r\n"));
  const auto response = Send(server.url());
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 307);
  EXPECT_TRUE(other.requests().empty());
}

TEST_F(HttpClientTest, AProxyFromTheEnvironmentIsIgnored) {
  StubServer proxy(StubServer::Json(200, "{}"));
  setenv("http_proxy", proxy.url().c_str(), 1);
  setenv("ALL_PROXY", proxy.url().c_str(), 1);
  StubServer server(StubServer::Json(200, "{}"));
  EXPECT_THAT(Send(server.url()), IsOk());
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
  EXPECT_TRUE(proxy.requests().empty());
}

TEST_F(HttpClientTest, AnAnswerOverTheLimitIsCut) {
  StubServer server(StubServer::Json(200, std::string(1001, 'x')));
  EXPECT_THAT(Send(server.url()), MessageHas("larger answer"));
}

TEST_F(HttpClientTest, TooManyHeadersAreCut) {
  std::string headers;
  for (int i = 0; i < 101; ++i) {
    headers += "H" + std::to_string(i) + ": v\r\n";
  }
  StubServer server(StubServer::Json(200, "{}", headers));
  EXPECT_THAT(Send(server.url()), MessageHas("more headers"));
}

TEST_F(HttpClientTest, WhatIsNoWholeAnswerIsOffline) {
  const std::vector<std::string> answers = {
      "garbage\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
      "HTTP/1.1 200 OK\r\nContent-Le",
      "\r\n",
  };
  for (const std::string& answer : answers) {
    StubServer server([answer](const std::string&) { return answer; });
    EXPECT_THAT(Send(server.url()), HasCode(StatusCode::kUnavailable))
        << answer;
  }
}

TEST_F(HttpClientTest, ASilentServerHasUntilTheTimeout) {
  StubServer server([](const std::string&) { return ""; });
  EXPECT_THAT(Send(server.url()), HasCode(StatusCode::kUnavailable));
}

TEST_F(HttpClientTest, MoreThanGoOutAtOnceGetTheirTurn) {
  StubServer server(StubServer::Json(200, "{}"));
  HttpClient patient(loop_, {std::chrono::seconds(5), std::chrono::seconds(5)});
  int answered = 0;
  for (int i = 0; i < 100; ++i) {
    HttpRequest request;
    request.url = server.url();
    patient.Send(std::move(request),
                 [&answered](const StatusOr<HttpResponse>& response) {
                   EXPECT_THAT(response, IsOk());
                   ++answered;
                 });
  }
  EXPECT_TRUE(loop_.RunUntil([&answered] { return answered == 100; }));
}

TEST_F(HttpClientTest, WhatWaitsForItsTurnHasTheSameDeadline) {
  StubServer server([](const std::string&) { return ""; });
  int failed = 0;
  for (int i = 0; i < 100; ++i) {
    HttpRequest request;
    request.url = server.url();
    client_.Send(std::move(request),
                 [&failed](const StatusOr<HttpResponse>& response) {
                   EXPECT_THAT(response, HasCode(StatusCode::kUnavailable));
                   ++failed;
                 });
  }
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(loop_.RunUntil([&failed] { return failed == 100; }));
  // Each would have had its own 300 ms, one after the other.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(HttpClientTest, ARefusedConnectionNamesTheHost) {
  std::string url;
  {
    StubServer gone(StubServer::Json(200, "{}"));
    url = gone.url();
  }
  EXPECT_THAT(Send(url), MessageHas("cannot reach 127.0.0.1:"));
}

TEST_F(HttpClientTest, StoppingFailsWhatIsInFlightAndWhatComesAfter) {
  StubServer server([](const std::string&) { return ""; });
  std::vector<Status> outcomes;
  const auto send = [this, &server, &outcomes] {
    HttpRequest request;
    request.url = server.url();
    client_.Send(std::move(request),
                 [&outcomes](const StatusOr<HttpResponse>& response) {
                   outcomes.push_back(response.status());
                 });
  };
  send();
  client_.Stop();
  send();
  ASSERT_TRUE(loop_.RunUntil([&outcomes] { return outcomes.size() == 2; }));
  for (const Status& outcome : outcomes) {
    EXPECT_THAT(outcome, MessageHas("stopping"));
  }
}

TEST(CheckApiUrlTest, PlainHttpStaysOnThisMachine) {
  for (const char* url :
       {"https://api.libretto.sh", "http://127.0.0.1:8080", "http://127.9.9.9",
        "http://localhost:1", "http://[::1]:8080"}) {
    EXPECT_THAT(CheckApiUrl(url), IsOk()) << url;
  }
  for (const char* url :
       {"http://api.libretto.sh", "http://127.0.0.1.evil.test",
        "http://localhost.evil.test", "http://127.0.0.1@evil.test",
        "https://user:password@api.libretto.sh", "ftp://127.0.0.1",
        "file:///etc/passwd", "api.libretto.sh", "", "http://", "::"}) {
    EXPECT_THAT(CheckApiUrl(url), HasCode(StatusCode::kInvalidArgument)) << url;
  }
}

TEST(CheckProxyUrlTest, OnlyWhatTlsIsTunnelledThrough) {
  for (const char* url : {"http://proxy.test:3128", "https://proxy.test"}) {
    EXPECT_THAT(CheckProxyUrl(url), IsOk()) << url;
  }
  for (const char* url :
       {"proxy.test", "proxy.test:3128", "socks5://proxy.test",
        "ftp://proxy.test", "http://", ""}) {
    EXPECT_THAT(CheckProxyUrl(url), HasCode(StatusCode::kInvalidArgument))
        << url;
  }
  EXPECT_THAT(CheckProxyUrl("http://me:s3cret@proxy.test"),
              MessageHas("password"));
}

TEST(GoesThroughProxyTest, HttpsToOtherMachines) {
  EXPECT_TRUE(GoesThroughProxy("https://api.libretto.sh/v1"));
  EXPECT_FALSE(GoesThroughProxy("https://127.0.0.1:8443"));
  EXPECT_FALSE(GoesThroughProxy("https://localhost:8443"));
  EXPECT_FALSE(GoesThroughProxy("http://127.0.0.1:8080"));
}

TEST(ReadCertificatesTest, AFileWithACertificate) {
  const testing::TempDir dir;
  const std::string path = dir.path() + "/ca.pem";
  EXPECT_THAT(ReadCertificates(path), HasCode(StatusCode::kNotFound));
  EXPECT_THAT(ReadCertificates("ca.pem"), MessageHas("absolute"));
  std::ofstream(path) << "-----BEGIN PRIVATE KEY-----\n";
  EXPECT_THAT(ReadCertificates(path), MessageHas("no certificate"));
  std::ofstream(path) << "-----BEGIN CERTIFICATE-----\n";
  EXPECT_THAT(ReadCertificates(path), IsOk());
}

}  // namespace
}  // namespace libretto
