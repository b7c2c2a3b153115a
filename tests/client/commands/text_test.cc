#include "client/commands/text.h"

#include <gtest/gtest.h>

namespace libretto {
namespace {

TEST(SlugifyTest, FollowsThePublicCommand) {
  const struct {
    std::string_view name;
    std::string_view slug;
  } rows[] = {
      {"Acme", "acme"},
      {"  Acme  Inc. ", "acme-inc"},
      {"Größe & Co", "gr-e-co"},
      {"--a--b--", "a-b"},
      {"R2 D2", "r2-d2"},
      {"...", ""},
      {"", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(Slugify(row.name), row.slug);
}

TEST(NearestTest, FindsTheWordThatWasMeant) {
  const std::vector<std::string_view> words = {"create", "list", "get",
                                               "update", "read"};
  EXPECT_EQ(Nearest("craete", words), "create");
  EXPECT_EQ(Nearest("raed", words), "read");
  EXPECT_EQ(Nearest("lits", words), "list");
  EXPECT_EQ(Nearest("updates", words), "update");
  EXPECT_EQ(Nearest("frobnicate", words), "");
  EXPECT_EQ(Nearest("xyz", words), "");
  EXPECT_EQ(Nearest(std::string(10'000, 'x'), words), "");
}

TEST(DurationTest, ShowsTheTwoLargestUnits) {
  EXPECT_EQ(Duration(0), "0 s");
  EXPECT_EQ(Duration(59), "59 s");
  EXPECT_EQ(Duration(60), "1 min");
  EXPECT_EQ(Duration(61), "1 min 1 s");
  EXPECT_EQ(Duration(3600), "1 h");
  EXPECT_EQ(Duration(3661), "1 h 1 min");
  EXPECT_EQ(Duration(3 * 86400 + 7200), "3 d 2 h");
}

TEST(ColumnsTest, AlignsAndLeavesNoSpaceAtTheEnd) {
  EXPECT_EQ(Columns({{"a", "long", ""}, {"bbb", "x", "y"}}),
            "a    long\nbbb  x     y\n");
}

TEST(CountTest, KnowsThePlural) {
  EXPECT_EQ(Count(0, "credential"), "0 credentials");
  EXPECT_EQ(Count(1, "credential"), "1 credential");
}

}  // namespace
}  // namespace libretto
