#include "cloud/http/page_routes.h"

#include <regex>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cloud/live_cloud.h"

namespace libretto::cloud {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::LiveCloud;
using ::testing::Not;
using testing::RawResponse;

bool IsDocument(const RawResponse& response) {
  return response.Header("content-type") == "text/html; charset=utf-8";
}

std::set<std::string> Matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end;
       ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

class PageRoutesTest : public ::testing::Test {
 protected:
  LiveCloud cloud_;
};

TEST_F(PageRoutesTest, TheUrlsOfThePublicCommandLeadToPages) {
  for (const char* path :
       {"/signin?cliLoginId=1&cliLoginSecret=2&mode=signup",
        "/invite?tenantSlug=a&invitationId=b&accept=1", "/auth/verified"}) {
    const RawResponse page = cloud_.Get(path);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_TRUE(IsDocument(page)) << path;
  }
}

TEST_F(PageRoutesTest, EveryAnswerIsLockedDown) {
  for (const Route& route : PageRoutes()) {
    SCOPED_TRACE(route.path);
    const RawResponse page = cloud_.Get(std::string(route.path));
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(
        page.Header("content-security-policy"),
        AllOf(HasSubstr("default-src 'none'"), HasSubstr("script-src 'self'"),
              HasSubstr("frame-ancestors 'none'"), Not(HasSubstr("unsafe"))));
    EXPECT_EQ(page.Header("x-content-type-options"), "nosniff");
    EXPECT_EQ(page.Header("referrer-policy"), "no-referrer");
    EXPECT_EQ(page.Header("x-frame-options"), "DENY");
  }
}

TEST_F(PageRoutesTest, PagesAreNotKeptAndFilesOnlyShortly) {
  EXPECT_THAT(cloud_.Get("/signin").AllHeaders("cache-control"),
              ElementsAre("no-store"));
  EXPECT_THAT(cloud_.Get("/assets/page.js").AllHeaders("cache-control"),
              ElementsAre("max-age=60"));
}

TEST_F(PageRoutesTest, HeadSaysWhatGetWouldSend) {
  const RawResponse get = cloud_.Get("/signin");
  const RawResponse head = cloud_.Send("HEAD", "/signin");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("content-length"), get.Header("content-length"));
  EXPECT_EQ(head.Header("content-type"), get.Header("content-type"));
}

TEST_F(PageRoutesTest, WhatAPageLoadsIsThere) {
  for (const Route& route : PageRoutes()) {
    SCOPED_TRACE(route.path);
    const std::string text = cloud_.Get(std::string(route.path)).body;
    for (const std::string& file : Matches(text, R"re("(/assets/[^"]+)")re")) {
      EXPECT_EQ(cloud_.Get(file).status, 200) << file;
    }
    for (const std::string& file : Matches(text, R"re(from "\./([^"]+)")re")) {
      EXPECT_EQ(cloud_.Get("/assets/" + file).status, 200) << file;
    }
  }
}

TEST_F(PageRoutesTest, NothingInAPageIsInline) {
  for (const Route& route : PageRoutes()) {
    const RawResponse page = cloud_.Get(std::string(route.path));
    if (!IsDocument(page)) continue;
    SCOPED_TRACE(route.path);
    EXPECT_THAT(Matches(page.body, R"re((<script(?![^>]* src=)))re"),
                ElementsAre());
    EXPECT_THAT(Matches(page.body, R"re((<style|\son\w+=|\sstyle=))re"),
                ElementsAre());
  }
}

}  // namespace
}  // namespace libretto::cloud
