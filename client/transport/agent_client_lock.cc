#include "client/transport/agent_call.h"
#include "client/transport/agent_client.h"
#include "libretto/agent/v1/lock.pb.h"

namespace libretto {
namespace {

// Those in front of it may each be made to wait for ten seconds.
constexpr std::chrono::seconds kPassphraseLimit(60);

}  // namespace

Status AgentClient::Enroll(const SecretBytes& passphrase) {
  agent::v1::EnrollRequest request;
  request.set_passphrase(Copy(passphrase));
  return Ask<agent::v1::EnrollResponse>("/libretto.agent.v1.Locking/Enroll",
                                        std::move(request), kPassphraseLimit)
      .status();
}

Status AgentClient::Unenroll(const SecretBytes& passphrase) {
  agent::v1::UnenrollRequest request;
  request.set_passphrase(Copy(passphrase));
  return Ask<agent::v1::UnenrollResponse>("/libretto.agent.v1.Locking/Unenroll",
                                          std::move(request), kPassphraseLimit)
      .status();
}

Status AgentClient::DiscardEnrolment() {
  agent::v1::UnenrollRequest request;
  request.set_discard(true);
  return Ask<agent::v1::UnenrollResponse>("/libretto.agent.v1.Locking/Unenroll",
                                          std::move(request), kLocalLimit)
      .status();
}

StatusOr<bool> AgentClient::Lock() {
  const auto reply = Ask<agent::v1::LockResponse>(
      "/libretto.agent.v1.Locking/Lock", agent::v1::LockRequest(), kLocalLimit);
  if (!reply.ok()) return reply.status();
  return reply->was_locked();
}

Status AgentClient::Unlock(const SecretBytes& passphrase) {
  agent::v1::UnlockRequest request;
  request.set_passphrase(Copy(passphrase));
  return Ask<agent::v1::UnlockResponse>("/libretto.agent.v1.Locking/Unlock",
                                        std::move(request), kPassphraseLimit)
      .status();
}

StatusOr<bool> AgentClient::Forget() {
  const auto reply =
      Ask<agent::v1::ForgetResponse>("/libretto.agent.v1.Locking/Forget",
                                     agent::v1::ForgetRequest(), kLocalLimit);
  if (!reply.ok()) return reply.status();
  return reply->locked();
}

StatusOr<bool> AgentClient::Panic() {
  const auto reply =
      Ask<agent::v1::PanicResponse>("/libretto.agent.v1.Locking/Panic",
                                    agent::v1::PanicRequest(), kLocalLimit);
  if (!reply.ok()) return reply.status();
  return reply->locked();
}

}  // namespace libretto
