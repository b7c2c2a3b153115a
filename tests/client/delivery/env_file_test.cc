#include "client/delivery/env_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/matchers.h"
#include "tests/temp_dir.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

class EnvFileTest : public ::testing::Test {
 protected:
  std::string Make(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = dir_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

  testing::TempDir dir_;
};

TEST_F(EnvFileTest, AValueThatIsAReferenceIsOneAndAllElseIsASetting) {
  const auto file = ReadEnvFile(Make("some.env",
                                     "# whose\n"
                                     "export A=libretto://UserName  # note\n"
                                     "B=\"libretto://db.prod-1\"\n"
                                     "LEVEL=debug\n"
                                     "NOT=x libretto://username\n"
                                     "EMPTY=\n"
                                     "A=libretto://later\n"));
  ASSERT_THAT(file, IsOk());
  ASSERT_EQ(file->references.size(), 2U);
  EXPECT_EQ(file->references[0].variable, "A");
  EXPECT_EQ(file->references[0].name.text(), "username");
  EXPECT_EQ(file->references[1].name.text(), "db.prod-1");
  ASSERT_EQ(file->settings.size(), 3U);
  EXPECT_EQ(file->settings[0].value.Reveal(), "debug");
  EXPECT_EQ(file->settings[1].value.Reveal(), "x libretto://username");
  EXPECT_EQ(file->settings[2].value.Reveal(), "");
}

TEST_F(EnvFileTest, AReferenceToNoPossibleNameIsNamedByItsVariable) {
  for (const char* bad : {"libretto://", "libretto://a b", "libretto://api_key",
                          "libretto://username?attribute=x"}) {
    const auto file = ReadEnvFile(Make("bad.env", std::string("TOKEN=") + bad));
    EXPECT_THAT(file, HasCode(StatusCode::kInvalidArgument)) << bad;
    EXPECT_THAT(file, MessageHas("bad.env: TOKEN")) << bad;
  }
}

TEST_F(EnvFileTest, ANulIsRefused) {
  EXPECT_THAT(ReadEnvFile(Make("nul.env", std::string("A=x\0y", 5))),
              HasCode(StatusCode::kInvalidArgument));
}

TEST_F(EnvFileTest, AFileThatIsNotThereIsNamed) {
  EXPECT_THAT(ReadEnvFile(dir_ / "missing.env"),
              HasCode(StatusCode::kNotFound));
}

TEST_F(EnvFileTest, TheNearestOneCounts) {
  Make(".env.libretto", "WHERE=top\n");
  Make("a/b/c/.keep", "");
  const auto above = ReadNearestEnvFile(dir_ / "a/b/c");
  ASSERT_THAT(above, IsOk());
  ASSERT_TRUE(above->has_value());
  EXPECT_EQ((*above)->settings[0].value.Reveal(), "top");
  Make("a/b/.env.libretto", "WHERE=nearer\n");
  const auto nearer = ReadNearestEnvFile(dir_ / "a/b/c");
  ASSERT_THAT(nearer, IsOk());
  EXPECT_EQ((*nearer)->settings[0].value.Reveal(), "nearer");
}

TEST_F(EnvFileTest, NoneIsNoError) {
  const auto none = ReadNearestEnvFile(dir_.path());
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->has_value());
}

TEST_F(EnvFileTest, OneThatEverybodyCanWriteIsNotUsedUnasked) {
  const std::string path = Make(".env.libretto", "A=libretto://username\n");
  ASSERT_EQ(chmod(path.c_str(), 0666), 0);
  EXPECT_THAT(ReadNearestEnvFile(dir_.path()),
              HasCode(StatusCode::kPermissionDenied));
  EXPECT_THAT(ReadEnvFile(path), IsOk());
}

TEST_F(EnvFileTest, AnotherUsersIsNotUsedUnasked) {
  if (geteuid() != 0) GTEST_SKIP() << "giving a file away needs root";
  const std::string path = Make(".env.libretto", "A=libretto://username\n");
  ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
  const auto file = ReadNearestEnvFile(dir_.path());
  EXPECT_THAT(file, HasCode(StatusCode::kPermissionDenied));
  EXPECT_THAT(file, MessageHas("another user"));
}

}  // namespace
}  // namespace libretto
