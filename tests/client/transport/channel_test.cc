#include "client/transport/channel.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/transport/unreachable.h"
#include "tests/client/transport/scripted_server.h"
#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::Answer;
using testing::ConnectedPair;
using testing::Framed;
using testing::HasCode;
using testing::Headers;
using testing::IsOk;
using testing::MessageHas;
using testing::Request;
using testing::ScriptedServer;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

MATCHER(MeansUnreachable, "says that no usable answer came") {
  const Status& status = testing::StatusOf(arg);
  *result_listener << status.ToString();
  return !status.ok() && IsUnreachable(status);
}

Answer Echo(const Request& request) { return {.body = request.body}; }

class ChannelTest : public ::testing::Test {
 protected:
  // Generous for a loaded machine; tests that want it to pass say so.
  static constexpr auto kLong = 20s;

  // The channel goes before the server: its end of the connection ends it.
  void TearDown() override { channel_.reset(); }

  void Serve(ScriptedServer::Script script) {
    auto [ours, theirs] = ConnectedPair();
    server_.emplace(std::move(theirs), std::move(script));
    channel_.emplace(std::move(ours), In(kLong));
  }

  void ServeRaw(std::string bytes, bool close) {
    auto [ours, theirs] = ConnectedPair();
    server_.emplace(
        ScriptedServer::Raw(std::move(theirs), std::move(bytes), close));
    channel_.emplace(std::move(ours), In(kLong));
  }

  static Channel::Call MakeCall(std::string_view message) {
    return {"/test.Service/Method", SecretBytes::CopyOf(message)};
  }

  StatusOr<SecretBytes> Ask(std::string_view message = "question") {
    return channel_->Unary(MakeCall(message), In(kLong));
  }

  std::optional<ScriptedServer> server_;
  std::optional<Channel> channel_;
};

TEST_F(ChannelTest, AnAnswerComesBack) {
  Serve(Echo);
  const auto answer = Ask("hello");
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->Reveal(), "hello");
}

TEST_F(ChannelTest, TheRequestIsGenuineGrpc) {
  Request seen;
  Serve([&seen](const Request& request) {
    seen = request;
    return Echo(request);
  });
  ASSERT_THAT(Ask("x"), IsOk());
  EXPECT_EQ(seen.headers[":method"], "POST");
  EXPECT_EQ(seen.headers[":path"], "/test.Service/Method");
  EXPECT_EQ(seen.headers["content-type"], "application/grpc");
  EXPECT_EQ(seen.headers["te"], "trailers");
  EXPECT_THAT(seen.headers["grpc-timeout"],
              ::testing::MatchesRegex("[0-9]{1,8}m"));
  EXPECT_EQ(seen.body, Framed("x"));
}

TEST_F(ChannelTest, AnEmptyMessageIsAMessage) {
  Serve(Echo);
  const auto answer = Ask("");
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->empty());
}

TEST_F(ChannelTest, LargeMessagesHonourFlowControlBothWays) {
  Serve(Echo);
  const std::string large(1 << 20, 'v');
  const auto answer = Ask(large);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->Reveal(), large);
}

TEST_F(ChannelTest, ManyCallsInFlightKeepTheirOrder) {
  Serve(Echo);
  std::vector<Channel::Call> calls;
  calls.reserve(300);
  for (int i = 0; i < 300; ++i) calls.push_back(MakeCall(std::to_string(i)));
  const auto answers = channel_->Unary(std::move(calls), In(kLong));
  ASSERT_EQ(answers.size(), 300U);
  for (int i = 0; i < 300; ++i) {
    const auto& answer = answers[static_cast<std::size_t>(i)];
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->Reveal(), std::to_string(i));
  }
}

TEST_F(ChannelTest, OneFailureDoesNotDisturbItsNeighbours) {
  Serve([](const Request& request) {
    if (request.body == Framed("bad")) return Answer{.reset = 2};
    return Echo(request);
  });
  std::vector<Channel::Call> calls;
  calls.push_back(MakeCall("good"));
  calls.push_back(MakeCall("bad"));
  const auto answers = channel_->Unary(std::move(calls), In(kLong));
  EXPECT_THAT(answers[0], IsOk());
  EXPECT_THAT(answers[1], MeansUnreachable());
  EXPECT_THAT(Ask("again"), IsOk());
}

TEST_F(ChannelTest, TheAgentsStatusArrivesWhole) {
  Serve([](const Request&) {
    return Answer{.trailers = {{"grpc-status", "5"},
                               {"grpc-message", "no \"a%25b\" %C3%A9 100%"},
                               {"libretto-reason", "gone"},
                               {"libretto-remedy", "librettoctl help"}}};
  });
  const auto answer = Ask();
  EXPECT_THAT(answer, HasCode(StatusCode::kNotFound));
  EXPECT_EQ(Message(answer.status()), "no \"a%b\" \xC3\xA9 100%");
  EXPECT_EQ(Remedy(answer.status()), "librettoctl help");
  EXPECT_EQ(ReasonOf(answer.status()), "gone");
  EXPECT_FALSE(IsUnreachable(answer.status()));
}

TEST_F(ChannelTest, AThrottledStatusKnowsItsWait) {
  Serve([](const Request&) {
    return Answer{.trailers = {{"grpc-status", "8"}, {"libretto-wait", "7"}}};
  });
  EXPECT_EQ(WaitOf(Ask().status()), 7s);
}

TEST_F(ChannelTest, UnavailableFromTheAgentIsNotUnreachable) {
  Serve([](const Request&) {
    return Answer{.trailers = {{"grpc-status", "14"}}};
  });
  const auto answer = Ask();
  EXPECT_THAT(answer, HasCode(StatusCode::kUnavailable));
  EXPECT_FALSE(IsUnreachable(answer.status()));
}

TEST_F(ChannelTest, TrailersAloneAreAnAnswer) {
  Serve([](const Request&) {
    return Answer{.headers = {{":status", "200"},
                              {"content-type", "application/grpc"},
                              {"grpc-status", "16"}},
                  .trailers = {}};
  });
  EXPECT_THAT(Ask(), HasCode(StatusCode::kUnauthenticated));
}

TEST_F(ChannelTest, AStreamDeliversEachMessage) {
  Serve([](const Request&) {
    return Answer{.body = Framed("1") + Framed("") + Framed("333")};
  });
  std::vector<std::string> got;
  const Status status = channel_->ServerStreaming(
      MakeCall("go"), In(kLong), [&got](const SecretBytes& message) {
        got.emplace_back(message.Reveal());
        return OkStatus();
      });
  EXPECT_THAT(status, IsOk());
  EXPECT_THAT(got, ::testing::ElementsAre("1", "", "333"));
}

TEST_F(ChannelTest, AListenerCanEndItsStream) {
  Serve([](const Request& request) {
    if (request.body == Framed("go")) {
      return Answer{.body = Framed("1") + Framed("2")};
    }
    return Echo(request);
  });
  const Status status = channel_->ServerStreaming(
      MakeCall("go"), In(kLong),
      [](const SecretBytes&) { return Conflict("enough"); });
  EXPECT_THAT(status, MessageHas("enough"));
  EXPECT_THAT(Ask(), IsOk());
}

struct Hostile {
  const char* name;
  Answer answer;
  const char* complaint;
};

class HostileAnswerTest : public ChannelTest,
                          public ::testing::WithParamInterface<Hostile> {};

TEST_P(HostileAnswerTest, IsRefusedInWords) {
  Serve([](const Request&) { return GetParam().answer; });
  const auto answer = Ask();
  EXPECT_THAT(answer, MeansUnreachable());
  EXPECT_THAT(answer, MessageHas(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    Table, HostileAnswerTest,
    ::testing::Values(
        Hostile{"Reset", {.reset = 2}, "broke off"},
        Hostile{"Refused", {.reset = 7}, "broke off"},
        Hostile{"GoAway", {.goaway = true}, "broke off"},
        Hostile{"HalfAMessage",
                {.body = Framed("hello").substr(0, 7)},
                "within a message"},
        Hostile{
            "HalfAPrefix", {.body = std::string(2, '\0')}, "within a message"},
        Hostile{"HangUpInABody",
                {.body = Framed("hello").substr(0, 7), .close_in_body = true},
                "closed the connection"},
        Hostile{"NoMessage", {.body = ""}, "no message"},
        Hostile{
            "TwoMessages", {.body = Framed("a") + Framed("b")}, "more than"},
        Hostile{"Compressed", {.body = Framed("hello", 1)}, "compressed"},
        Hostile{"DeclaresFourGiB",
                {.body = std::string("\0\xff\xff\xff\xff", 5)},
                "larger than 32 MiB"},
        Hostile{"NoTrailers",
                {.body = Framed("hello"), .trailers = {}},
                "without a status"},
        Hostile{"StatusBeforeTheMessage",
                {.headers = {{":status", "200"},
                             {"content-type", "application/grpc"},
                             {"grpc-status", "0"}},
                 .body = Framed("hello"),
                 .trailers = {}},
                "without a status"},
        Hostile{"StatusIsNoNumber",
                {.body = Framed("x"), .trailers = {{"grpc-status", "0x"}}},
                "without a status"},
        Hostile{"StatusOutOfRange",
                {.body = Framed("x"), .trailers = {{"grpc-status", "17"}}},
                "without a status"},
        Hostile{"Html",
                {.headers = {{":status", "200"}, {"content-type", "text/html"}},
                 .body = "<html>",
                 .trailers = {}},
                "content type"},
        Hostile{"WrongContentType",
                {.headers = {{":status", "200"},
                             {"content-type", "application/grpcx"}},
                 .body = Framed("x")},
                "content type"},
        Hostile{"NotFound",
                {.headers = {{":status", "404"},
                             {"content-type", "application/grpc"}},
                 .body = Framed("x")},
                "HTTP status"},
        Hostile{"HugeHeader",
                {.headers = {{":status", "200"},
                             {"content-type", "application/grpc"},
                             {"x", std::string(20'000, 'h')}},
                 .body = Framed("x")},
                "too many headers"}),
    [](const auto& row) { return row.param.name; });

TEST_F(ChannelTest, GarbageIsRefused) {
  ServeRaw("HTTP/1.1 400 Bad Request\r\n\r\n", /*close=*/true);
  EXPECT_THAT(Ask(), MeansUnreachable());
}

TEST_F(ChannelTest, APeerThatHangsUpAtOnceIsUnreachable) {
  ServeRaw("", /*close=*/true);
  EXPECT_THAT(Ask(), MeansUnreachable());
}

TEST_F(ChannelTest, ASilentPeerEndsWithTheHandshakeDeadline) {
  auto [ours, theirs] = ConnectedPair();
  server_.emplace(ScriptedServer::Raw(std::move(theirs), "", /*close=*/false));
  channel_.emplace(std::move(ours), In(20ms));
  EXPECT_THAT(Ask(), MeansUnreachable());
}

TEST_F(ChannelTest, AnAnswerThatNeverComesEndsWithTheDeadline) {
  Serve([](const Request&) { return Answer{.never = true}; });
  const auto answer = channel_->Unary(MakeCall("x"), In(50ms));
  EXPECT_THAT(answer, MeansUnreachable());
  EXPECT_THAT(answer, MessageHas("does not answer"));
}

TEST_F(ChannelTest, ABrokenConnectionFailsLaterCallsAtOnce) {
  ServeRaw("", /*close=*/true);
  ASSERT_THAT(Ask(), MeansUnreachable());
  EXPECT_THAT(Ask(), MeansUnreachable());
}

// A listening socket in a folder of its own.
class ConnectTest : public ::testing::Test {
 protected:
  ConnectTest() {
    char folder[] = "/tmp/libretto-channel-XXXXXX";
    folder_ = mkdtemp(folder);
    path_ = folder_ + "/agent.sock";
  }
  void TearDown() override {
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }

  void Listen() {
    listener_.Reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address),
                   sizeof(address)),
              0);
    ASSERT_EQ(listen(listener_.get(), 0), 0);
  }

  std::string folder_;
  std::string path_;
  UniqueFd listener_;
};

TEST_F(ConnectTest, ASocketThatIsNotThereMeansNobodyListens) {
  const auto channel = Channel::Connect(path_, getuid(), In(1s));
  EXPECT_TRUE(IsNobodyListening(channel.status())) << channel.status();
}

TEST_F(ConnectTest, AStaleSocketMeansNobodyListens) {
  Listen();
  listener_.Reset();
  const auto channel = Channel::Connect(path_, getuid(), In(1s));
  EXPECT_TRUE(IsNobodyListening(channel.status())) << channel.status();
}

TEST_F(ConnectTest, AServerOfOurOwnIsAccepted) {
  Listen();
  EXPECT_THAT(Channel::Connect(path_, getuid(), In(1s)).status(), IsOk());
}

TEST_F(ConnectTest, AServerOfAnotherUserGetsNotOneByte) {
  Listen();
  const auto channel = Channel::Connect(path_, getuid() + 1, In(1s));
  EXPECT_THAT(channel.status(), HasCode(StatusCode::kPermissionDenied));
  const UniqueFd accepted(accept(listener_.get(), nullptr, nullptr));
  char byte = 0;
  EXPECT_EQ(read(accepted.get(), &byte, 1), 0);
}

TEST_F(ConnectTest, AFullBacklogEndsWithTheDeadline) {
  Listen();
  const auto first = Channel::Connect(path_, getuid(), In(1s));
  ASSERT_THAT(first.status(), IsOk());
  const auto second = Channel::Connect(path_, getuid(), In(20ms));
  EXPECT_TRUE(IsUnreachable(second.status())) << second.status();
  EXPECT_FALSE(IsNobodyListening(second.status()));
}

TEST_F(ConnectTest, APathThatDoesNotFitIsRefused) {
  EXPECT_THAT(
      Channel::Connect("/" + std::string(200, 'x'), getuid(), In(1s)).status(),
      HasCode(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace libretto
