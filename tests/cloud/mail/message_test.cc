#include "cloud/mail/message.h"

#include <string>

#include <gtest/gtest.h>

#include "cloud/mail/html.h"
#include "tests/fakes/manual_clock.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::HasCode;
using libretto::testing::IsOk;

class MessageTest : public ::testing::Test {
 protected:
  StatusOr<std::string> Text(const Mail& mail,
                             MailEncoding encoding = MailEncoding::kEightBit) {
    return MessageText(mail, *Sender::Parse("Libretto <no-reply@cloud.test>"),
                       clock_.WallNow(), encoding);
  }

  libretto::testing::ManualClock clock_;
};

TEST_F(MessageTest, TextAndHtmlSayTheSame) {
  const auto text = Text({"a@x.test", "Hello", "One\n\nhttp://x.test/?a&b\n"});
  ASSERT_THAT(text, IsOk());
  EXPECT_TRUE(
      text->starts_with("From: Libretto <no-reply@cloud.test>\r\n"
                        "To: a@x.test\r\n"
                        "Subject: Hello\r\n"
                        "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"));
  EXPECT_NE(text->find("@cloud.test>\r\nAuto-Submitted: auto-generated\r\n"),
            std::string::npos);
  EXPECT_NE(text->find("Content-Type: text/plain; charset=utf-8\r\n"
                       "Content-Transfer-Encoding: 8bit\r\n\r\n"
                       "One\r\n\r\nhttp://x.test/?a&b\r\n\r\n--"),
            std::string::npos);
  EXPECT_NE(text->find("<a href=\"http://x.test/?a&amp;b\">"),
            std::string::npos);
}

TEST_F(MessageTest, ForAServerOfAsciiAloneItIsAscii) {
  const auto text = Text({"a@x.test", "Hello",
                          "Gr\xc3\xbc\xc3\x9f"
                          "e\n"},
                         MailEncoding::kBase64);
  ASSERT_THAT(text, IsOk());
  EXPECT_NE(text->find("\r\n\r\nR3LDvMOfZQ0K\r\n\r\n--"), std::string::npos);
  for (const char c : *text) EXPECT_GE(c, 0) << *text;
}

TEST_F(MessageTest, ALongLinkStaysInOnePiece) {
  const std::string link = "http://x.test/?token=" + std::string(900, 'a');
  const auto text = Text({"a@x.test", "s", "Open\n\n" + link + "\n"});
  ASSERT_THAT(text, IsOk());
  EXPECT_NE(text->find("\r\n" + link + "\r\n"), std::string::npos);
}

TEST_F(MessageTest, NoHeaderCanBeSmuggledIn) {
  for (const char* hostile : {"a@x.test\r\nBcc: b@x.test", "a@x.test\nX: y",
                              "a\rb", "a\tb", "\xc3\xa4@x.test"}) {
    EXPECT_THAT(Text({hostile, "s", "t\n"}),
                HasCode(StatusCode::kInvalidArgument));
    EXPECT_THAT(Text({"a@x.test", hostile, "t\n"}),
                HasCode(StatusCode::kInvalidArgument));
    EXPECT_THAT(Sender::Parse(hostile), HasCode(StatusCode::kInvalidArgument));
  }
}

TEST_F(MessageTest, ALineThatMailSystemsWouldCutIsRefused) {
  EXPECT_THAT(Text({"a@x.test", "s", std::string(999, 'x')}),
              HasCode(StatusCode::kInvalidArgument));
}

TEST_F(MessageTest, ASenderIsAnAddressWithOrWithoutAName) {
  const auto plain = Sender::Parse("a@x.test");
  ASSERT_THAT(plain, IsOk());
  EXPECT_EQ(plain->address(), "a@x.test");
  EXPECT_EQ(plain->Domain(), "x.test");
  const auto named = Sender::Parse("Libretto Cloud <a@x.test>");
  ASSERT_THAT(named, IsOk());
  EXPECT_EQ(named->address(), "a@x.test");
  EXPECT_EQ(named->header(), "Libretto Cloud <a@x.test>");
  for (const char* bad : {"", "a", "@x", "a@", "a@b@c", "N <a@x", "a b@x.test",
                          "N <a@x.test> <b@x.test>"}) {
    EXPECT_THAT(Sender::Parse(bad), HasCode(StatusCode::kInvalidArgument))
        << bad;
  }
}

TEST(HtmlOfTest, NothingInTheTextBecomesMarkup) {
  const std::string html = HtmlOf(
      "<b>", "Acme <script>\"&\n\nhttp://x.test/\"><script>\n\n    a < b\n");
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  EXPECT_NE(html.find("<title>&lt;b&gt;</title>"), std::string::npos);
  EXPECT_NE(html.find("<p>Acme &lt;script&gt;&quot;&amp;</p>"),
            std::string::npos);
  EXPECT_NE(html.find("<a href=\"http://x.test/&quot;&gt;&lt;script&gt;\">"),
            std::string::npos);
  EXPECT_NE(html.find("<pre>a &lt; b</pre>"), std::string::npos);
}

TEST(HtmlOfTest, ALinkIsAParagraphOfItsOwn) {
  EXPECT_EQ(HtmlOf("t", "see http://x.test/ there\n").find("<a "),
            std::string::npos);
  EXPECT_EQ(HtmlOf("t", "javascript:alert(1)\n").find("<a "),
            std::string::npos);
}

}  // namespace
}  // namespace libretto::cloud
