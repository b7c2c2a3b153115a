// A bare gRPC server: what the agent is compared with. It answers
// Credentials.Get on a Unix socket of gRPC's own with the callback API and does
// nothing else.
//
//   bench_echo_server SOCKET
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "libretto/agent/v1/credentials.grpc.pb.h"

namespace {

namespace pb = libretto::agent::v1;

constexpr std::size_t kValueBytes = 100;

class Echo final : public pb::Credentials::CallbackService {
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context,
                                const pb::GetRequest* request,
                                pb::GetResponse* response) override {
    response->set_name(request->name());
    response->set_value(value_);
    response->set_source(pb::GetResponse::MEMORY);
    response->set_generation(1);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  const std::string value_ = std::string(kValueBytes, 'v');
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bench_echo_server SOCKET\n", stderr);
    return 64;
  }
  Echo echo;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + std::string(argv[1]),
                           grpc::InsecureServerCredentials());
  builder.RegisterService(&echo);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  server->Wait();
}
