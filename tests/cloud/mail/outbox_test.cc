#include "cloud/mail/outbox.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"
#include "cloud/mail/message.h"
#include "tests/fakes/manual_clock.h"
#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto::cloud {
namespace {

using libretto::testing::HasCode;
using libretto::testing::IsOk;

class OutboxTest : public ::testing::Test {
 protected:
  std::vector<std::string> Files() {
    std::vector<std::string> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(directory_ / "outbox")) {
      files.push_back(entry.path());
    }
    return files;
  }

  libretto::testing::TempDir directory_;
  libretto::testing::ManualClock clock_;
};

TEST_F(OutboxTest, AMailBecomesOneFile) {
  auto outbox = Outbox::Open(directory_ / "outbox", clock_);
  ASSERT_THAT(outbox, IsOk());
  ASSERT_THAT(outbox->Send({"a@x.test", "Hello", "One\n\nTwo\n"}), IsOk());
  const auto files = Files();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_TRUE(files.front().ends_with(".eml"));
  const auto text = ReadFile(files.front(), 10'000);
  ASSERT_THAT(text, IsOk());
  const std::string mail(text->Reveal());
  EXPECT_NE(mail.find("To: a@x.test\r\n"), std::string::npos);
  EXPECT_NE(mail.find("Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"),
            std::string::npos);
  EXPECT_NE(mail.find("Content-Transfer-Encoding: 8bit\r\n"),
            std::string::npos);
  EXPECT_TRUE(mail.ends_with("\r\n\r\nOne\r\n\r\nTwo\r\n"));
}

TEST_F(OutboxTest, MailsOfOneMomentAreFilesOfTheirOwn) {
  auto outbox = Outbox::Open(directory_ / "outbox", clock_);
  ASSERT_THAT(outbox, IsOk());
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(outbox->Send({"a@x.test", "Hello", "x\n"}), IsOk());
  }
  EXPECT_EQ(Files().size(), 10U);
}

TEST_F(OutboxTest, ALongLinkStaysInOnePiece) {
  const std::string link = "http://x.test/?token=" + std::string(900, 'a');
  const auto text =
      MessageText({"a@x.test", "s", "Open\n" + link + "\n"}, clock_.WallNow());
  ASSERT_THAT(text, IsOk());
  EXPECT_NE(text->find("\r\n" + link + "\r\n"), std::string::npos);
}

TEST_F(OutboxTest, NoHeaderCanBeSmuggledIn) {
  for (const char* hostile : {"a@x.test\r\nBcc: b@x.test", "a@x.test\nX: y",
                              "a\rb", "a\tb", "\xc3\xa4@x.test"}) {
    EXPECT_THAT(MessageText({hostile, "s", "t\n"}, clock_.WallNow()),
                HasCode(StatusCode::kInvalidArgument));
    EXPECT_THAT(MessageText({"a@x.test", hostile, "t\n"}, clock_.WallNow()),
                HasCode(StatusCode::kInvalidArgument));
  }
}

TEST_F(OutboxTest, ALineThatMailSystemsWouldCutIsRefused) {
  EXPECT_THAT(
      MessageText({"a@x.test", "s", std::string(999, 'x')}, clock_.WallNow()),
      HasCode(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace libretto::cloud
