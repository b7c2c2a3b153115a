#include "agent/core/one_time_code.h"

#include <string>

#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::MessageHas;

constexpr std::int64_t kNewYear = 1'767'225'600;  // 2026-01-01T00:00:00Z

class OneTimeCodeTest : public ::testing::Test {
 protected:
  static Status Refusal(std::string_view stored) {
    return OneTimeCode(SecretBytes::CopyOf(stored), WallTime()).status();
  }

  // The code, or "refused".
  static std::string CodeAt(std::int64_t unix_seconds,
                            std::string_view stored) {
    const auto code = OneTimeCode(SecretBytes::CopyOf(stored),
                                  WallTime(std::chrono::seconds(unix_seconds)));
    return code.ok() ? std::string(code->Reveal()) : "refused";
  }
};

// RFC 6238, appendix B, with its three seeds (erratum 2866) in base32. Its last
// row is of the year 2603, which the system's clock cannot name.
TEST_F(OneTimeCodeTest, GivesTheCodesOfTheRfc) {
  const std::string twenty = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  const std::string sha1 = "otpauth://totp/a?digits=8&secret=" + twenty;
  const std::string sha256 =
      "otpauth://totp/a?algorithm=SHA256&digits=8&secret=" + twenty +
      "GEZDGNBVGY3TQOJQGEZA====";
  const std::string sha512 =
      "otpauth://totp/a?algorithm=SHA512&digits=8&secret=" + twenty + twenty +
      twenty + "GEZDGNA=";
  const struct {
    std::int64_t when;
    const char* sha1;
    const char* sha256;
    const char* sha512;
  } rows[] = {{59, "94287082", "46119246", "90693936"},
              {1111111109, "07081804", "68084774", "25091201"},
              {1111111111, "14050471", "67062674", "99943326"},
              {1234567890, "89005924", "91819424", "93441116"},
              {2000000000, "69279037", "90698825", "38618901"}};
  for (const auto& row : rows) {
    EXPECT_EQ(CodeAt(row.when, sha1), row.sha1);
    EXPECT_EQ(CodeAt(row.when, sha256), row.sha256);
    EXPECT_EQ(CodeAt(row.when, sha512), row.sha512);
  }
}

TEST_F(OneTimeCodeTest, ASeedIsReadAsPeopleCopyIt) {
  for (const char* seed :
       {"JBSWY3DPEHPK3PXP", "jbswy3dpehpk3pxp", "jbsw y3dp ehpk 3pxp",
        "JBSW-Y3DP-EHPK-3PXP\n", " JBSWY3DPEHPK3PXP\r\n"}) {
    EXPECT_EQ(CodeAt(kNewYear, seed), "260025") << seed;
  }
}

TEST_F(OneTimeCodeTest, AUriSaysDigitsPeriodAndAlgorithm) {
  EXPECT_EQ(CodeAt(kNewYear,
                   "otpauth://totp/Example:casey%40example.test?"
                   "secret=JBSWY3DPEHPK3PXP&issuer=Example&algorithm=sha256&"
                   "digits=7&period=60"),
            "1193177");
  EXPECT_EQ(CodeAt(kNewYear, "otpauth://totp/a?secret=jbswy3dpehpk3pxp"),
            "260025");
}

TEST_F(OneTimeCodeTest, PaddingMayBeEscapedInAUri) {
  const char* const kPlain = "GEZDGNBVGY3TQOJQGEZA";
  const std::string expected = CodeAt(kNewYear, kPlain);
  EXPECT_NE(expected, "refused");
  EXPECT_EQ(CodeAt(kNewYear, std::string("otpauth://totp/a?secret=") + kPlain +
                                 "%3D%3D%3D%3d&digits=6"),
            expected);
  EXPECT_EQ(CodeAt(kNewYear, std::string(kPlain) + "===="), expected);
}

TEST_F(OneTimeCodeTest, WhatIsNoSeedIsRefusedAndNotQuoted) {
  // hunter2 would be base32, as many passwords are.
  for (const char* stored : {"hunter2", "", " ", "JBSWY3DPEHPK3PX", "0189",
                             "JBSWY3DPEHPK3PX!", "sk-proj-0aaaaaaaaaaaaaaaa"}) {
    const Status refusal = Refusal(stored);
    EXPECT_THAT(refusal, HasCode(StatusCode::kInvalidArgument)) << stored;
    EXPECT_EQ(Message(refusal),
              "its value is no seed of one-time codes: neither base32 text of "
              "16 characters or more nor an otpauth://totp/ URI");
  }
}

TEST_F(OneTimeCodeTest, AUriThatCannotBeFollowedSaysWhy) {
  const std::string good = "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP";
  const struct {
    std::string uri;
    const char* why;
  } rows[] = {{"otpauth://hotp/a?secret=JBSWY3DPEHPK3PXP", "codes by time"},
              {"otpauth://totp/a", "without a secret"},
              {"otpauth://totp/a?secret", "no seed"},
              {"otpauth://totp/a?secret=hunter2", "no seed"},
              {good + "&digits=5", "digits"},
              {good + "&digits=9", "digits"},
              {good + "&digits=", "digits"},
              {good + "&period=0", "period"},
              {good + "&period=3601", "period"},
              {good + "&period=30s", "period"},
              {good + "&algorithm=MD5", "algorithm"}};
  for (const auto& row : rows) {
    const Status refusal = Refusal(row.uri);
    EXPECT_THAT(refusal, HasCode(StatusCode::kInvalidArgument)) << row.uri;
    EXPECT_THAT(refusal, MessageHas(row.why)) << row.uri;
    EXPECT_EQ(Message(refusal).find("JBSW"), std::string::npos);
  }
}

}  // namespace
}  // namespace libretto
