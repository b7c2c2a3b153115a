#include "cloud/core/text.h"

#include <gtest/gtest.h>

#include "cloud/core/email_address.h"
#include "cloud/core/records.h"

namespace libretto::cloud {
namespace {

TEST(TextTest, LengthIsCountedAsJavaScriptCounts) {
  EXPECT_EQ(Utf16Length("password"), 8U);
  EXPECT_EQ(Utf16Length("p\xc3\xa4ss"), 4U);       // one unit
  EXPECT_EQ(Utf16Length("\xf0\x9f\x94\x91"), 2U);  // a surrogate pair
}

TEST(TextTest, PercentEncodingIsUndoneByDecoding) {
  EXPECT_EQ(PercentEncoded("a+/=b c"), "a%2B%2F%3Db%20c");
  EXPECT_EQ(PercentDecoded("a%2B%2f%3Db%20c"), "a+/=b c");
}

TEST(TextTest, APercentSignWithoutDigitsStays) {
  EXPECT_EQ(PercentDecoded("100%"), "100%");
  EXPECT_EQ(PercentDecoded("%zz%4"), "%zz%4");
  EXPECT_EQ(PercentDecoded("%4"), "%4");
}

TEST(TextTest, TimesAreUtcWithMilliseconds) {
  EXPECT_EQ(Iso8601(Timestamp(std::chrono::milliseconds(0))),
            "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(Iso8601(Timestamp(std::chrono::milliseconds(1'709'251'199'007))),
            "2024-02-29T23:59:59.007Z");
}

TEST(EmailAddressTest, TakesWhatTheContractsValidatorTakes) {
  for (const char* address :
       {"a@b.co", "first.last@mail.example.test", "o'brien+x@example.test",
        "_x-1@a-b.example", "A.B@EXAMPLE.Test"}) {
    EXPECT_TRUE(IsEmailAddress(address)) << address;
  }
}

TEST(EmailAddressTest, RefusesWhatCouldReachAMailHeader) {
  for (const char* address : {"",
                              "a",
                              "a@b",
                              "@b.co",
                              "a@.co",
                              "a@b..co",
                              "a@b.c",
                              "a@b.c0",
                              ".a@b.co",
                              "a.@b.co",
                              "a..b@b.co",
                              "a'@b.co",
                              "a b@b.co",
                              "a@b.co\r\nBcc: x@y.co",
                              "a@b.co,x@y.co",
                              "<a@b.co>",
                              "a@b@c.co",
                              "a@-b.co",
                              "a\"b@c.co",
                              "\xc3\xa4@b.co",
                              "a@b.co "}) {
    EXPECT_FALSE(IsEmailAddress(address)) << address;
  }
  EXPECT_FALSE(IsEmailAddress(std::string(250, 'a') + "@b.co"));
}

TEST(EmailAddressTest, ASlugIsLowerCaseWithHyphensInside) {
  for (const char* slug : {"a", "acme", "a-b", "9to5", "a--b"}) {
    EXPECT_TRUE(IsSlug(slug)) << slug;
  }
  for (const char* slug : {"", "-a", "a-", "Acme", "a b", "a_b", "a/b"}) {
    EXPECT_FALSE(IsSlug(slug)) << slug;
  }
}

}  // namespace
}  // namespace libretto::cloud
