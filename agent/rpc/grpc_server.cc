#include "agent/rpc/grpc_server.h"

#include <utility>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>

#include "base/check.h"

namespace libretto {
namespace {

// A value of 64 KiB has to fit.
constexpr int kMaxReceivedBytes = 128 * 1024;
// A list of as many credentials as a cloud may have.
constexpr int kMaxSentBytes = 32 * 1024 * 1024;
constexpr int kMaxStreams = 32;
constexpr int kMinPingIntervalMs = 10'000;
constexpr std::size_t kQuotaBytes = std::size_t{64} << 20;

int Millis(std::chrono::milliseconds time) {
  return static_cast<int>(time.count());
}

void SetLimits(grpc::ServerBuilder& builder, const ConnectionLimits& limits) {
  builder.SetMaxReceiveMessageSize(kMaxReceivedBytes);
  builder.SetMaxSendMessageSize(kMaxSentBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                             Millis(limits.idle));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                             Millis(limits.age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             Millis(limits.age_grace));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS,
                             Millis(limits.keepalive));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             Millis(limits.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      kMinPingIntervalMs);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetResourceQuota(
      grpc::ResourceQuota("libretto-agent").Resize(kQuotaBytes));
}

}  // namespace

GrpcServer::GrpcServer(Executor& loop, Profiles& profiles, const Clock& clock,
                       ProcessFacts facts,
                       std::function<void(const CallRecord&)> log,
                       const ConnectionLimits& limits)
    : context_{loop, peers_, profiles, std::move(log)},
      credentials_(context_),
      accounts_(context_),
      agent_(context_, clock, std::move(facts)) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  SetLimits(builder, limits);
  // Reflection alone is a synchronous service; one thread is plenty for it.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  builder.RegisterService(&agent_);
  builder.RegisterService(&accounts_);
  builder.RegisterService(&credentials_);
  server_ = builder.BuildAndStart();
  LIBRETTO_CHECK(server_ != nullptr);
  server_->GetHealthCheckService()->SetServingStatus(true);
}

GrpcServer::~GrpcServer() = default;

void GrpcServer::Adopt(UniqueFd connection, const Caller& caller) {
  // Before the hand-over: the first call may be handled before it returns.
  peers_.Enter(connection.get(), caller);
  grpc::AddInsecureChannelFromFd(server_.get(), connection.Release());
}

void GrpcServer::Shutdown(std::chrono::milliseconds grace) {
  server_->Shutdown(std::chrono::system_clock::now() + grace);
}

}  // namespace libretto
