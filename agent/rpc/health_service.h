// grpc.health.v1.Health, for stock tools on the main socket. While the agent
// answers at all, it serves. Loop thread only.
#pragma once

#include <memory>
#include <set>

#include "agent/grpc/grpc_methods.h"
#include "grpc/health/v1/health.pb.h"

namespace libretto {

class HealthService final {
 public:
  HealthService();
  ~HealthService();
  HealthService(const HealthService&) = delete;
  HealthService& operator=(const HealthService&) = delete;

  // This outlives `methods`.
  void RegisterWith(GrpcMethods& methods);

 private:
  class Watch;

  void Check(GrpcCall& call, const SecretBytes& bytes);
  void StartWatch(std::unique_ptr<GrpcCall> call, const SecretBytes& bytes);

  std::set<std::shared_ptr<Watch>> watches_;
};

}  // namespace libretto
