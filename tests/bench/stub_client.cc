// Calls Credentials.Get with gRPC's own synchronous stub, call by call on one
// connection: what client/transport is compared with.
//
//   bench_stub_client SOCKET NAME CALLS
//
// Prints one line of JSON.
#include <memory>
#include <string>
#include <utility>

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "libretto/agent/v1/credentials.grpc.pb.h"
#include "tests/bench/timing.h"

namespace libretto::bench {
namespace {

constexpr int kWarmUpCalls = 500;

void Get(agent::v1::Credentials::Stub& stub, const std::string& name) {
  grpc::ClientContext context;
  // As the other client does: every call has a deadline.
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(15));
  agent::v1::GetRequest request;
  request.mutable_context();
  request.set_name(name);
  agent::v1::GetResponse response;
  const grpc::Status status = stub.Get(&context, request, &response);
  if (status.ok() && !response.value().empty()) return;
  std::fprintf(stderr, "bench_stub_client: %s\n",
               status.error_message().c_str());
  std::exit(1);
}

}  // namespace
}  // namespace libretto::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: bench_stub_client SOCKET NAME CALLS\n", stderr);
    return 64;
  }
  const std::string name(argv[2]);
  const int calls = libretto::bench::NumberOrExit(argv[3]);
  const auto stub =
      libretto::agent::v1::Credentials::NewStub(grpc::CreateChannel(
          "unix:" + std::string(argv[1]), grpc::InsecureChannelCredentials()));
  for (int i = 0; i < libretto::bench::kWarmUpCalls; ++i) {
    libretto::bench::Get(*stub, name);
  }
  std::vector<double> micros;
  micros.reserve(static_cast<std::size_t>(calls));
  for (int i = 0; i < calls; ++i) {
    const auto begin = libretto::bench::Clock::now();
    libretto::bench::Get(*stub, name);
    micros.push_back(libretto::bench::MicrosSince(begin));
  }
  libretto::bench::PrintLatencies(std::move(micros));
}
