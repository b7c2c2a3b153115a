#include "client/commands/exit_codes.h"

#include <set>

#include <gtest/gtest.h>

#include "client/transport/unreachable.h"

namespace libretto {
namespace {

struct Row {
  Status status;
  int code;
};

// Fixed for good: a change here breaks somebody's script.
TEST(ExitCodesTest, EachMeaningHasItsCode) {
  const Row rows[] = {
      {OkStatus(), 0},
      {Corrupt(""), 1},
      {Conflict(""), 1},
      {Internal(""), 1},
      {Status(StatusCode::kCancelled, ""), 1},
      {Status(StatusCode::kUnknown, ""), 1},
      {Status(StatusCode::kUnimplemented, ""), 1},
      {Unreachable(""), 2},
      {NobodyListens(""), 2},
      {Denied(""), 3},
      {Locked(""), 4},
      {Unauthenticated(""), 4},
      {NotFound(""), 5},
      {Offline(""), 6},
      {TooSlow(""), 6},
      {Throttled("", std::chrono::seconds(1)), 7},
      {Invalid(""), 64},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(static_cast<int>(ExitCodeOf(row.status)), row.code) << row.status;
  }
}

TEST(ExitCodesTest, TheTableNamesEachCodeOnceAscending) {
  int last = -1;
  std::set<int> codes;
  for (const ExitCodeRow& row : ExitCodes()) {
    EXPECT_GT(static_cast<int>(row.code), last);
    EXPECT_FALSE(row.meaning.empty());
    last = static_cast<int>(row.code);
    codes.insert(last);
  }
  EXPECT_EQ(codes, std::set<int>({0, 1, 2, 3, 4, 5, 6, 7, 64, 125, 126, 127}));
}

}  // namespace
}  // namespace libretto
