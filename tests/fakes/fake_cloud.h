// A cloud in memory. It does what it is asked at once, as a fast server would,
// but its answers arrive when the test says Deliver(). Failures are switched on
// by members.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/remote.h"

namespace libretto::testing {

class FakeCloud final : public CredentialRemote,
                        public KeyIssuer,
                        public AccountRemote,
                        public OrganizationRemote {
 public:
  static constexpr const char* kUrl = "https://cloud.test";

  // What the cloud holds.
  struct Stored {
    std::string id;
    std::string value;
    int version = 0;
  };
  std::map<std::string, Stored> credentials;
  std::map<std::string, std::string> keys;  // id to label
  bool session_alive = true;
  bool offline = false;
  Status refusal;  // not OK: what it answers to everything
  std::string password = "right";
  BrowserLoginState::Kind browser_login = BrowserLoginState::Kind::kPending;
  std::vector<Organization> organizations = {{"org", "Example", "example"}};
  bool email_verified = true;

  // What it was asked, e.g. "Fetch username".
  std::vector<std::string> requests;

  void Set(const std::string& name, const std::string& value) {
    Stored& stored = credentials[name];
    if (stored.id.empty()) stored.id = "id-" + std::to_string(++ids_);
    stored.value = value;
    ++stored.version;
  }

  int Count(const std::string& request) const {
    int count = 0;
    for (const std::string& seen : requests) {
      if (seen == request) ++count;
    }
    return count;
  }

  // Hands out all answers, those to what they cause included.
  void Deliver() {
    while (!answers_.empty()) DeliverFirst();
  }
  void DeliverFirst() { DeliverAt(0); }
  void DeliverLast() { DeliverAt(answers_.size() - 1); }
  void DeliverAt(std::size_t index) {
    auto answer = std::move(answers_.at(index));
    answers_.erase(answers_.begin() +
                   static_cast<Answers::difference_type>(index));
    std::move(answer)();
  }
  std::size_t pending() const { return answers_.size(); }

  // CredentialRemote
  void List(const ApiKey& key,
            Done<std::vector<CredentialInfo>> done) override {
    std::vector<CredentialInfo> list;
    for (const auto& [name, stored] : credentials) {
      list.push_back({stored.id, name, "t0", Version(stored)});
    }
    Answer("List", CheckKey(key), std::move(list), std::move(done));
  }
  void Fetch(const ApiKey& key, const CredentialName& name,
             Done<SecretBytes> done) override {
    Status status = CheckKey(key);
    const auto found = credentials.find(name.text());
    if (status.ok() && found == credentials.end()) status = NotFound("none");
    Answer("Fetch " + name.text(), status,
           SecretBytes::CopyOf(
               found == credentials.end() ? "" : found->second.value),
           std::move(done));
  }
  void Create(const ApiKey& key, const CredentialName& name,
              const SecretBytes& value, Done<std::string> done) override {
    Status status = CheckKey(key);
    if (status.ok() && credentials.count(name.text()) > 0) {
      status = Conflict("taken");
    }
    if (status.ok()) Set(name.text(), std::string(value.Reveal()));
    Answer("Create " + name.text(), status, IdOf(name.text()), std::move(done));
  }
  void Update(const ApiKey& key, const std::string& id,
              const std::optional<SecretBytes>& value,
              const std::optional<CredentialName>& new_name,
              DoneStatus done) override {
    Status status = CheckKey(key);
    const auto found = FindById(id);
    if (status.ok() && found == credentials.end()) status = NotFound("none");
    if (status.ok()) {
      if (value.has_value()) {
        Set(found->first, std::string(value->Reveal()));
      }
      if (new_name.has_value()) {
        auto node = credentials.extract(found);
        node.key() = new_name->text();
        credentials.insert(std::move(node));
      }
    }
    AnswerStatus("Update " + id, status, std::move(done));
  }
  void Delete(const ApiKey& key, const std::string& id,
              DoneStatus done) override {
    Status status = CheckKey(key);
    const auto found = FindById(id);
    if (status.ok() && found == credentials.end()) status = NotFound("none");
    if (status.ok()) credentials.erase(found);
    AnswerStatus("Delete " + id, status, std::move(done));
  }
  void Upsert(const ApiKey& key, const CredentialName& name,
              const SecretBytes& value, Done<Upserted> done) override {
    const Status status = CheckKey(key);
    const bool overwritten = credentials.count(name.text()) > 0;
    if (status.ok()) Set(name.text(), std::string(value.Reveal()));
    Answer("Upsert " + name.text(), status,
           Upserted{IdOf(name.text()), overwritten}, std::move(done));
  }

  // KeyIssuer
  void Mint(const Principal& principal, const std::string& label,
            std::optional<std::chrono::seconds>,
            Done<MintedKey> done) override {
    const Status status = Check(principal);
    const std::string id = "key-" + std::to_string(++ids_);
    if (status.ok()) keys[id] = label;
    Answer("Mint", status,
           MintedKey{id, {kUrl, SecretBytes::CopyOf("secret of " + id)}},
           std::move(done));
  }
  void ListKeys(const Principal& principal,
                Done<std::vector<KeyInfo>> done) override {
    std::vector<KeyInfo> list;
    for (const auto& [id, label] : keys) {
      KeyInfo key;
      key.id = id;
      key.label = label;
      list.push_back(std::move(key));
    }
    Answer("ListKeys", Check(principal), std::move(list), std::move(done));
  }
  void Revoke(const Principal& principal, const std::string& id,
              DoneStatus done) override {
    Status status = Check(principal);
    if (status.ok() && keys.erase(id) == 0) status = NotFound("no such key");
    AnswerStatus("Revoke " + id, status, std::move(done));
  }

  // AccountRemote
  void SignUp(const std::string& api_url, const SignUpForm& form,
              Done<SignedUp> done) override {
    Answer("SignUp", Reachable(),
           SignedUp{Cookie(api_url), "user", form.email, form.organization_slug,
                    false},
           std::move(done));
  }
  void SignIn(const std::string& api_url, const std::string&,
              const SecretBytes& given, Done<SessionCookie> done) override {
    Status status = Reachable();
    if (status.ok() && given.Reveal() != password) {
      status = Unauthenticated("Invalid email or password");
    }
    if (status.ok()) session_alive = true;
    Answer("SignIn", status, Cookie(api_url), std::move(done));
  }
  void OpenBrowserLogin(const std::string& api_url,
                        Done<BrowserLoginRequest> done) override {
    Answer("OpenBrowserLogin", Reachable(),
           BrowserLoginRequest{api_url, "request", SecretBytes::CopyOf("s"),
                               "2026-01-01T00:10:00.000Z"},
           std::move(done));
  }
  void PollBrowserLogin(const BrowserLoginRequest& request,
                        Done<BrowserLoginState> done) override {
    BrowserLoginState state;
    state.kind = browser_login;
    state.cookie = Cookie(request.api_url);
    state.facts = {"user", "casey@example.test", email_verified, ""};
    Answer("PollBrowserLogin", Reachable(), std::move(state), std::move(done));
  }
  void ForgotPassword(const std::string&, const std::string& email,
                      Done<bool> done) override {
    Answer("ForgotPassword", Reachable(), email == "casey@example.test",
           std::move(done));
  }
  void DeleteAccount(const SessionCookie& cookie, DoneStatus done) override {
    const Status status = CheckCookie(cookie);
    if (status.ok()) {
      session_alive = false;
      keys.clear();
    }
    AnswerStatus("DeleteAccount", status, std::move(done));
  }
  void GetSession(const Principal&,
                  Done<std::optional<SessionFacts>> done) override {
    std::optional<SessionFacts> facts;
    if (session_alive) {
      facts = {"user", "casey@example.test", email_verified, "2026-02-01"};
    }
    Answer("GetSession", Reachable(), std::move(facts), std::move(done));
  }
  void SendVerification(const SessionCookie& cookie, const std::string&,
                        DoneStatus done) override {
    AnswerStatus("SendVerification", CheckCookie(cookie), std::move(done));
  }
  void SignOut(const SessionCookie&, DoneStatus done) override {
    const Status status = Reachable();
    if (status.ok()) session_alive = false;
    AnswerStatus("SignOut", status, std::move(done));
  }

  // OrganizationRemote
  void ListOrganizations(const Principal& principal,
                         Done<std::vector<Organization>> done) override {
    std::vector<Organization> list = organizations;
    Answer("ListOrganizations", Check(principal), std::move(list),
           std::move(done));
  }
  void Invite(const Principal& principal, const std::string& organization_id,
              const std::string& email, const std::string& role,
              Done<Invitation> done) override {
    Answer("Invite " + organization_id, Check(principal),
           Invitation{"invitation", email, role, "2026-01-03", organization_id,
                      "", ""},
           std::move(done));
  }
  void GetInvitation(const Principal& principal, const std::string& id,
                     Done<Invitation> done) override {
    Answer("GetInvitation", Check(principal),
           Invitation{id, "casey@example.test", "member", "2026-01-03", "org",
                      "Example", "example"},
           std::move(done));
  }
  void AcceptInvitation(const Principal& principal, const std::string& id,
                        DoneStatus done) override {
    AnswerStatus("AcceptInvitation " + id, Check(principal), std::move(done));
  }
  void AcceptAndSignUp(const std::string& api_url, const std::string& slug,
                       const std::string&, const std::string&,
                       const SecretBytes&, Done<SignedUp> done) override {
    Answer("AcceptAndSignUp", Reachable(),
           SignedUp{Cookie(api_url), "user", "casey@example.test", slug, false},
           std::move(done));
  }

 private:
  using Answers = std::deque<absl::AnyInvocable<void() &&>>;

  SessionCookie Cookie(const std::string& api_url) {
    return {api_url, SecretBytes::CopyOf("cookie=" + std::to_string(++ids_))};
  }
  Status Reachable() const {
    if (!refusal.ok()) return refusal;
    return offline ? Offline("cannot reach cloud.test") : OkStatus();
  }
  Status CheckCookie(const SessionCookie&) const {
    if (const Status reached = Reachable(); !reached.ok()) return reached;
    return session_alive ? OkStatus() : Unauthenticated("Unauthorized");
  }
  Status CheckKey(const ApiKey& key) const {
    if (const Status reached = Reachable(); !reached.ok()) return reached;
    for (const auto& [id, label] : keys) {
      if (key.text.Reveal() == "secret of " + id) return OkStatus();
    }
    return Unauthenticated("Invalid API key");
  }
  Status Check(const Principal& principal) const {
    if (const auto* key = std::get_if<ApiKey>(&principal)) {
      return CheckKey(*key);
    }
    return CheckCookie(std::get<SessionCookie>(principal));
  }
  static std::string Version(const Stored& stored) {
    return "v" + std::to_string(stored.version);
  }
  std::string IdOf(const std::string& name) const {
    const auto found = credentials.find(name);
    return found == credentials.end() ? "" : found->second.id;
  }
  std::map<std::string, Stored>::iterator FindById(const std::string& id) {
    auto found = credentials.begin();
    while (found != credentials.end() && found->second.id != id) ++found;
    return found;
  }

  template <typename T>
  void Answer(std::string request, Status status, T value, Done<T> done) {
    requests.push_back(std::move(request));
    answers_.push_back([status = std::move(status), value = std::move(value),
                        done = std::move(done)]() mutable {
      if (status.ok()) {
        std::move(done)(std::move(value));
      } else {
        std::move(done)(status);
      }
    });
  }
  void AnswerStatus(std::string request, Status status, DoneStatus done) {
    requests.push_back(std::move(request));
    answers_.push_back(
        [status = std::move(status), done = std::move(done)]() mutable {
          std::move(done)(status);
        });
  }

  Answers answers_;
  int ids_ = 0;
};

}  // namespace libretto::testing
