#include "agent/rpc/sync_stream.h"

#include <utility>

namespace libretto {

SyncStream::SyncStream(CallContext& context,
                       grpc::CallbackServerContext& server_context)
    : context_(context),
      server_context_(server_context),
      peer_(server_context.peer()) {}

void SyncStream::Start(Profile& profile) {
  if (const auto caller = context_.peers.BeginCall(peer_); !caller.ok()) {
    Finish(ToGrpc(server_context_, caller.status()));
    return;
  }
  context_.loop.Post([this, &profile] {
    if (const Status loaded = profile.accounts.Load(); !loaded.ok()) {
      return Complete(loaded);
    }
    profile.syncer.Sync(
        [this](const Syncer::Progress& progress) { Push(progress); },
        [this](const StatusOr<Syncer::Progress>& done) {
          Complete(done.status());
        });
  });
}

void SyncStream::OnWriteDone(bool /*ok*/) {
  // A client that went away changes nothing: the sync goes on for the others,
  // and Complete() ends this stream.
  context_.loop.Post([this] {
    writing_ = false;
    Continue();
  });
}

void SyncStream::Push(const Syncer::Progress& progress) {
  next_.emplace();
  next_->set_known(static_cast<std::int64_t>(progress.known));
  next_->set_total(static_cast<std::int64_t>(progress.total));
  next_->set_done(static_cast<std::int64_t>(progress.done));
  next_->set_dropped(static_cast<std::int64_t>(progress.dropped));
  Continue();
}

void SyncStream::Complete(const Status& status) {
  outcome_ = status;
  Continue();
}

void SyncStream::Continue() {
  if (writing_) return;
  if (next_.has_value()) {
    sending_ = *std::exchange(next_, std::nullopt);
    writing_ = true;
    StartWrite(&sending_);
  } else if (outcome_.has_value()) {
    context_.peers.EndCall(peer_);
    Finish(ToGrpc(server_context_, *outcome_));
  }
}

}  // namespace libretto
