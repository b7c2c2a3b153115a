#include "cloud/http/origins.h"

#include <gtest/gtest.h>

#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::HasCode;

TEST(OriginsTest, AnOriginIsSchemeHostAndPort) {
  EXPECT_EQ(OriginOf("HTTP://Cloud.Test:80/path?x#y"), "http://cloud.test");
  EXPECT_EQ(OriginOf("https://cloud.test:443"), "https://cloud.test");
  EXPECT_EQ(OriginOf("http://[::1]:8080/"), "http://[::1]:8080");
  for (const char* text :
       {"", "cloud.test", "ftp://cloud.test", "http://", "http:///x",
        "http://user@cloud.test", "http://cloud test", "null"}) {
    EXPECT_EQ(OriginOf(text), std::nullopt) << text;
  }
}

TEST(OriginsTest, OnLoopbackBothNamesAreTrusted) {
  for (const char* base : {"http://127.0.0.1:8080", "http://localhost:8080"}) {
    const auto origins = TrustedOrigins::For(base);
    EXPECT_TRUE(origins->Trusts("http://127.0.0.1:8080"));
    EXPECT_TRUE(origins->Trusts("http://localhost:8080/"));
    EXPECT_FALSE(origins->Trusts("http://localhost:8081"));
    EXPECT_FALSE(origins->Trusts("https://localhost:8080"));
  }
}

TEST(OriginsTest, ABaseUrlHasNoPath) {
  for (const char* base : {"", "cloud.test", "https://cloud.test/",
                           "https://cloud.test/x", "https://cloud.test?x"}) {
    EXPECT_THAT(TrustedOrigins::For(base),
                HasCode(StatusCode::kInvalidArgument))
        << base;
  }
}

}  // namespace
}  // namespace libretto::cloud
