// One Agent.Sync call: progress goes out as fast as the client reads, the
// latest message replacing those that had to wait.
//
// Loop thread only, but for gRPC's own callbacks, which post. Deletes itself.
#pragma once

#include <optional>
#include <string>

#include "agent/core/profile.h"
#include "agent/rpc/call.h"
#include "libretto/agent/v1/agent.grpc.pb.h"

namespace libretto {

class SyncStream final
    : public grpc::ServerWriteReactor<agent::v1::SyncProgress> {
 public:
  SyncStream(CallContext& context, grpc::CallbackServerContext& server_context);

  // Begins on the loop; ends the stream at once when there is no room for it.
  void Start(Profile& profile);

  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  ~SyncStream() override = default;

  void Push(const Syncer::Progress& progress);
  void Complete(const Status& status);
  void Continue();

  CallContext& context_;
  grpc::CallbackServerContext& server_context_;
  const std::string peer_;
  std::optional<agent::v1::SyncProgress> next_;
  agent::v1::SyncProgress sending_;
  bool writing_ = false;
  std::optional<Status> outcome_;
};

}  // namespace libretto
