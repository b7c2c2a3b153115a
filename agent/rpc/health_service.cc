#include "agent/rpc/health_service.h"

#include <algorithm>
#include <string>
#include <utility>

#include "agent/rpc/call.h"
#include "agent/rpc/reflection.h"

namespace libretto {
namespace {

namespace pb = grpc::health::v1;

bool Has(const std::string& service) {
  const auto& names = ServiceNames();
  return service.empty() ||
         std::find(names.begin(), names.end(), service) != names.end();
}

SecretBytes Response(pb::HealthCheckResponse::ServingStatus status) {
  pb::HealthCheckResponse response;
  response.set_status(status);
  return Serialized(response);
}

}  // namespace

// Has nothing more to say until its caller leaves.
class HealthService::Watch final : public GrpcCallListener,
                                   public std::enable_shared_from_this<Watch> {
 public:
  Watch(HealthService& service, std::unique_ptr<GrpcCall> call)
      : service_(service), call_(std::move(call)) {}

  GrpcCall& call() { return *call_; }

  void OnSent() override {}
  void OnCancelled() override {
    call_->Finish(Status(StatusCode::kCancelled, "the caller has left"));
    service_.watches_.erase(shared_from_this());
  }

 private:
  HealthService& service_;
  const std::unique_ptr<GrpcCall> call_;
};

HealthService::HealthService() = default;
HealthService::~HealthService() = default;

void HealthService::RegisterWith(GrpcMethods& methods) {
  methods.Add("/grpc.health.v1.Health/Check",
              [this](std::unique_ptr<GrpcCall> call, const SecretBytes& bytes) {
                Check(*call, bytes);
              });
  methods.Add("/grpc.health.v1.Health/Watch",
              [this](std::unique_ptr<GrpcCall> call, const SecretBytes& bytes) {
                StartWatch(std::move(call), bytes);
              });
}

void HealthService::Check(GrpcCall& call, const SecretBytes& bytes) {
  pb::HealthCheckRequest request;
  if (!Parse(bytes, request)) {
    return call.Finish(Invalid("the request cannot be parsed"));
  }
  if (!Has(request.service())) {
    return call.Finish(NotFound("there is no such service"));
  }
  call.Answer(Response(pb::HealthCheckResponse::SERVING));
}

void HealthService::StartWatch(std::unique_ptr<GrpcCall> call,
                               const SecretBytes& bytes) {
  pb::HealthCheckRequest request;
  if (!Parse(bytes, request)) {
    return call->Finish(Invalid("the request cannot be parsed"));
  }
  const auto watch = std::make_shared<Watch>(*this, std::move(call));
  watches_.insert(watch);
  watch->call().Listen(watch);
  watch->call().Send(Response(Has(request.service())
                                  ? pb::HealthCheckResponse::SERVING
                                  : pb::HealthCheckResponse::SERVICE_UNKNOWN));
}

}  // namespace libretto
