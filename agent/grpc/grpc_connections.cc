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
  while (!connections_.empty()) HangUp(connections_.begin()->first);
}

void GrpcConnections::Adopt(UniqueFd socket, const Caller& caller,
                            const GrpcMethods& methods) {
  const std::uint64_t id = ++ids_;
  const auto connection = std::make_shared<GrpcConnection>(
      context_, methods, std::move(socket), caller,
      [this, id, scope = caller.scope] {
        const auto found = connections_.find(scope);
        found->second.erase(id);
        if (found->second.empty()) connections_.erase(found);
      });
  connections_[caller.scope].emplace(id, connection);
  connection->Start();
}

std::size_t GrpcConnections::Count(ScopeId scope) const {
  const auto found = connections_.find(scope);
  return found == connections_.end() ? 0 : found->second.size();
}

bool GrpcConnections::MakeRoom(ScopeId scope) {
  const auto found = connections_.find(scope);
  if (found == connections_.end()) return false;
  // The one that ends takes itself out.
  for (const auto& [id, connection] : found->second) {
    const auto held = connection;
    if (held->EndIdle()) return true;
  }
  return false;
}

void GrpcConnections::HangUp(ScopeId scope) {
  const auto found = connections_.find(scope);
  if (found == connections_.end()) return;
  const Connections all = found->second;
  for (const auto& [id, connection] : all) connection->End();
}

void GrpcConnections::Shutdown(std::chrono::milliseconds grace,
                               std::function<void()> done) {
  const auto all = connections_;
  for (const auto& [scope, connections] : all) {
    for (const auto& [id, connection] : connections) connection->Drain();
  }
  grace_.expires_after(grace);
  grace_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    while (!connections_.empty()) HangUp(connections_.begin()->first);
  });
  room_.WhenEmpty([this, done = std::move(done)] {
    grace_.cancel();
    done();
  });
}

}  // namespace libretto
