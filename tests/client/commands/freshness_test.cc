#include "client/commands/freshness.h"

#include <gtest/gtest.h>

namespace libretto {
namespace {

using std::chrono::seconds;

TEST(ParseAgeTest, TakesSecondsAndUnits) {
  const std::pair<const char*, int> rows[] = {
      {"0", 0},     {"30", 30},     {"30s", 30},         {"5m", 300},
      {"2h", 7200}, {"1d", 86'400}, {"366d", 31'622'400}};
  for (const auto& [text, expected] : rows) {
    EXPECT_EQ(ParseAge(text), seconds(expected)) << text;
  }
}

TEST(ParseAgeTest, RefusesEverythingElse) {
  for (const char* text : {"", "-1", "s", "1.5h", "1 h", "1w", "h1", "367d",
                           "99999999999999999999", "9999999999"}) {
    EXPECT_EQ(ParseAge(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace libretto
