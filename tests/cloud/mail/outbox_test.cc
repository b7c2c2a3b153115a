#include "cloud/mail/outbox.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/fakes/manual_clock.h"
#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto::cloud {
namespace {

using libretto::testing::IsOk;

class OutboxTest : public ::testing::Test {
 protected:
  StatusOr<Outbox> Open() {
    return Outbox::Open(directory_ / "outbox",
                        *Sender::Parse("no-reply@cloud.test"), clock_);
  }

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
  auto outbox = Open();
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
  EXPECT_NE(mail.find("\r\n\r\nOne\r\n\r\nTwo\r\n"), std::string::npos);
}

TEST_F(OutboxTest, MailsOfOneMomentAreFilesOfTheirOwn) {
  auto outbox = Open();
  ASSERT_THAT(outbox, IsOk());
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(outbox->Send({"a@x.test", "Hello", "x\n"}), IsOk());
  }
  EXPECT_EQ(Files().size(), 10U);
}

}  // namespace
}  // namespace libretto::cloud
