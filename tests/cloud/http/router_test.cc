// What the router does by itself, with routes of the test's own.
#include "cloud/http/router.h"

#include <gtest/gtest.h>

#include "tests/cloud/cloud_parts.h"

namespace libretto::cloud {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  static Route Echo(std::string_view method, std::string_view path) {
    return {.method = method, .path = path, .handle = [](const Call& call) {
              return HttpResponse{.status = 200,
                                  .headers = {},
                                  .body = std::string(call.parameter),
                                  .failure = {}};
            }};
  }

  HttpResponse Handle(const char* method, const char* path) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.headers = {{"cookie", "a=b"}};
    return router_.Handle(request);
  }

  testing::CloudParts parts_;
  const TrustedOrigins origins_ = *TrustedOrigins::For("http://cloud.test");
  const SessionCookie cookie_{SecretBytes::CopyOf(std::string(32, 'k')),
                              /*secure=*/false};
  RateLimiter limiter_{parts_.clock};
  const Router router_{{.sessions = parts_.sessions,
                        .api_keys = parts_.api_keys,
                        .cookie = cookie_,
                        .origins = origins_,
                        .limiter = limiter_,
                        .behind_proxy = false},
                       {Echo("GET", "/page"), Echo("HEAD", "/page"),
                        Echo("POST", "/page"), Echo("GET", "/link/:token")}};
};

TEST_F(RouterTest, ReadingIsNeverCheckedForItsOrigin) {
  EXPECT_EQ(Handle("GET", "/page").status, 200);
  EXPECT_EQ(Handle("HEAD", "/page").status, 200);
  EXPECT_EQ(Handle("POST", "/page").status, 403);
}

TEST_F(RouterTest, OneSegmentMayBeLeftOpen) {
  EXPECT_EQ(Handle("GET", "/link/a.b%2F").body, "a.b%2F");
  EXPECT_EQ(Handle("GET", "/page").body, "");
  for (const char* path : {"/link", "/link/", "/link/a/", "/link/a/b"}) {
    EXPECT_EQ(Handle("GET", path).status, 404) << path;
  }
  EXPECT_EQ(Handle("POST", "/link/a").status, 404);
}

TEST_F(RouterTest, TheLogLearnsNothingOfAnOpenSegment) {
  EXPECT_EQ(router_.PathForLog("/link/secret"), "/link/:token");
  EXPECT_EQ(router_.PathForLog("/page"), "/page");
  for (const char* path : {"/link/secret/", "//link/secret", "/link", "secret",
                           "http://host/link/secret"}) {
    EXPECT_EQ(router_.PathForLog(path), "(unknown)") << path;
  }
}

}  // namespace
}  // namespace libretto::cloud
