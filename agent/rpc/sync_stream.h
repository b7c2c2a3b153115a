// One Agent.Sync call: the latest progress replaces what had to wait. Loop
// thread only.
#pragma once

#include "agent/rpc/event_stream.h"
#include "libretto/agent/v1/agent.grpc.pb.h"

namespace libretto {

class SyncStream final : public EventStream<agent::v1::SyncProgress> {
 public:
  using EventStream::EventStream;

  void Start(const agent::v1::SyncRequest& request) {
    Begin("Agent.Sync", request, Needs::kSession, [this](Profile& profile) {
      profile.syncer.Sync(
          [this](const Syncer::Progress& progress) {
            PushLatest(ToProto(progress));
          },
          [this](const StatusOr<Syncer::Progress>& done) {
            Complete(done.status());
          });
    });
  }

 private:
  static agent::v1::SyncProgress ToProto(const Syncer::Progress& progress) {
    agent::v1::SyncProgress message;
    message.set_known(static_cast<std::int64_t>(progress.known));
    message.set_total(static_cast<std::int64_t>(progress.total));
    message.set_done(static_cast<std::int64_t>(progress.done));
    message.set_dropped(static_cast<std::int64_t>(progress.dropped));
    return message;
  }
};

}  // namespace libretto
