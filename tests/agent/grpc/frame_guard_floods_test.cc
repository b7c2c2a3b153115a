// Frames that cost a client nothing: a few are fine, a flood is not.
#include "agent/grpc/frame_guard.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/agent/grpc/frames.h"
#include "tests/matchers.h"

namespace libretto {
namespace {

using std::chrono::seconds;
using testing::Answer;
using testing::Call;
using testing::Frame;
using testing::HasCode;
using testing::Headers;
using testing::Hello;
using testing::IsOk;
using testing::kAck;
using testing::kData;
using testing::kEndHeaders;
using testing::kEndStream;
using testing::kGoaway;
using testing::kHeaders;
using testing::kPing;
using testing::kPriority;
using testing::kRstStream;
using testing::kSettings;
using testing::kWindowUpdate;
using testing::MessageHas;
using testing::Number;

class FrameGuardFloodsTest : public ::testing::Test {
 protected:
  Status Client(const std::string& bytes) {
    return guard_.FromClient(bytes, now_);
  }
  Status Server(const std::string& bytes) {
    return guard_.FromServer(bytes, now_);
  }
  void Greet() { ASSERT_THAT(Client(Hello()), IsOk()); }
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

TEST_F(FrameGuardFloodsTest, FloodsOfWhatCostsNothingAreCut) {
  struct Flood {
    std::string frame;
    const char* why;
  };
  const std::vector<Flood> floods = {
      {Frame(kPing, 0, 0, Number(0, 8)), "too many PINGs"},
      {Frame(kPing, kAck, 0, Number(0, 8)), "too many PINGs"},
      {Frame(kSettings, 0, 0), "too many SETTINGS"},
      {Frame(kSettings, kAck, 0), "too many SETTINGS"},
      {Frame(kPriority, 0, 1, Number(0, 5)), "too many PRIORITY"},
      {Frame(kRstStream, 0, 1, Number(8)), "too many RST_STREAMs"},
      {Frame(kGoaway, 0, 0, Number(0, 8)), "too many GOAWAYs"},
      {Frame(0x77, 0, 1, "?"), "too many unknown"},
      {Frame(kWindowUpdate, 0, 0, Number(1)), "too many WINDOW_UPDATEs"},
      {Frame(kWindowUpdate, 0, 1, Number(1)), "too many WINDOW_UPDATEs"},
      {Headers(1), "too many HEADERS on streams"},
  };
  for (const Flood& flood : floods) {
    FrameGuard guard(limits_, now_);
    ASSERT_THAT(guard.FromClient(Hello() + Call(1), now_), IsOk());
    Status status;
    int taken = 0;
    while (taken < 1000 && status.ok()) {
      status = guard.FromClient(flood.frame, now_);
      ++taken;
    }
    EXPECT_LE(taken, limits_.noise_burst + 5) << flood.why;
    EXPECT_THAT(status, MessageHas(flood.why));
    EXPECT_THAT(status, HasCode(StatusCode::kResourceExhausted));
  }
}

TEST_F(FrameGuardFloodsTest, EmptyDataIsCountedOverAllStreams) {
  Greet();
  int taken = 0;
  Status status;
  for (std::uint32_t id = 1; status.ok() && taken < 1000; id += 2) {
    ASSERT_THAT(Client(Headers(id)), IsOk());
    for (int i = 0; i < 20 && status.ok(); ++i, ++taken) {
      status = Client(Frame(kData, 0, id));
    }
  }
  EXPECT_THAT(status, MessageHas("too many empty DATA"));
}

TEST_F(FrameGuardFloodsTest, DataOnEndedStreamsIsCounted) {
  Greet();
  ASSERT_THAT(Client(Headers(1)), IsOk());
  ASSERT_THAT(Server(Headers(1, kEndHeaders | kEndStream)), IsOk());
  Status why;
  EXPECT_LT(Repeat(Frame(kData, 0, 1, "x"), 1000, &why), 301);
  EXPECT_THAT(why, MessageHas("ended streams"));
}

TEST_F(FrameGuardFloodsTest, RapidResetsAreCut) {
  Greet();
  int calls = 0;
  for (std::uint32_t id = 1; calls < 1000; id += 2, ++calls) {
    if (!Client(Call(id)).ok() ||
        !Client(Frame(kRstStream, 0, id, Number(8))).ok()) {
      break;
    }
  }
  EXPECT_LE(calls, limits_.noise_burst);
}

TEST_F(FrameGuardFloodsTest, ResetsThatTheServerIsMadeToSendAreCut) {
  Greet();
  Status status;
  int calls = 0;
  for (std::uint32_t id = 1; status.ok() && calls < 1000; id += 2, ++calls) {
    ASSERT_THAT(Client(Call(id)), IsOk());
    status = Server(Frame(kRstStream, 0, id, Number(1)));
  }
  EXPECT_THAT(status, MessageHas("has to reset"));
}

TEST_F(FrameGuardFloodsTest, LargeHeaderBlocksAreRationed) {
  Greet();
  Status status;
  int calls = 0;
  for (std::uint32_t id = 1; status.ok() && calls < 1000; id += 2, ++calls) {
    status = Client(Frame(kHeaders, kEndHeaders | kEndStream, id,
                          std::string(16'000, 'x')));
    ASSERT_THAT(Server(Answer(id)), IsOk());
  }
  EXPECT_LT(calls, 25);
  EXPECT_THAT(status, MessageHas("large header blocks"));
}

TEST_F(FrameGuardFloodsTest, WhatIsSpentComesBack) {
  Greet();
  const std::string ping = Frame(kPing, 0, 0, Number(0, 8));
  EXPECT_LT(Repeat(ping, 1000), 301);
  FrameGuard other(limits_, now_);
  ASSERT_THAT(other.FromClient(Hello(), now_), IsOk());
  // A keepalive a second, for an hour; and a burst now and then.
  for (int i = 0; i < 3600; ++i) {
    now_ += seconds(1);
    ASSERT_THAT(other.FromClient(ping, now_), IsOk());
    if (i % 60 != 0) continue;
    for (int j = 0; j < 200; ++j) {
      ASSERT_THAT(other.FromClient(ping, now_), IsOk());
    }
  }
}

// As gRPC for Go does, to find out how fast the way is.
TEST_F(FrameGuardFloodsTest, APingForEachAnswerIsNoFlood) {
  Greet();
  for (std::uint32_t id = 1; id < 10'000; id += 2) {
    ASSERT_THAT(Client(Call(id)), IsOk());
    ASSERT_THAT(Server(Answer(id)), IsOk());
    ASSERT_THAT(Client(Frame(kPing, 0, 0, Number(0, 8)) +
                       Frame(kWindowUpdate, 0, 0, Number(100))),
                IsOk())
        << id;
  }
}

TEST_F(FrameGuardFloodsTest, WindowUpdatesAreEarnedByAnswers) {
  Greet();
  const std::string update = Frame(kWindowUpdate, 0, 0, Number(1));
  for (std::uint32_t id = 1; id < 20'000; id += 2) {
    ASSERT_THAT(Client(Call(id)), IsOk());
    ASSERT_THAT(Server(Answer(id)), IsOk());
    for (int i = 0; i < 4; ++i) ASSERT_THAT(Client(update), IsOk());
  }
}

}  // namespace
}  // namespace libretto
