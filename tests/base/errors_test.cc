#include "base/errors.h"

#include <cerrno>
#include <chrono>
#include <set>

#include <gtest/gtest.h>

#include "tests/matchers.h"

namespace libretto {
namespace {

using std::chrono::seconds;
using testing::HasCode;
using testing::MessageHas;

TEST(ErrorsTest, EveryMeaningHasACodeOfItsOwn) {
  const Status all[] = {Locked("w"),   Unauthenticated("w"),
                        Denied("w"),   NotFound("w"),
                        Invalid("w"),  Offline("w"),
                        TooSlow("w"),  Corrupt("w"),
                        Conflict("w"), Throttled("w", seconds(1)),
                        Internal("w")};
  std::set<StatusCode> codes;
  for (const Status& status : all) {
    EXPECT_EQ(Message(status), "w");
    codes.insert(status.code());
  }
  EXPECT_EQ(codes.size(), std::size(all));
  EXPECT_EQ(codes.count(StatusCode::kOk), 0U);
}

// The codes are on the wire: these are gRPC's numbers.
TEST(ErrorsTest, TheCodesAreThoseOfTheWire) {
  EXPECT_EQ(static_cast<int>(Locked("").code()), 9);
  EXPECT_EQ(static_cast<int>(Unauthenticated("").code()), 16);
  EXPECT_EQ(static_cast<int>(Denied("").code()), 7);
  EXPECT_EQ(static_cast<int>(NotFound("").code()), 5);
  EXPECT_EQ(static_cast<int>(Invalid("").code()), 3);
  EXPECT_EQ(static_cast<int>(Offline("").code()), 14);
  EXPECT_EQ(static_cast<int>(TooSlow("").code()), 4);
  EXPECT_EQ(static_cast<int>(Corrupt("").code()), 15);
  EXPECT_EQ(static_cast<int>(Conflict("").code()), 10);
  EXPECT_EQ(static_cast<int>(Throttled("", seconds(0)).code()), 8);
  EXPECT_EQ(static_cast<int>(Internal("").code()), 13);
}

TEST(ErrorsTest, ARemedyIsWhatToType) {
  EXPECT_EQ(Remedy(Locked("locked")), "");
  EXPECT_EQ(Remedy(WithRemedy(Locked("locked"), "unlock it")), "unlock it");
  EXPECT_EQ(Remedy(WithRemedy(OkStatus(), "nothing to do")), "");
}

TEST(ErrorsTest, AReasonTellsApartWhatSharesACode) {
  EXPECT_EQ(ReasonOf(Conflict("taken")), "");
  EXPECT_EQ(ReasonOf(WithReason(Conflict("taken"), "slug_taken")),
            "slug_taken");
  EXPECT_EQ(ReasonOf(WithReason(OkStatus(), "slug_taken")), "");
}

TEST(ErrorsTest, OnlyThrottledAsksToWait) {
  EXPECT_EQ(WaitOf(Throttled("slower", seconds(7))), seconds(7));
  EXPECT_EQ(WaitOf(Offline("away")), seconds(0));
  EXPECT_EQ(WaitOf(OkStatus()), seconds(0));
}

TEST(ErrorsTest, AnnotatingKeepsAllButTheMessage) {
  const Status status = Annotate(
      WithReason(WithRemedy(Throttled("slower", seconds(7)), "wait"), "why"),
      "signing in");
  EXPECT_THAT(status, HasCode(StatusCode::kResourceExhausted));
  EXPECT_EQ(Message(status), "signing in: slower");
  EXPECT_EQ(Remedy(status), "wait");
  EXPECT_EQ(ReasonOf(status), "why");
  EXPECT_EQ(WaitOf(status), seconds(7));
  EXPECT_TRUE(Annotate(OkStatus(), "signing in").ok());
}

TEST(ErrorsTest, AnErrnoGetsTheCodeThatFits) {
  EXPECT_THAT(FromErrno(ENOENT, "cannot read x"),
              HasCode(StatusCode::kNotFound));
  EXPECT_THAT(FromErrno(ENOENT, "cannot read x"),
              MessageHas("cannot read x: No such file or directory"));
  for (const int number : {EACCES, EPERM, EROFS}) {
    EXPECT_THAT(FromErrno(number, "x"), HasCode(StatusCode::kPermissionDenied));
  }
  for (const int number : {EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENOTDIR}) {
    EXPECT_THAT(FromErrno(number, "x"), HasCode(StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(FromErrno(ECONNREFUSED, "x"), HasCode(StatusCode::kUnavailable));
  EXPECT_THAT(FromErrno(ENOSPC, "x"), HasCode(StatusCode::kInternal));
}

}  // namespace
}  // namespace libretto
