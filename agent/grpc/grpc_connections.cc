#include "agent/grpc/grpc_connections.h"

#include <utility>

namespace libretto {

GrpcConnections::GrpcConnections(asio::io_context& io, Executor& loop,
                                 const Clock& clock,
                                 const ConnectionLimits& limits,
                                 ProcessOf process_of, Cut cut)
    : context_{io,
               loop,
               clock,
               limits,
               room_,
               std::move(process_of),
               std::move(cut)},
      grace_(io) {}

GrpcConnections::~GrpcConnections() {
  while (!groups_.empty()) HangUp(groups_.begin()->first);
}

void GrpcConnections::Adopt(UniqueFd socket, const Caller& caller,
                            const GrpcMethods& methods) {
  Group& group = groups_[caller.scope];
  if (caller.scope != 0 && group.use == nullptr) {
    group.use = std::make_shared<CallRoom::Use>();
  }
  const std::uint64_t id = ++ids_;
  const auto connection = std::make_shared<GrpcConnection>(
      context_, methods, std::move(socket), caller, group.use,
      [this, id, scope = caller.scope] { NoteEnded(scope, id); });
  group.members.emplace(id, connection);
  connection->Start();
}

void GrpcConnections::NoteEnded(ScopeId scope, std::uint64_t id) {
  const auto group = groups_.find(scope);
  group->second.members.erase(id);
  if (group->second.members.empty()) groups_.erase(group);
  CheckDone();
}

std::size_t GrpcConnections::Count(ScopeId scope) const {
  const auto group = groups_.find(scope);
  return group == groups_.end() ? 0 : group->second.members.size();
}

bool GrpcConnections::MakeRoom(ScopeId scope) {
  const auto group = groups_.find(scope);
  if (group == groups_.end()) return false;
  // The one that ends takes itself out.
  for (const auto& [id, connection] : group->second.members) {
    const auto held = connection;
    if (held->EndIdle()) return true;
  }
  return false;
}

void GrpcConnections::HangUp(ScopeId scope) {
  const auto group = groups_.find(scope);
  if (group == groups_.end()) return;
  const auto all = group->second.members;
  for (const auto& [id, connection] : all) connection->End();
}

void GrpcConnections::Shutdown(std::chrono::milliseconds grace,
                               std::function<void()> done) {
  done_ = std::move(done);
  const auto all = groups_;
  for (const auto& [scope, group] : all) {
    for (const auto& [id, connection] : group.members) connection->Drain();
  }
  grace_.expires_after(grace);
  grace_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    while (!groups_.empty()) HangUp(groups_.begin()->first);
  });
  CheckDone();
}

void GrpcConnections::CheckDone() {
  if (!done_ || !groups_.empty() || room_.calls() > 0) return;
  grace_.cancel();
  std::exchange(done_, nullptr)();
}

}  // namespace libretto
