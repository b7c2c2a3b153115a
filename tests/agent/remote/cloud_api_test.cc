#include "agent/remote/cloud_api.h"

#include <optional>

#include <gtest/gtest.h>

#include "agent/remote/http_accounts.h"
#include "agent/remote/http_credentials.h"
#include "agent/remote/http_keys.h"
#include "agent/remote/http_organizations.h"
#include "tests/agent/remote/stub_server.h"
#include "tests/fakes/test_loop.h"
#include "tests/matchers.h"

namespace libretto {
namespace {

using std::chrono::milliseconds;
using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;
using testing::StubServer;

class CloudApiTest : public ::testing::Test {
 protected:
  void Serve(int status, const std::string& json,
             const std::string& headers = "") {
    ServeRaw(StubServer::Json(status, json, headers));
  }
  void ServeRaw(StubServer::Answer answer) {
    server_.emplace(std::move(answer));
  }

  ApiKey Key() { return {server_->url(), SecretBytes::CopyOf("the-key")}; }
  SessionCookie Cookie() {
    return {server_->url(), SecretBytes::CopyOf("a=b")};
  }

  // Runs `call(done)` and waits for what it completes with.
  template <typename T, typename Call>
  StatusOr<T> Wait(Call call) {
    std::optional<StatusOr<T>> result;
    call([&result](StatusOr<T> got) { result.emplace(std::move(got)); });
    EXPECT_TRUE(loop_.RunUntil([&result] { return result.has_value(); }));
    return *std::move(result);
  }
  template <typename Call>
  Status WaitStatus(Call call) {
    std::optional<Status> result;
    call([&result](Status got) { result = std::move(got); });
    EXPECT_TRUE(loop_.RunUntil([&result] { return result.has_value(); }));
    return *std::move(result);
  }

  StatusOr<SecretBytes> Fetch(const std::string& name = "username") {
    return Wait<SecretBytes>([&](auto done) {
      credentials_.Fetch(Key(), CredentialName::Parse(name).value(),
                         std::move(done));
    });
  }

  std::string Request() { return server_->requests().at(0); }
  std::string RequestBody() {
    const std::string request = Request();
    return request.substr(request.find("\r\n\r\n") + 4);
  }

  testing::TestLoop loop_;
  std::optional<StubServer> server_;
  HttpClient http_{loop_, {milliseconds(1000), milliseconds(1000)}};
  CloudApi api_{http_};
  HttpCredentials credentials_{api_};
  HttpKeys keys_{api_};
  HttpAccounts accounts_{api_};
  HttpOrganizations organizations_{api_};
};

TEST_F(CloudApiTest, AFetchSendsTheNameInTheEnvelopeAndReadsTheValue) {
  Serve(200, R"({"json":{"id":"i","value":"alice"}})");
  const auto value = Fetch();
  ASSERT_THAT(value, IsOk());
  EXPECT_EQ(value->Reveal(), "alice");
  EXPECT_TRUE(Request().starts_with("POST /v1/credentials/get HTTP/1.1"));
  EXPECT_NE(Request().find("x-api-key: the-key\r\n"), std::string::npos);
  EXPECT_NE(Request().find("Origin: " + server_->url() + "\r\n"),
            std::string::npos);
  EXPECT_EQ(RequestBody(), R"({"json":{"name":"username"}})");
}

TEST_F(CloudApiTest, AnAnswerWithoutTheEnvelopeIsTakenAsItIs) {
  Serve(200, R"({"id":"i","value":"alice"})");
  EXPECT_EQ(Fetch()->Reveal(), "alice");
}

TEST_F(CloudApiTest, EveryErrorHasOneMeaning) {
  const std::string orpc =
      R"({"json":{"defined":false,"code":"X","status":1,"message":"why"}})";
  const std::vector<std::pair<int, StatusCode>> table = {
      {400, StatusCode::kInvalidArgument},
      {401, StatusCode::kUnauthenticated},
      {403, StatusCode::kPermissionDenied},
      {404, StatusCode::kNotFound},
      {409, StatusCode::kAborted},
      {413, StatusCode::kInvalidArgument},
      {422, StatusCode::kInvalidArgument},
      {429, StatusCode::kResourceExhausted},
      {302, StatusCode::kUnavailable},
      {500, StatusCode::kUnavailable},
      {502, StatusCode::kUnavailable},
  };
  for (const auto& [status, code] : table) {
    Serve(status, orpc);
    EXPECT_THAT(Fetch(), HasCode(code)) << status;
  }
}

TEST_F(CloudApiTest, TheCloudsOwnMessageIsPassedOnPrintable) {
  Serve(403, R"({"message":"Not\u001b[31m for you","code":"X"})");
  EXPECT_THAT(Fetch(), MessageHas("Not\\x1b[31m for you"));
}

TEST_F(CloudApiTest, WhatIsWrongWithTheInputIsSaid) {
  Serve(400, R"({"json":{"code":"BAD_REQUEST","status":400,)"
             R"("message":"Input validation failed","data":{"issues":[)"
             R"({"code":"invalid_format","path":["email"],)"
             R"("message":"Invalid email"},{"message":"more"}]}}})");
  EXPECT_THAT(Fetch(),
              MessageHas("Input validation failed (email: Invalid email)"));
  for (const char* data :
       {"7", "{}", R"({"issues":7})", R"({"issues":[]})", R"({"issues":[7]})",
        R"({"issues":[{"path":[7],"message":9}]})"}) {
    Serve(400, std::string(R"({"json":{"message":"no","data":)") + data + "}}");
    EXPECT_THAT(Fetch(), HasCode(StatusCode::kInvalidArgument)) << data;
  }
}

TEST_F(CloudApiTest, AnUnverifiedAddressIsToldWhatToDo) {
  Serve(403, R"({"json":{"code":"FORBIDDEN","message":"Email not verified"}})");
  const auto value = Fetch();
  EXPECT_THAT(value, HasCode(StatusCode::kPermissionDenied));
  EXPECT_NE(Remedy(value.status()).find("follow the link"), std::string::npos);
}

TEST_F(CloudApiTest, AFailureThatSaysWhenToComeBackIsAWait) {
  Serve(503, "", "Retry-After: 12\r\n");
  const auto value = Fetch();
  EXPECT_THAT(value, HasCode(StatusCode::kResourceExhausted));
  EXPECT_EQ(WaitOf(value.status()), std::chrono::seconds(12));
}

TEST_F(CloudApiTest, ALimitSaysHowLongToWait) {
  Serve(429, R"({"message":"Too many requests."})", "Retry-After: 12\r\n");
  EXPECT_EQ(WaitOf(Fetch().status()), std::chrono::seconds(12));
}

TEST_F(CloudApiTest, WhatIsNotTheCloudsJsonIsNotTakenForAnAnswer) {
  for (const char* body :
       {"<html>Welcome</html>", "{\"json\":", "[]", "\"text\"", "null",
        "{\"json\":{}}", "{\"json\":{\"value\":7}}",
        "{\"json\":{\"value\":\"a\",\"value\":\"b\"}}", "{\"json\":null}"}) {
    Serve(200, body);
    const auto value = Fetch();
    EXPECT_THAT(value, HasCode(StatusCode::kUnavailable)) << body;
    EXPECT_EQ(Remedy(value.status()), "check LIBRETTO_API_URL") << body;
  }
  Serve(200, "");
  EXPECT_THAT(Fetch(), HasCode(StatusCode::kUnavailable));
  Serve(200, std::string(100'000, '['));
  EXPECT_THAT(Fetch(), HasCode(StatusCode::kUnavailable));
}

TEST_F(CloudApiTest, AnUnknownPathMeansTheWrongCloud) {
  Serve(404, "<html>nginx</html>");
  EXPECT_THAT(Fetch(), HasCode(StatusCode::kUnavailable));
}

TEST_F(CloudApiTest, AListKeepsTheCloudsSpelling) {
  Serve(200,
        R"({"json":{"credentials":[{"credential_id":"1","name":"OpenAI_Key",)"
        R"("created_at":"c","updated_at":"u"}]}})");
  const auto list = Wait<std::vector<CredentialInfo>>(
      [&](auto done) { credentials_.List(Key(), std::move(done)); });
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->size(), 1U);
  EXPECT_EQ(list->front().name, "OpenAI_Key");
  EXPECT_EQ(list->front().updated_at, "u");
}

TEST_F(CloudApiTest, AValueThatIsNotUtf8IsRefusedBeforeItIsSent) {
  Serve(200, "{}");
  const auto created = Wait<std::string>([&](auto done) {
    credentials_.Create(Key(), CredentialName::Parse("x").value(),
                        SecretBytes::CopyOf("\xff\xfe"), std::move(done));
  });
  EXPECT_THAT(created, HasCode(StatusCode::kInvalidArgument));
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(CloudApiTest, ADeletionThatTheCloudRefusesIsDenied) {
  Serve(200, R"({"json":{"success":false,"message":"in use by jobs"}})");
  const Status deleted = WaitStatus(
      [&](auto done) { credentials_.Delete(Key(), "id", std::move(done)); });
  EXPECT_THAT(deleted, HasCode(StatusCode::kPermissionDenied));
  EXPECT_THAT(deleted, MessageHas("in use by jobs"));
}

TEST_F(CloudApiTest, AMintedKeyKnowsWhereItBelongs) {
  Serve(200, R"({"id":"k1","key":"secret","name":"label"})");
  const auto minted = Wait<MintedKey>([&](auto done) {
    keys_.Mint(Cookie(), "label", std::chrono::hours(24), std::move(done));
  });
  ASSERT_THAT(minted, IsOk());
  EXPECT_EQ(minted->key.api_url, server_->url());
  EXPECT_NE(Request().find("Cookie: a=b\r\n"), std::string::npos);
  EXPECT_EQ(RequestBody(), R"({"expiresIn":86400,"name":"label"})");
}

TEST_F(CloudApiTest, AKeyListMayBeAnArrayOrAnObject) {
  for (const char* body :
       {R"([{"id":"1","name":"a"}])",
        R"({"apiKeys":[{"id":"1","name":"a"}],"total":1})"}) {
    Serve(200, body);
    const auto list = Wait<std::vector<KeyInfo>>(
        [&](auto done) { keys_.ListKeys(Cookie(), std::move(done)); });
    ASSERT_THAT(list, IsOk()) << body;
    EXPECT_EQ(list->front().label, "a");
  }
}

TEST_F(CloudApiTest, ASignInKeepsTheCookiesAsACookieHeader) {
  Serve(200, R"({"token":"t"})",
        "Set-Cookie: s=1%2B; Path=/; HttpOnly\r\nSet-Cookie: novalue\r\n"
        "Set-Cookie: d=2; Max-Age=3\r\n");
  const auto cookie = Wait<SessionCookie>([&](auto done) {
    accounts_.SignIn(server_->url(), "e", SecretBytes::CopyOf("p"),
                     std::move(done));
  });
  ASSERT_THAT(cookie, IsOk());
  EXPECT_EQ(cookie->text.Reveal(), "s=1%2B; d=2");
}

TEST_F(CloudApiTest, ATakenSlugIsToldApart) {
  Serve(409, R"({"json":{"code":"CONFLICT","status":409,"message":"taken",)"
             R"("data":{"reason":"slug_taken"}}})");
  const auto signed_up = Wait<SignedUp>([&](auto done) {
    accounts_.SignUp(server_->url(), SignUpForm(), std::move(done));
  });
  EXPECT_THAT(signed_up, HasCode(StatusCode::kAborted));
  EXPECT_EQ(ReasonOf(signed_up.status()), "slug_taken");
}

TEST_F(CloudApiTest, ASessionThatTheCloudDoesNotKnowIsNull) {
  Serve(200, "null");
  const auto facts = Wait<std::optional<SessionFacts>>(
      [&](auto done) { accounts_.GetSession(Cookie(), std::move(done)); });
  ASSERT_THAT(facts, IsOk());
  EXPECT_FALSE(facts->has_value());
}

TEST_F(CloudApiTest, ABrowserLoginIsPendingExpiredOrApproved) {
  const auto poll = [this] {
    const BrowserLoginRequest request{server_->url(), "id",
                                      SecretBytes::CopyOf("secret"), ""};
    return Wait<BrowserLoginState>([&](auto done) {
      accounts_.PollBrowserLogin(request, std::move(done));
    });
  };
  Serve(200, R"({"json":{"status":"pending"}})");
  EXPECT_EQ(poll()->kind, BrowserLoginState::Kind::kPending);
  EXPECT_EQ(RequestBody(), R"({"json":{"requestId":"id","secret":"secret"}})");
  Serve(200, R"({"json":{"status":"expired"}})");
  EXPECT_EQ(poll()->kind, BrowserLoginState::Kind::kExpired);
  Serve(200,
        R"({"json":{"status":"approved","cookieHeader":"s=1","userId":"u",)"
        R"("email":"e@example.test","emailVerified":true}})");
  const auto approved = poll();
  ASSERT_THAT(approved, IsOk());
  EXPECT_EQ(approved->cookie.text.Reveal(), "s=1");
  EXPECT_EQ(approved->cookie.api_url, server_->url());
  EXPECT_TRUE(approved->facts.email_verified);
  Serve(200, R"({"json":{"status":"approved","cookieHeader":"s=1\r\nX: y",)"
             R"("email":"e"}})");
  EXPECT_THAT(poll(), HasCode(StatusCode::kUnavailable));
}

TEST_F(CloudApiTest, AnInvitationCarriesWhatTheTeammateNeeds) {
  Serve(200, R"({"id":"inv1","email":"e@example.test","role":"admin",)"
             R"("expiresAt":"2026-01-03T00:00:00.000Z","organizationId":"o"})");
  const auto invitation = Wait<Invitation>([&](auto done) {
    organizations_.Invite(Key(), "o", "e@example.test", "admin",
                          std::move(done));
  });
  ASSERT_THAT(invitation, IsOk());
  EXPECT_EQ(invitation->id, "inv1");
  EXPECT_EQ(
      RequestBody(),
      R"({"email":"e@example.test","organizationId":"o","role":"admin"})");
}

TEST_F(CloudApiTest, AnIdFromThePersonCannotChangeTheQuery) {
  Serve(400, R"({"message":"Invitation not found"})");
  const auto invitation = Wait<Invitation>([&](auto done) {
    organizations_.GetInvitation(Key(), "x&id=y HTTP/1.1", std::move(done));
  });
  EXPECT_THAT(invitation, HasCode(StatusCode::kInvalidArgument));
  EXPECT_TRUE(Request().starts_with(
      "GET /api/auth/organization/get-invitation?id=- HTTP/1.1\r\n"));
}

TEST_F(CloudApiTest, PlainHttpToAnotherMachineIsNotSent) {
  const auto facts = Wait<std::optional<SessionFacts>>([&](auto done) {
    accounts_.GetSession(
        SessionCookie{"http://cloud.test", SecretBytes::CopyOf("a=b")},
        std::move(done));
  });
  EXPECT_THAT(facts, HasCode(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace libretto
