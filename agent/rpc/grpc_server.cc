#include "agent/rpc/grpc_server.h"

#include <sys/socket.h>

#include <utility>

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/server_posix.h>

#include "base/check.h"

namespace libretto {
namespace {

// A value of 64 KiB has to fit.
constexpr int kMaxReceivedBytes = 128 * 1024;
// A list of as many credentials as a cloud may have.
constexpr int kMaxSentBytes = 32 * 1024 * 1024;
constexpr int kMaxStreams = 32;
// gRPC would announce, and move, figures of its own (4 MiB here): the frame
// guard in front of it counts on this one, and a whole request fits into the
// window.
constexpr int kMaxFrameBytes = 16 * 1024;
constexpr int kWindowBytes = 256 * 1024;
constexpr int kMinPingIntervalMs = 10'000;
// How often the thread of the synchronous service looks up without a reason.
constexpr int kLookUpMs = 3'600'000;
constexpr std::size_t kQuotaBytes = std::size_t{64} << 20;

int Millis(std::chrono::milliseconds time) {
  return static_cast<int>(time.count());
}

// gRPC's own lines quote what callers send, raw.
void SayNothing(gpr_log_func_args* /*line*/) {}

void SetLimits(grpc::ServerBuilder& builder, const ConnectionLimits& limits) {
  builder.SetMaxReceiveMessageSize(kMaxReceivedBytes);
  builder.SetMaxSendMessageSize(kMaxSentBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kMaxFrameBytes);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES,
                             kWindowBytes);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
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

// gRPC adds reflection to every server of a program that can do it.
class NoPlugins final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments* /*arguments*/) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>*
                         plugins) override {
    plugins->clear();
  }
};

}  // namespace

GrpcServer::Services::Services(CallContext& context, Lock& lock,
                               const Clock& clock, const ProcessFacts& facts)
    : credentials(context, clock),
      accounts(context),
      agent(context, lock, clock, facts),
      locking(context, lock),
      scopes(context, clock) {}

void GrpcServer::Services::RegisterWith(grpc::ServerBuilder& builder) {
  builder.RegisterService(&agent);
  builder.RegisterService(&accounts);
  builder.RegisterService(&credentials);
  builder.RegisterService(&locking);
  builder.RegisterService(&scopes);
}

GrpcServer::GrpcServer(Executor& loop, Profiles& profiles, Scopes& scopes,
                       Lock& lock, const Clock& clock,
                       const ProcessFacts& facts,
                       std::function<void(const CallRecord&)> log,
                       const ConnectionLimits& limits)
    : context_{loop, peers_, profiles, scopes, std::move(log)},
      services_(context_, lock, clock, facts),
      services_for_scopes_(context_, lock, clock, facts) {
  gpr_set_log_function(SayNothing);
  // The same for protobuf, which writes a line for each text that is no UTF-8.
  google::protobuf::SetLogHandler(nullptr);
  StartMain(limits);
  StartForScopes(limits);
}

void GrpcServer::StartMain(const ConnectionLimits& limits) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  SetLimits(builder, limits);
  // Reflection alone is a synchronous service; one thread is plenty for it.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  builder.SetSyncServerOption(grpc::ServerBuilder::CQ_TIMEOUT_MSEC, kLookUpMs);
  services_.RegisterWith(builder);
  server_ = builder.BuildAndStart();
  LIBRETTO_CHECK(server_ != nullptr);
  server_->GetHealthCheckService()->SetServingStatus(true);
}

void GrpcServer::StartForScopes(const ConnectionLimits& limits) {
  grpc::EnableDefaultHealthCheckService(false);
  grpc::ServerBuilder builder;
  SetLimits(builder, limits);
  builder.SetOption(std::make_unique<NoPlugins>());
  // With every service: what is not for scopes is refused with a reason.
  services_for_scopes_.RegisterWith(builder);
  server_for_scopes_ = builder.BuildAndStart();
  LIBRETTO_CHECK(server_for_scopes_ != nullptr);
}

GrpcServer::~GrpcServer() = default;

void GrpcServer::Adopt(UniqueFd connection, const Caller& caller) {
  // Before the hand-over: the first call may be handled before it returns.
  peers_.Enter(connection.get(), caller);
  grpc::Server& server = caller.scope == 0 ? *server_ : *server_for_scopes_;
  grpc::AddInsecureChannelFromFd(&server, connection.Release());
}

bool GrpcServer::EndIdle(int fd) {
  if (peers_.Busy(fd)) return false;
  // gRPC notices, and closes the descriptor, which is its own.
  shutdown(fd, SHUT_RDWR);
  return true;
}

void GrpcServer::Shutdown(std::chrono::milliseconds grace) {
  const auto deadline = std::chrono::system_clock::now() + grace;
  server_for_scopes_->Shutdown(deadline);
  server_->Shutdown(deadline);
}

}  // namespace libretto
