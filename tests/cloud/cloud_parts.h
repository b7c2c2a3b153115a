// The cloud's core on a real SQLite file, with a clock and mails in the hands
// of the test and password hashing that costs nothing.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/seal.h"
#include "cloud/core/accounts.h"
#include "cloud/core/api_keys.h"
#include "cloud/core/cli_logins.h"
#include "cloud/core/credentials.h"
#include "cloud/core/invitations.h"
#include "cloud/core/one_time_tokens.h"
#include "cloud/core/organizations.h"
#include "cloud/core/password_reset.h"
#include "cloud/core/passwords.h"
#include "cloud/core/sessions.h"
#include "cloud/store/soci_store.h"
#include "tests/cloud/recording_mailer.h"
#include "tests/fakes/manual_clock.h"
#include "tests/temp_dir.h"

namespace libretto::cloud::testing {

inline constexpr PasswordCost kCheapPasswords = {.passes = 1,
                                                 .memory_bytes = 8192};

inline SecretBytes Secret(std::string_view text) {
  return SecretBytes::CopyOf(text);
}

inline std::unique_ptr<Store> OpenSqlite(const std::string& path) {
  auto store = SociStore::Open({DatabaseUrl::Kind::kSqlite, path});
  LIBRETTO_CHECK(store.ok());
  return *std::move(store);
}

struct CloudParts {
  // Signs up NAME@example.test with an organisation that is called NAME.
  SignUpResult SignUp(const std::string& name) {
    auto result =
        accounts.SignUp({.name = name,
                         .email = name + "@example.test",
                         .password = Secret("password of " + name),
                         .organization = OrganizationRequest{
                             name + " Inc.", name, name + "@example.test"}});
    LIBRETTO_CHECK(result.ok());
    return *std::move(result);
  }

  // The same, with the address verified.
  SignUpResult SignUpVerified(const std::string& name) {
    SignUpResult result = SignUp(name);
    Verify(result.signed_in.user);
    return result;
  }

  // By the last mail, which was to `user`.
  void Verify(User& user) {
    LIBRETTO_CHECK(mailer.mails().back().to == user.email);
    LIBRETTO_CHECK(accounts.VerifyEmail(MailedToken()).ok());
    user.email_verified = true;
  }

  // The token in the last mail's link, wherever the link has it.
  SecretBytes MailedToken() const {
    const std::string link = mailer.LastLink();
    const std::size_t begin = link.find_last_of("/=", link.find("callback"));
    LIBRETTO_CHECK(begin != std::string::npos);
    return Secret(
        link.substr(begin + 1, link.find_first_of("?&", begin) - begin - 1));
  }

  // NAME@example.test without an organisation.
  SignedIn SignUpAlone(const std::string& name) {
    auto result = accounts.SignUp({.name = name,
                                   .email = name + "@example.test",
                                   .password = Secret("password of " + name)});
    LIBRETTO_CHECK(result.ok());
    return std::move(result->signed_in);
  }

  // Of a session that begins with the password of a sign-up above.
  std::string NewSessionId(const User& user) {
    const auto signed_in = accounts.SignIn(
        user.email, Secret("password of " + user.name), true, "test");
    LIBRETTO_CHECK(signed_in.ok());
    return signed_in->session.id;
  }

  // As SignUp(), with the address verified and an API key issued.
  SecretBytes NewTenantKey(const std::string& name) {
    const SignedIn who = SignUpVerified(name).signed_in;
    auto issued = api_keys.Issue(who.user, who.session.id, {});
    LIBRETTO_CHECK(issued.ok());
    return std::move(issued->text);
  }

  libretto::testing::TempDir directory;
  std::string database = directory / "cloud.db";
  libretto::testing::ManualClock clock;
  RecordingMailer mailer;
  std::unique_ptr<Store> store = OpenSqlite(database);
  Passwords passwords{kCheapPasswords};
  Sessions sessions{*store, clock};
  OneTimeTokens tokens{*store, clock};
  Accounts accounts{{.store = *store,
                     .mailer = mailer,
                     .sessions = sessions,
                     .tokens = tokens,
                     .passwords = passwords,
                     .clock = clock,
                     .base_url = "http://cloud.test"}};
  PasswordReset password_reset{{.store = *store,
                                .mailer = mailer,
                                .tokens = tokens,
                                .passwords = passwords,
                                .clock = clock,
                                .base_url = "http://cloud.test"}};
  CliLogins cli_logins{{.store = *store, .sessions = sessions, .clock = clock}};
  Organizations organizations{*store, clock};
  Invitations invitations{{.store = *store,
                           .mailer = mailer,
                           .accounts = accounts,
                           .clock = clock,
                           .base_url = "http://cloud.test"}};
  ApiKeys api_keys{*store, clock};
  Credentials credentials{*store, clock, DataKey::Generate()};
};

}  // namespace libretto::cloud::testing
