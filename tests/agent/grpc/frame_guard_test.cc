#include "agent/grpc/frame_guard.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/agent/grpc/frames.h"
#include "tests/matchers.h"

namespace libretto {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Answer;
using testing::Call;
using testing::Frame;
using testing::GrpcMessage;
using testing::HasCode;
using testing::Headers;
using testing::Hello;
using testing::IsOk;
using testing::kAck;
using testing::kContinuation;
using testing::kData;
using testing::kEndHeaders;
using testing::kEndStream;
using testing::kGoaway;
using testing::kPadded;
using testing::kPing;
using testing::kPreface;
using testing::kPriority;
using testing::kPushPromise;
using testing::kRstStream;
using testing::kSettings;
using testing::kWindowUpdate;
using testing::MessageHas;
using testing::Number;

class FrameGuardTest : public ::testing::Test {
 protected:
  Status Client(const std::string& bytes) {
    return guard_.FromClient(bytes, now_);
  }
  Status Server(const std::string& bytes) {
    return guard_.FromServer(bytes, now_);
  }
  void Greet() { ASSERT_THAT(Client(Hello()), IsOk()); }
  void Pass(milliseconds time) { now_ += time; }
  // How often `frame` is taken, up to `most`; what is said then.
  int Repeat(const std::string& frame, int most, Status* why = nullptr) {
    for (int i = 0; i < most; ++i) {
      const Status status = Client(frame);
      if (status.ok()) continue;
      if (why != nullptr) *why = status;
      return i;
    }
    return most;
  }

  const FrameLimits limits_ = {};
  TimePoint now_{seconds(1000)};
  FrameGuard guard_{limits_, now_};
};

TEST_F(FrameGuardTest, AnOrdinaryConversationPassesInWhateverPieces) {
  std::string client = Hello() + Frame(kSettings, kAck, 0);
  for (std::uint32_t id = 1; id < 400; id += 2) client += Call(id);
  for (const std::size_t step : {1UL, 2UL, 5UL, 9UL, 10UL, 1000UL}) {
    FrameGuard guard(limits_, now_);
    std::uint32_t answered = 1;
    for (std::size_t at = 0; at < client.size(); at += step) {
      ASSERT_THAT(guard.FromClient(client.substr(at, step), now_), IsOk());
      for (; answered <= guard.last_stream(); answered += 2) {
        // An answer may come in pieces, too.
        const std::string answer = Answer(answered);
        for (std::size_t i = 0; i < answer.size(); i += step) {
          ASSERT_THAT(guard.FromServer(answer.substr(i, step), now_), IsOk());
        }
      }
    }
    EXPECT_EQ(guard.streams(), 0U);
    EXPECT_EQ(guard.last_stream(), 399U);
  }
}

TEST_F(FrameGuardTest, PrefaceAndSettingsHaveThreeSeconds) {
  ASSERT_THAT(Client(kPreface.substr(0, 10)), IsOk());
  EXPECT_EQ(guard_.NextDeadline(), now_ + seconds(3));
  Pass(milliseconds(2999));
  ASSERT_THAT(Client(kPreface.substr(10)), IsOk());
  ASSERT_THAT(
      Client(Frame(kSettings, 0, 0, Number(0, 3) + Number(9, 3)).substr(0, 14)),
      IsOk());
  EXPECT_THAT(guard_.CheckTime(now_), IsOk());
  Pass(milliseconds(1));
  EXPECT_THAT(guard_.CheckTime(now_), HasCode(StatusCode::kDeadlineExceeded));
}

TEST_F(FrameGuardTest, WhatIsNotHttp2IsRefused) {
  EXPECT_THAT(Client("GET / HTTP/1.1\r\n"), MessageHas("does not speak"));
  FrameGuard other(limits_, now_);
  EXPECT_THAT(
      other.FromClient(kPreface + Frame(kPing, 0, 0, Number(0, 8)), now_),
      MessageHas("not SETTINGS"));
  FrameGuard third(limits_, now_);
  EXPECT_THAT(third.FromClient(kPreface + Frame(kSettings, kAck, 0), now_),
              MessageHas("not SETTINGS"));
}

TEST_F(FrameGuardTest, AFrameHasTenSeconds) {
  Greet();
  ASSERT_THAT(Client(Call(1).substr(0, 4)), IsOk());
  EXPECT_EQ(guard_.NextDeadline(), now_ + seconds(10));
  Pass(seconds(10));
  EXPECT_THAT(guard_.CheckTime(now_), HasCode(StatusCode::kDeadlineExceeded));
  EXPECT_FALSE(guard_.Idle(now_ + seconds(60)));
}

TEST_F(FrameGuardTest, AHeaderBlockHasTenSeconds) {
  Greet();
  ASSERT_THAT(Client(Headers(1, kEndStream)), IsOk());
  Pass(seconds(9));
  ASSERT_THAT(Client(Frame(kContinuation, 0, 1, "more")), IsOk());
  Pass(seconds(1));
  EXPECT_THAT(guard_.CheckTime(now_), HasCode(StatusCode::kDeadlineExceeded));
}

TEST_F(FrameGuardTest, ARequestHasTenSecondsHoweverOftenAByteComes) {
  Greet();
  ASSERT_THAT(Client(Headers(1)), IsOk());
  for (const char byte : GrpcMessage("slow").substr(0, 9)) {
    EXPECT_THAT(guard_.CheckTime(now_), IsOk());
    Pass(seconds(1));
    ASSERT_THAT(Client(Frame(kData, 0, 1, {byte})), IsOk());
  }
  Pass(seconds(1));
  EXPECT_THAT(guard_.CheckTime(now_), HasCode(StatusCode::kDeadlineExceeded));
}

TEST_F(FrameGuardTest, ACallMayLastForEver) {
  Greet();
  ASSERT_THAT(Client(Call(1)), IsOk());
  EXPECT_EQ(guard_.NextDeadline(), TimePoint::max());
  Pass(seconds(86'400));
  EXPECT_THAT(guard_.CheckTime(now_), IsOk());
  EXPECT_FALSE(guard_.Idle(now_));
  ASSERT_THAT(Server(Answer(1)), IsOk());
  EXPECT_EQ(guard_.NextDeadline(), now_ + limits_.idle);
  EXPECT_FALSE(guard_.Idle(now_ + limits_.idle - milliseconds(1)));
  EXPECT_TRUE(guard_.Idle(now_ + limits_.idle));
}

TEST_F(FrameGuardTest, WhoDoesNothingGoesWhenOthersWait) {
  Pass(limits_.silent_patience - milliseconds(1));
  EXPECT_FALSE(guard_.CanGo(now_));
  Pass(milliseconds(1));
  EXPECT_TRUE(guard_.CanGo(now_));
  Greet();
  ASSERT_THAT(Client(Call(1)), IsOk());
  EXPECT_FALSE(guard_.CanGo(now_ + seconds(60)));
  ASSERT_THAT(Server(Answer(1)), IsOk());
  EXPECT_FALSE(guard_.CanGo(now_ + limits_.idle_patience - milliseconds(1)));
  EXPECT_TRUE(guard_.CanGo(now_ + limits_.idle_patience));
  ASSERT_THAT(Client(Call(3).substr(0, 4)), IsOk());
  EXPECT_FALSE(guard_.CanGo(now_ + limits_.idle_patience));
}

TEST_F(FrameGuardTest, CallsAtOnceAreCountedWithoutAnyAcknowledgement) {
  Greet();
  const auto most = static_cast<std::uint32_t>(limits_.streams);
  for (std::uint32_t i = 0; i < most; ++i) {
    ASSERT_THAT(Client(Call(2 * i + 1)), IsOk());
  }
  ASSERT_THAT(Server(Answer(1)), IsOk());
  ASSERT_THAT(Client(Call(2 * most + 1)), IsOk());
  EXPECT_THAT(Client(Call(2 * most + 3)), MessageHas("too many calls"));
}

TEST_F(FrameGuardTest, AStreamLivesUntilTheServerHasEndedIt) {
  Greet();
  ASSERT_THAT(Client(Call(1)), IsOk());
  ASSERT_THAT(Server(Headers(1)), IsOk());
  ASSERT_THAT(Server(Frame(kData, 0, 1, GrpcMessage("answer"))), IsOk());
  EXPECT_EQ(guard_.streams(), 1U);
  ASSERT_THAT(Server(Headers(1, kEndHeaders | kEndStream)), IsOk());
  EXPECT_EQ(guard_.streams(), 0U);
}

TEST_F(FrameGuardTest, AFrameOverTheLimitIsRefusedByItsHeader) {
  Greet();
  ASSERT_THAT(Client(Headers(1)), IsOk());
  const std::string large(16'385, 'x');
  EXPECT_THAT(Client(Frame(kData, 0, 1, large).substr(0, 9)),
              MessageHas("frame is too large"));
}

TEST_F(FrameGuardTest, AHeaderBlockIsBoundedWithItsFramesHeaders) {
  Greet();
  ASSERT_THAT(Client(Headers(1, 0)), IsOk());
  const std::string part(1000, 'x');
  EXPECT_EQ(Repeat(Frame(kContinuation, 0, 1, part), 100), 16);
  FrameGuard other(limits_, now_);
  ASSERT_THAT(other.FromClient(Hello() + Headers(1, 0), now_), IsOk());
  std::string empty;
  for (int i = 0; i < 1900; ++i) empty += Frame(kContinuation, 0, 1);
  EXPECT_THAT(other.FromClient(empty, now_), MessageHas("header block"));
}

TEST_F(FrameGuardTest, NothingComesBetweenTheFramesOfAHeaderBlock) {
  for (const std::string& frame : {Call(3), Frame(kPing, 0, 0, Number(0, 8)),
                                   Frame(kContinuation, 0, 3)}) {
    FrameGuard guard(limits_, now_);
    ASSERT_THAT(guard.FromClient(Hello() + Headers(1, 0), now_), IsOk());
    EXPECT_THAT(guard.FromClient(frame, now_), MessageHas("in the middle"));
  }
}

TEST_F(FrameGuardTest, AMessageIsJudgedByTheSizeItDeclares) {
  Greet();
  ASSERT_THAT(Client(Headers(1)), IsOk());
  ASSERT_THAT(
      Client(Frame(kData, 0, 1, Number(0, 1) + Number(limits_.message_bytes))),
      IsOk());
  ASSERT_THAT(Client(Headers(3)), IsOk());
  // In pieces, so that no single frame has all of the prefix.
  ASSERT_THAT(Client(Frame(kData, 0, 3, Number(0, 2))), IsOk());
  EXPECT_THAT(Client(Frame(kData, 0, 3, Number(limits_.message_bytes + 1))
                         .substr(0, 9 + 4)),
              IsOk());
  FrameGuard other(limits_, now_);
  ASSERT_THAT(other.FromClient(Hello() + Headers(1), now_), IsOk());
  EXPECT_THAT(
      other.FromClient(
          Frame(kData, 0, 1, Number(0, 1) + Number(limits_.message_bytes + 1)),
          now_),
      MessageHas("message is too large"));
}

TEST_F(FrameGuardTest, TheSecondMessageOfAStreamIsJudgedToo) {
  Greet();
  ASSERT_THAT(Client(Headers(1)), IsOk());
  EXPECT_THAT(
      Client(Frame(kData, 0, 1,
                   GrpcMessage("one") + Number(0, 1) + Number(1 << 30))),
      MessageHas("message is too large"));
}

TEST_F(FrameGuardTest, WhatIsNoMessageIsRefused) {
  Greet();
  ASSERT_THAT(Client(Headers(1)), IsOk());
  EXPECT_THAT(Client(Frame(kData, 0, 1, "xxxxx")),
              MessageHas("no gRPC message"));
}

TEST_F(FrameGuardTest, ARequestInCrumbsIsRefused) {
  Greet();
  ASSERT_THAT(Client(Headers(1)), IsOk());
  ASSERT_THAT(Client(Frame(kData, 0, 1,
                           GrpcMessage(std::string(1000, 'x')).substr(0, 5))),
              IsOk());
  Status why;
  EXPECT_EQ(Repeat(Frame(kData, 0, 1, "x"), 1000, &why),
            limits_.request_frames - 1);
  EXPECT_THAT(why, MessageHas("too many pieces"));
}

TEST_F(FrameGuardTest, TheLargestRequestPassesInFullFrames) {
  Greet();
  ASSERT_THAT(Client(Headers(1)), IsOk());
  const std::string message =
      GrpcMessage(std::string(limits_.message_bytes, 'x'));
  for (std::size_t at = 0; at < message.size(); at += 16'384) {
    ASSERT_THAT(Client(Frame(kData, 0, 1, message.substr(at, 16'384))), IsOk());
  }
  ASSERT_THAT(Client(Frame(kData, kEndStream, 1)), IsOk());
}

TEST_F(FrameGuardTest, WhatBreaksTheProtocolIsRefused) {
  const std::vector<std::string> broken = {
      Frame(kData, 0, 0, "x"),                     // on the connection
      Frame(kData, 0, 1, "x"),                     // on a stream not begun
      Headers(1) + Frame(kData, kPadded, 1, "x"),  // padded
      Call(1) + Frame(kData, 0, 1, "x"),           // after the end
      Headers(0),
      Headers(2),                            // not a client's stream
      Frame(kContinuation, 0, 1),            // of nothing
      Frame(kRstStream, 0, 1, Number(8)),    // of nothing
      Frame(kPushPromise, 0, 1, Number(2)),  // a server's
      Frame(kPing, 0, 0, "x"),               // sizes
      Frame(kPing, 0, 1, Number(0, 8)),      // on a stream
      Frame(kPriority, 0, 1, Number(0, 4)),
      Call(1) + Frame(kRstStream, 0, 1, Number(0, 5)),
      Frame(kWindowUpdate, 0, 0, Number(1, 3)),
      Frame(kWindowUpdate, 0, 0, Number(0)),  // of nothing
      Frame(kSettings, 0, 1),                 // on a stream
      Frame(kSettings, 0, 0, "x"),
      Frame(kSettings, kAck, 0, Number(0, 6)),
      Frame(kSettings, 0, 0, Number(0, 6 * 100)),  // too many
      Frame(kGoaway, 0, 0, std::string(2000, 'x')),
  };
  for (const std::string& frames : broken) {
    FrameGuard guard(limits_, now_);
    ASSERT_THAT(guard.FromClient(Hello(), now_), IsOk());
    EXPECT_THAT(guard.FromClient(frames, now_),
                HasCode(StatusCode::kInvalidArgument))
        << ::testing::PrintToString(frames);
  }
}

}  // namespace
}  // namespace libretto
