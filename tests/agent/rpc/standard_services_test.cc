// Health checks and reflection, as a stock client asks for them.
#include <future>
#include <set>
#include <string>

#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "tests/agent/rpc/grpc_server_fixture.h"

namespace libretto {
namespace {

namespace health = grpc::health::v1;
namespace reflection = grpc::reflection::v1alpha;

template <typename Message>
grpc::ByteBuffer BytesOf(const Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

template <typename Message>
Message MessageIn(const grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  EXPECT_TRUE(bytes.DumpToSingleSlice(&slice).ok());
  Message message;
  EXPECT_TRUE(
      message.ParseFromArray(slice.begin(), static_cast<int>(slice.size())));
  return message;
}

class StandardServicesTest : public GrpcServerTest {
 protected:
  // One step of a stream.
  bool Step() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  // The first answer to `request`, on a stream that is given up then.
  template <typename Answer, typename Request>
  Answer FirstAnswer(const std::string& path, const Request& request,
                     const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    grpc::GenericStub stub(channel);
    const auto stream = stub.PrepareCall(&context, path, &queue_);
    stream->StartCall(nullptr);
    EXPECT_TRUE(Step());
    grpc::WriteOptions options;
    if (path.find("Health") != std::string::npos) options.set_last_message();
    stream->Write(BytesOf(request), options, nullptr);
    EXPECT_TRUE(Step());
    grpc::ByteBuffer bytes;
    stream->Read(&bytes, nullptr);
    EXPECT_TRUE(Step());
    context.TryCancel();
    grpc::Status status;
    stream->Finish(&status, nullptr);
    (void)Step();
    return MessageIn<Answer>(bytes);
  }

  reflection::ServerReflectionResponse Reflect(
      const reflection::ServerReflectionRequest& request,
      const std::string& version = "v1alpha") {
    return FirstAnswer<reflection::ServerReflectionResponse>(
        "/grpc.reflection." + version +
            ".ServerReflection/ServerReflectionInfo",
        request, channel_);
  }

  grpc::Status Check(const std::string& service,
                     const std::shared_ptr<grpc::Channel>& channel,
                     health::HealthCheckResponse* response) {
    health::HealthCheckRequest request;
    request.set_service(service);
    const grpc::ByteBuffer bytes = BytesOf(request);
    grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(
        channel);
    grpc::ClientContext context;
    grpc::ByteBuffer answer;
    std::promise<grpc::Status> ended;
    stub.UnaryCall(
        &context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &bytes,
        &answer,
        [&ended](grpc::Status status) { ended.set_value(std::move(status)); });
    grpc::Status status = ended.get_future().get();
    if (status.ok()) {
      *response = MessageIn<health::HealthCheckResponse>(answer);
    }
    return status;
  }

  grpc::CompletionQueue queue_;
};

TEST_F(StandardServicesTest, HealthSaysServing) {
  for (const char* service : {"", "libretto.agent.v1.Credentials"}) {
    health::HealthCheckResponse response;
    ASSERT_TRUE(Check(service, channel_, &response).ok()) << service;
    EXPECT_EQ(response.status(), health::HealthCheckResponse::SERVING);
  }
  health::HealthCheckResponse response;
  EXPECT_EQ(Check("nobody.Knows", channel_, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(StandardServicesTest, HealthIsWatchedUntilTheWatcherLeaves) {
  health::HealthCheckRequest request;
  const std::string path = "/grpc.health.v1.Health/Watch";
  EXPECT_EQ(FirstAnswer<health::HealthCheckResponse>(path, request, channel_)
                .status(),
            health::HealthCheckResponse::SERVING);
  request.set_service("nobody.Knows");
  EXPECT_EQ(FirstAnswer<health::HealthCheckResponse>(path, request, channel_)
                .status(),
            health::HealthCheckResponse::SERVICE_UNKNOWN);
}

TEST_F(StandardServicesTest, AScopeHasNeither) {
  health::HealthCheckResponse response;
  EXPECT_EQ(Check("", Connect(/*scope=*/1), &response).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(StandardServicesTest, EveryListedServiceIsDescribedWithAllItNeeds) {
  reflection::ServerReflectionRequest list;
  list.set_list_services("");
  const auto listed = Reflect(list);
  std::set<std::string> names;
  for (const auto& service : listed.list_services_response().service()) {
    names.insert(service.name());
    reflection::ServerReflectionRequest request;
    request.set_file_containing_symbol(service.name());
    const auto described = Reflect(request);
    std::set<std::string> files;
    std::set<std::string> needed;
    std::set<std::string> services;
    for (const std::string& bytes :
         described.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      ASSERT_TRUE(file.ParseFromString(bytes));
      files.insert(file.name());
      for (const std::string& import : file.dependency()) needed.insert(import);
      for (const auto& has : file.service()) {
        services.insert(file.package() + "." + has.name());
      }
    }
    EXPECT_EQ(services.count(service.name()), 1U) << service.name();
    for (const std::string& import : needed) {
      EXPECT_EQ(files.count(import), 1U) << import;
    }
  }
  for (const char* service :
       {"libretto.agent.v1.Agent", "libretto.agent.v1.Accounts",
        "libretto.agent.v1.Credentials", "libretto.agent.v1.Locking",
        "libretto.agent.v1.Scopes", "grpc.health.v1.Health"}) {
    EXPECT_EQ(names.count(service), 1U) << service;
  }
}

TEST_F(StandardServicesTest, ReflectionKnowsFilesAndSaysWhatItDoesNotKnow) {
  reflection::ServerReflectionRequest file;
  file.set_file_by_filename("libretto/agent/v1/agent.proto");
  EXPECT_GT(Reflect(file, "v1")
                .file_descriptor_response()
                .file_descriptor_proto_size(),
            1);
  reflection::ServerReflectionRequest unknown;
  unknown.set_file_containing_symbol("nobody.Knows");
  EXPECT_EQ(Reflect(unknown).error_response().error_code(),
            static_cast<int>(grpc::StatusCode::NOT_FOUND));
  EXPECT_EQ(Reflect({}).error_response().error_code(),
            static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT));
}

}  // namespace
}  // namespace libretto
