#include "libretto/client.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/deadline.h"
#include "client/cpp/agent_connection.h"
#include "client/cpp/to_agent_error.h"
#include "client/cpp/watch.h"
#include "client/transport/agent_client.h"
#include "client/transport/find_agent.h"
#include "client/transport/unreachable.h"

namespace libretto {
namespace {

using Answers = std::vector<StatusOr<Credential>>;

// Of the names, not of the answers in time.
Result<Credentials> ToCredentials(const std::vector<std::string>& names,
                                  Answers answers) {
  Credentials credentials;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Status& status = answers[i].status();
    if (status.ok()) {
      credentials.emplace(names[i], Secret(std::move(answers[i]->value)));
      continue;
    }
    const bool is_about_all = IsUnreachable(status);
    const bool named = Message(status).find(names[i]) != std::string::npos;
    return ToAgentError(
        is_about_all || named ? status : Annotate(status, Printable(names[i])));
  }
  return credentials;
}

bool AnyUnreachable(const Answers& answers) {
  return std::any_of(answers.begin(), answers.end(), [](const auto& answer) {
    return IsUnreachable(answer.status());
  });
}

}  // namespace

// An open connection is kept for the next call. The agent hangs up on the idle
// and on the old, which shows when the connection is used again: a call that
// changes nothing is then made once more, on a new one.
class Client::Connection {
 public:
  StatusOr<Answers> GetAll(const std::vector<std::string>& names,
                           const std::stop_token& stop) {
    const bool was_open = open_.has_value();
    const Deadline soon = In(kConnectLimit);
    StatusOr<Answers> answers = Ask(names, stop);
    // What has been waited for in vain is not waited for again.
    const bool lost_at_once =
        was_open && !open_.has_value() && Remaining(soon) > kNow;
    if (lost_at_once && !stop.stop_requested()) return Ask(names, stop);
    return answers;
  }

 private:
  static constexpr std::chrono::milliseconds kNow{0};

  // Closes the connection when no further call can be made on it.
  StatusOr<Answers> Ask(const std::vector<std::string>& names,
                        const std::stop_token& stop) {
    if (!open_.has_value()) {
      StatusOr<AgentConnection> opened = AgentConnection::Open();
      if (!opened.ok()) return opened.status();
      open_.emplace(*std::move(opened));
    }
    Answers answers;
    {
      const std::stop_callback interrupt(stop, [this] { open_->Interrupt(); });
      answers = open_->agent().GetAll(names);
    }
    if (stop.stop_requested() || AnyUnreachable(answers)) open_.reset();
    return answers;
  }

  std::optional<AgentConnection> open_;
};

Client::Client() : connection_(std::make_unique<Connection>()) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Credentials> Client::GetCredentials(
    const std::vector<std::string>& names, const std::stop_token& stop) {
  const std::vector<std::string> folded = FoldedNames(names);
  if (folded.empty()) return Credentials();
  StatusOr<Answers> answers = connection_->GetAll(folded, stop);
  if (stop.stop_requested()) {
    return AgentError{.code = ErrorCode::kCancelled,
                      .message = "the caller has ended the call"};
  }
  if (!answers.ok()) return ToAgentError(answers.status());
  return ToCredentials(folded, *std::move(answers));
}

std::optional<AgentError> Client::WatchCredentials(
    const std::vector<std::string>& names,
    const std::function<void(CredentialChange)>& on_change,
    const std::stop_token& stop) {
  return Watch(FoldedNames(names), on_change, stop).Run();
}

}  // namespace libretto
