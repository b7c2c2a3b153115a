#include "client/delivery/dotenv_import.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::MessageHas;

class DotenvImportTest : public ::testing::Test {
 protected:
  static StatusOr<DotenvImport> Parse(
      std::string_view text, const std::vector<std::string>& also = {}) {
    return DotenvImport::Parse(SecretBytes::CopyOf(text), also);
  }
  static std::string Replaced(std::string_view text) {
    const auto import = Parse(text);
    if (!import.ok()) return Message(import.status());
    const auto after = import->WithReferences();
    return after.ok() ? std::string(after->Reveal()) : Message(after.status());
  }
};

TEST_F(DotenvImportTest, FindsWhatPushWouldStoreInTheOrderOfTheFile) {
  const auto import = Parse(
      "LIBRETTO_CLOUD_B=two\nPORT=80\nLIBRETTO_CLOUD_A='o n e'\n"
      "LIBRETTO_CLOUD_API_KEY=k\nLIBRETTO_CLOUD_=x\nLIBRETTO_CLOUD_E=\n"
      "LIBRETTO_CLOUD_R=libretto://r\n");
  ASSERT_TRUE(import.ok());
  ASSERT_EQ(import->found().size(), 2U);
  EXPECT_EQ(import->found()[0].name.text(), "b");
  EXPECT_EQ(import->found()[0].value.Reveal(), "two");
  EXPECT_EQ(import->found()[1].variable, "LIBRETTO_CLOUD_A");
  EXPECT_EQ(import->found()[1].value.Reveal(), "o n e");
}

TEST_F(DotenvImportTest, OtherVariablesAreImportedWhenTheyAreNamed) {
  const auto import = Parse("OPENAI_API_KEY=sk\nPORT=80\n", {"OPENAI_API_KEY"});
  ASSERT_TRUE(import.ok());
  ASSERT_EQ(import->found().size(), 1U);
  EXPECT_EQ(import->found()[0].name.text(), "openai_api_key");
  EXPECT_EQ(import->WithReferences()->Reveal(),
            "OPENAI_API_KEY=libretto://openai_api_key\nPORT=80\n");
  EXPECT_THAT(Parse("A=1", {"B"}).status(), HasCode(StatusCode::kNotFound));
}

TEST_F(DotenvImportTest, EverythingButTheValuesStays) {
  const struct {
    const char* before;
    const char* after;
  } rows[] = {
      {"# c\n\nexport LIBRETTO_CLOUD_A = v # why\nX=1",
       "# c\n\nexport LIBRETTO_CLOUD_A = libretto://a # why\nX=1"},
      {"LIBRETTO_CLOUD_A=\"v #1\"  # why\r\n",
       "LIBRETTO_CLOUD_A=libretto://a  # why\r\n"},
      {"\xef\xbb\xbfLIBRETTO_CLOUD_A='v'\t\n",
       "\xef\xbb\xbfLIBRETTO_CLOUD_A=libretto://a\t\n"},
      // What the reader drops may be a part of the secret.
      {"LIBRETTO_CLOUD_A='v'rest\n", "LIBRETTO_CLOUD_A=libretto://a\n"},
      {"LIBRETTO_CLOUD_A='v'#rest", "LIBRETTO_CLOUD_A=libretto://a"},
      {"LIBRETTO_CLOUD_A=v\nLIBRETTO_CLOUD_A=v\n",
       "LIBRETTO_CLOUD_A=libretto://a\nLIBRETTO_CLOUD_A=libretto://a\n"},
      {"LIBRETTO_CLOUD_A=v#w\njunk v#w\nLIBRETTO_CLOUD_A=\"v#w\"",
       "LIBRETTO_CLOUD_A=libretto://a\njunk v#w\n"
       "LIBRETTO_CLOUD_A=libretto://a"}};
  for (const auto& row : rows) EXPECT_EQ(Replaced(row.before), row.after);
}

TEST_F(DotenvImportTest, WhereAValueCouldGetLostNothingIsImported) {
  const struct {
    const char* text;
    const char* why;
  } rows[] = {{"LIBRETTO_CLOUD_A=v1\nLIBRETTO_CLOUD_A=v2", "two values"},
              {"LIBRETTO_CLOUD_A=\nLIBRETTO_CLOUD_A=v2", "two values"},
              {"LIBRETTO_CLOUD_A=v1\nLIBRETTO_CLOUD_a=v1", "one credential"},
              {"LIBRETTO_CLOUD_A=\"v1\nv2\"\n", "does not close"},
              {"LIBRETTO_CLOUD_A B=v1", "a credential name"}};
  for (const auto& row : rows) {
    const Status refusal = Parse(row.text).status();
    EXPECT_THAT(refusal, HasCode(StatusCode::kInvalidArgument)) << row.text;
    EXPECT_THAT(refusal, MessageHas(row.why));
    EXPECT_EQ(Message(refusal).find("v1"), std::string::npos);
  }
}

}  // namespace
}  // namespace libretto
