#include "agent/rpc/grpc_server.h"

#include <utility>

#include <google/protobuf/stubs/logging.h>

#include "agent/rpc/reflection.h"

namespace libretto {

GrpcServer::GrpcServer(asio::io_context& io, Executor& loop, Profiles& profiles,
                       Scopes& scopes, Lock& lock, const Clock& clock,
                       const ProcessFacts& facts,
                       std::function<void(const CallRecord&)> log,
                       const ConnectionLimits& limits,
                       GrpcConnections::ProcessOf process_of,
                       GrpcConnections::Cut cut)
    : context_{loop, profiles, scopes, std::move(log)},
      credentials_(context_, clock),
      accounts_(context_),
      agent_(context_, lock, clock, facts),
      locking_(context_, lock),
      scopes_(context_, clock),
      connections_(io, loop, clock, limits, std::move(process_of),
                   std::move(cut)) {
  // Protobuf writes a line for each text that is no UTF-8.
  google::protobuf::SetLogHandler(nullptr);
  for (GrpcMethods* const methods : {&for_main_, &for_scopes_}) {
    credentials_.RegisterWith(*methods);
    accounts_.RegisterWith(*methods);
    agent_.RegisterWith(*methods);
    locking_.RegisterWith(*methods);
    scopes_.RegisterWith(*methods);
  }
  health_.RegisterWith(for_main_);
  AddReflection(for_main_);
}

void GrpcServer::Adopt(UniqueFd connection, const Caller& caller) {
  connections_.Adopt(std::move(connection), caller,
                     caller.scope == 0 ? for_main_ : for_scopes_);
}

}  // namespace libretto
