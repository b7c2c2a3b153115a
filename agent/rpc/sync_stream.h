// One Agent.Sync call: the latest progress replaces what had to wait. Loop
// thread only.
#pragma once

#include "agent/rpc/event_stream.h"
#include "libretto/agent/v1/agent.pb.h"

namespace libretto {

class SyncStream final : public EventStream<agent::v1::SyncProgress> {
 public:
  SyncStream(CallContext& context, std::unique_ptr<GrpcCall> wire)
      : EventStream(context, std::move(wire), "Agent.Sync") {}

  void Start(const agent::v1::SyncRequest& request) {
    Begin(request, Needs::kSession, [this](Profile& profile) {
      syncer_ = &profile.syncer;
      id_ = syncer_->Sync(
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
    message.set_wait_s(progress.wait.count());
    return message;
  }

  // The run ends as soon as nothing of it is in flight, and the stream with it.
  void GiveUp(const Status& /*why*/) override {
    if (syncer_ != nullptr && !complete()) syncer_->Cancel(id_);
  }

  Syncer* syncer_ = nullptr;
  std::uint64_t id_ = 0;
};

}  // namespace libretto
