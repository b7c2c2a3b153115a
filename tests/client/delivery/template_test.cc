#include "client/delivery/template.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::MessageHas;

class TemplateTest : public ::testing::Test {
 protected:
  static StatusOr<Template> Parse(std::string_view text) {
    return Template::Parse(SecretBytes::CopyOf(text));
  }

  // Each value is the name in brackets, with "!" for a one-time code.
  static std::string Filled(std::string_view text) {
    const StatusOr<Template> parsed = Parse(text);
    if (!parsed.ok()) return Message(parsed.status());
    std::vector<SecretBytes> values;
    for (const ReferenceTarget& target : parsed->targets()) {
      values.push_back(SecretBytes::CopyOf(
          "[" + target.name + (target.one_time_code ? "!" : "") + "]"));
    }
    return std::string(parsed->Fill(values).Reveal());
  }
};

TEST_F(TemplateTest, AReferenceInBracesBecomesTheValue) {
  EXPECT_EQ(Filled("a: {{ libretto://user }}\n"), "a: [user]\n");
  EXPECT_EQ(Filled("{{libretto://a}}{{\tlibretto://B }}"), "[a][b]");
  EXPECT_EQ(Filled("{{ libretto://s?attribute=otp }}/{{ libretto://s }}"),
            "[s!]/[s]");
}

TEST_F(TemplateTest, WhatIsNoReferenceStaysAsItIs) {
  for (const char* text : {"", "no newline", "{{ name }}", "{ libretto://a }",
                           "libretto://a", "{{", "{{ op://vault/item }}",
                           "}} {{", "{{\nlibretto://a }}", "\r\n\t\xff"}) {
    EXPECT_EQ(Filled(text), text);
  }
  EXPECT_EQ(Filled("{{{libretto://a}}}"), "{[a]}");
  EXPECT_EQ(Filled("{{ x {{ libretto://a }}"), "{{ x [a]");
}

TEST_F(TemplateTest, EachNameIsAskedForOnce) {
  const auto parsed =
      Parse("{{ libretto://b }}{{ libretto://a }}{{ libretto://B }}");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->targets(),
            (std::vector<ReferenceTarget>{{"a", false}, {"b", false}}));
  EXPECT_EQ(Filled("{{ libretto://b }}{{ libretto://a }}{{ libretto://B }}"),
            "[b][a][b]");
}

TEST_F(TemplateTest, AValueIsNotLookedAtAgain) {
  const auto parsed = Parse("{{ libretto://a }} {{ libretto://b }}");
  ASSERT_TRUE(parsed.ok());
  std::vector<SecretBytes> values;
  values.push_back(SecretBytes::CopyOf("{{ libretto://b }}"));
  values.push_back(SecretBytes::CopyOf("}}"));
  EXPECT_EQ(parsed->Fill(values).Reveal(), "{{ libretto://b }} }}");
}

TEST_F(TemplateTest, AMistakeIsFoundByItsLine) {
  for (const char* text : {"a\nb {{ libretto://a", "a\n{{ libretto://a }\n}}",
                           "\n{{ libretto:// }}", "\n{{ libretto://a b }}",
                           "\n{{ libretto://a?attribute=x }}"}) {
    const auto parsed = Parse(text);
    EXPECT_THAT(parsed.status(), HasCode(StatusCode::kInvalidArgument)) << text;
    EXPECT_THAT(parsed.status(), MessageHas("line 2: ")) << text;
  }
}

}  // namespace
}  // namespace libretto
