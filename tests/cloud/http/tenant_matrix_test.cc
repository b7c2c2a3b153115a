// The tenant matrix: every route, asked from outside a tenant with what belongs
// to it. Whoever is outside gets the answer that something that does not exist
// gets, byte for byte, sees nothing of the tenant and changes nothing in it.
#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "cloud/http/page_routes.h"
#include "tests/cloud/http/tenant_matrix.h"
#include "tests/cloud/live_cloud.h"
#include "tests/matchers.h"

namespace libretto::cloud {
namespace {

using libretto::testing::IsOk;
using testing::Headers;
using testing::Insider;
using testing::LiveCloud;
using testing::RawResponse;
using testing::Row;
using Words = std::map<std::string, std::string>;

// Somebody who asks: with a session or with an API key.
struct Asker {
  Headers by_cookie;
  Headers by_key;
  std::string slug = "no-such-organization";
};

void ReplaceAll(std::string& text, const std::string& from,
                const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

std::string Filled(std::string text, const Words& words) {
  for (const auto& [word, value] : words) ReplaceAll(text, word, value);
  return text;
}

class TenantMatrixTest : public ::testing::TestWithParam<Row> {
 protected:
  TenantMatrixTest()
      : owner_(cloud_.parts.SignUpVerified("victim")),
        organization_(owner_.organization->id),
        victim_(AskerFor(owner_.signed_in)) {
    victim_.slug = "victim";
    ivy_ = AskerFor(cloud_.parts.SignUpAlone("ivy"));
    ivy_.slug = "victim";
    mary_ = AskerFor(
        NewMember(owner_.signed_in.user, organization_, "mary", "member"));
    const auto invitation = cloud_.parts.invitations.Invite(
        owner_.signed_in.user, {organization_, "ivy@example.test", "admin"});
    const auto credential = cloud_.parts.credentials.Create(
        organization_, "db_password", testing::Secret("the victim's value"));
    const Json keys =
        cloud_.Get("/api/auth/api-key/list", victim_.by_cookie).json();
    theirs_ = {
        {"<credential>", *credential},     {"<name>", "db_password"},
        {"<key>", keys[0]["id"]},          {"<organization>", organization_},
        {"<invitation>", invitation->id},  {"<slug>", "victim"},
        {"<email>", "victim@example.test"}};
    nothing_ = {{"<credential>", NewUuid()},
                {"<name>", "no_such_name"},
                {"<key>", NewId()},
                {"<organization>", NewId()},
                {"<invitation>", NewId()},
                {"<slug>", "no-such-slug"},
                {"<email>", "no@example.test"}};
    PrepareDeadCredentials();
  }

  // Signed in, verified, with a key.
  Asker AskerFor(const SignedIn& who) {
    if (!who.user.email_verified) {
      User user = who.user;
      cloud_.parts.Verify(user);
    }
    return {.by_cookie = cloud_.HeadersOf(who),
            .by_key = {{"x-api-key", NewKey(who.user).first}}};
  }

  // Text and id.
  std::pair<std::string, std::string> NewKey(const User& user) {
    const auto issued =
        cloud_.parts.api_keys.Issue(user, cloud_.parts.NewSessionId(user), {});
    EXPECT_THAT(issued, IsOk());
    return {std::string(issued->text.Reveal()), issued->key.id};
  }

  SignedIn NewMember(const User& inviter, const std::string& organization,
                     const std::string& name, const std::string& role) {
    const auto invitation = cloud_.parts.invitations.Invite(
        inviter, {organization, name + "@example.test", role});
    const auto slug =
        cloud_.parts.store->MembershipOf(inviter.id)->organization.slug;
    auto joined = cloud_.parts.invitations.AcceptAndSignUp(
        invitation->id, slug, {name, testing::Secret("password of " + name)});
    EXPECT_THAT(joined, IsOk());
    return std::move(joined->signed_in);
  }

  void PrepareDeadCredentials() {
    const User& owner = owner_.signed_in.user;
    const auto [deleted, deleted_id] = NewKey(owner);
    EXPECT_THAT(cloud_.parts.api_keys.Revoke(owner, deleted_id), IsOk());
    const auto [disabled, disabled_id] = NewKey(owner);
    EXPECT_THAT(
        cloud_.parts.api_keys.Change(owner, disabled_id, {.enabled = false}),
        IsOk());
    const auto ended = cloud_.parts.accounts.SignIn(
        owner.email, testing::Secret("password of victim"), true, "");
    EXPECT_THAT(cloud_.parts.sessions.End(ended->token), IsOk());
    dead_ = {{"nobody", {}},
             {"a deleted key of the owner", {{"x-api-key", deleted}}},
             {"a key of the owner that is off", {{"x-api-key", disabled}}},
             {"an ended session of the owner", cloud_.HeadersOf(*ended)}};
  }

  std::string Unused(const std::string& kind) {
    return kind + std::to_string(++used_) + "x";
  }

  // Each of these is somebody new, so that no answer depends on an earlier one.
  Asker NewOutsider(const std::string& role) {
    const std::string name = Unused("rival");
    if (role == "lone") return AskerFor(cloud_.parts.SignUpAlone(name));
    const SignUpResult rival = cloud_.parts.SignUpVerified(name);
    Asker asker;
    if (role == "owner") {
      asker = AskerFor(rival.signed_in);
    } else {
      asker = AskerFor(NewMember(rival.signed_in.user, rival.organization->id,
                                 Unused("rival"), role));
    }
    asker.slug = name;
    return asker;
  }

  Asker NewFormerMember() {
    const SignedIn who = NewMember(owner_.signed_in.user, organization_,
                                   Unused("rival"), "admin");
    Asker asker = AskerFor(who);
    soci::session sql(soci::sqlite3,
                      "dbname=\"" + cloud_.parts.database + "\" timeout=5");
    sql << "DELETE FROM members WHERE user_id = :user",
        soci::use(who.user.id, "user");
    return asker;
  }

  // Asks in words; what differs from one asker to the next is blurred.
  struct Answer {
    int status;
    std::string body;
    bool operator==(const Answer&) const = default;
  };

  RawResponse Send(const Row& row, Words words, const std::string& own_slug,
                   Headers headers) {
    words["<own>"] = own_slug;
    words["<fresh>"] = Unused("fresh");
    const std::string route = row.route;
    const std::size_t space = route.find(' ');
    std::string path = route.substr(space + 1);
    asked_ = Filled(row.ask, words);
    // From an address of its own: limits are not what is tested here.
    headers.emplace_back("x-forwarded-for",
                         "10.0." + std::to_string(used_ / 250) + "." +
                             std::to_string(used_ % 250));
    if (route.starts_with("GET ")) {
      path = path.substr(0, path.find(':')) + asked_;
      return cloud_.Get(path, headers);
    }
    const bool is_rpc = path.starts_with("/v1/");
    return cloud_.Post(
        path,
        is_rpc ? R"({"json":)" + Or(asked_, "{}") + "}" : Or(asked_, "{}"),
        headers);
  }

  static std::string Or(const std::string& text, const std::string& otherwise) {
    return text.empty() ? otherwise : text;
  }

  Answer Blurred(const RawResponse& response, const Words& words) {
    static const std::regex incidental(
        "rival[0-9]+x|fresh[0-9]+x|session_token=[^;\"]+|"
        "[0-9a-f]{8}-[0-9a-f-]{27}|[A-Za-z0-9]{32,}|"
        "\"start\":\"[A-Za-z]{6}\"");
    std::string body = response.body;
    for (const auto& [word, value] : words) ReplaceAll(body, value, word);
    return {response.status, std::regex_replace(body, incidental, "*")};
  }

  // Nothing of the victim's that was not in the question.
  void ExpectNoTrace(const RawResponse& response) {
    std::vector<std::string> traces = {"the victim's value", "victim Inc.",
                                       "ivy@example.test", "mary@example.test"};
    for (const auto& [word, value] : theirs_) traces.push_back(value);
    for (const std::string& trace : traces) {
      if (asked_.find(trace) != std::string::npos) continue;
      EXPECT_EQ(response.body.find(trace), std::string::npos)
          << trace << " in " << response.body;
    }
  }

  // One cell: asks for nothing and for what is theirs.
  void ExpectOutside(
      const Row& row,
      const std::function<std::pair<Headers, std::string>()>& new_asker) {
    const auto ask = [&](const Words& words) {
      const auto [headers, slug] = new_asker();
      const RawResponse response = Send(row, words, slug, headers);
      ExpectNoTrace(response);
      return Blurred(response, words);
    };
    const Answer for_nothing = ask(nothing_);
    const Answer for_theirs = ask(theirs_);
    EXPECT_LT(for_theirs.status, 500);
    if (for_theirs == for_nothing) return;
    was_told_ = true;
    EXPECT_EQ(for_theirs.status, row.told_status) << for_theirs.body;
    EXPECT_NE(std::string(row.told), "") << for_theirs.body;
    EXPECT_NE(for_theirs.body.find(row.told), std::string::npos)
        << for_theirs.body;
  }

  void ExpectOutside(const Row& row, const std::string& who,
                     const std::function<Asker()>& new_asker) {
    SCOPED_TRACE(who);
    ExpectOutside(row, [&] {
      const Asker asker = new_asker();
      return std::pair(asker.by_cookie, asker.slug);
    });
    SCOPED_TRACE("by key");
    ExpectOutside(row, [&] {
      const Asker asker = new_asker();
      return std::pair(asker.by_key, asker.slug);
    });
  }

  const Route& RouteOf(const Row& row) {
    const std::string text = row.route;
    const std::size_t space = text.find(' ');
    const Route* const route =
        cloud_.router().Find(text.substr(0, space), text.substr(space + 1));
    LIBRETTO_CHECK(route != nullptr);
    return *route;
  }

  void ExpectDeadCredentialsRefused(const Row& row) {
    const Auth auth = RouteOf(row).auth;
    for (const auto& [who, headers] : dead_) {
      SCOPED_TRACE(who);
      ExpectOutside(row, [&headers = headers] {
        return std::pair(headers, std::string("no-such-organization"));
      });
      if (auth == Auth::kNone || auth == Auth::kOptional) continue;
      EXPECT_EQ(Send(row, theirs_, "victim", headers).status, 401);
    }
  }

  // What the victim's people see, and what their passwords are.
  std::string Dump() {
    std::string dump;
    for (const Asker* const asker : {&victim_, &mary_, &ivy_}) {
      for (const char* const path :
           {"/api/auth/get-session", "/api/auth/organization/list",
            "/api/auth/api-key/list"}) {
        dump += cloud_.Get(path, asker->by_cookie).body + "\n";
      }
      for (const char* const procedure : {"list", "get"}) {
        dump += cloud_
                    .Post(std::string("/v1/credentials/") + procedure,
                          R"({"json":{"name":"db_password"}})", asker->by_key)
                    .body +
                "\n";
      }
      const std::string id = theirs_["<invitation>"];
      dump += cloud_
                  .Get("/api/auth/organization/get-invitation?id=" + id,
                       asker->by_cookie)
                  .body +
              "\n";
    }
    for (const char* const name : {"victim", "mary", "ivy"}) {
      dump +=
          cloud_.parts.store->LoginByEmail(std::string(name) + "@example.test")
              ->password_hash +
          "\n";
    }
    return dump;
  }

  // Otherwise a row with a mistake in it would let everything pass.
  void ExpectInside(const Row& row) {
    if (row.insider == Insider::kNobody) return;
    const Asker& asker = row.insider == Insider::kOwner ? victim_ : ivy_;
    const Headers& headers = RouteOf(row).auth == Auth::kVerifiedKey
                                 ? asker.by_key
                                 : asker.by_cookie;
    const RawResponse nothing = Send(row, nothing_, asker.slug, headers);
    const RawResponse theirs = Send(row, theirs_, asker.slug, headers);
    EXPECT_EQ(theirs.status, 200) << theirs.body;
    EXPECT_NE(Blurred(theirs, theirs_), Blurred(nothing, nothing_));
  }

  LiveCloud cloud_;
  int used_ = 0;
  const SignUpResult owner_;
  const std::string organization_;
  Asker victim_;
  Asker mary_;  // a member
  Asker ivy_;   // invited
  Words theirs_;
  Words nothing_;
  std::vector<std::pair<std::string, Headers>> dead_;
  std::string asked_;
  bool was_told_ = false;
};

TEST_P(TenantMatrixTest, LetsNothingThrough) {
  const Row& row = GetParam();
  Dump();  // the first use of a key is noted
  const std::string before = Dump();
  for (const char* const role : {"owner", "admin", "member", "lone"}) {
    ExpectOutside(row, std::string(role) + " elsewhere",
                  [&] { return NewOutsider(role); });
  }
  ExpectOutside(row, "former member", [&] { return NewFormerMember(); });
  ExpectDeadCredentialsRefused(row);
  EXPECT_EQ(Dump(), before);
  EXPECT_EQ(was_told_, row.told_status != 0);
  ExpectInside(row);
}

TEST_P(TenantMatrixTest, ARowThatNamesWhatIsTheirsSaysWhomItOpensIt) {
  const Row& row = GetParam();
  const std::string ask = row.ask;
  const bool names_theirs =
      std::any_of(theirs_.begin(), theirs_.end(), [&](const auto& each) {
        return ask.find(each.first) != std::string::npos;
      });
  const bool is_explained = row.insider != Insider::kNobody ||
                            row.told_status != 0 || row.opens_nothing;
  EXPECT_EQ(names_theirs, is_explained);
}

std::string NameOfRow(const ::testing::TestParamInfo<Row>& row) {
  std::string name = row.param.route;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return isalnum(c) == 0; }, '_');
  return name + "_" + std::to_string(row.index);
}

INSTANTIATE_TEST_SUITE_P(Routes, TenantMatrixTest,
                         ::testing::ValuesIn(testing::kTenantMatrix),
                         NameOfRow);

TEST(TenantMatrixRoutesTest, EveryRouteHasARowAndEveryRowARoute) {
  const LiveCloud cloud;
  std::set<std::string> routes;
  for (const Route& route : cloud.router().routes()) {
    routes.insert(std::string(route.method) + " " + std::string(route.path));
  }
  // The same for everybody, whoever asks.
  for (const Route& page : PageRoutes()) {
    routes.erase(std::string(page.method) + " " + std::string(page.path));
  }
  std::set<std::string> rows;
  for (const Row& row : testing::kTenantMatrix) rows.insert(row.route);
  EXPECT_EQ(routes, rows);
}

}  // namespace
}  // namespace libretto::cloud
