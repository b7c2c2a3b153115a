// What a scope's socket answers on the wire, and that it answers nothing else.
#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>

#include "agent/rpc/gate.h"
#include "libretto/agent/v1/scopes.grpc.pb.h"
#include "tests/agent/rpc/grpc_server_fixture.h"
#include "tests/matchers.h"

namespace libretto {
namespace {

using ::testing::ElementsAre;

// Of every .proto that there is.
std::vector<const google::protobuf::MethodDescriptor*> EveryMethod() {
  const std::string folder = "libretto/agent/v1/";
  const auto* const pool = google::protobuf::DescriptorPool::generated_pool();
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  for (const auto& entry :
       std::filesystem::directory_iterator(LIBRETTO_PROTO "/" + folder)) {
    const auto* const file =
        pool->FindFileByName(folder + entry.path().filename().string());
    if (file == nullptr) {
      ADD_FAILURE() << entry.path() << " is not in this program";
      continue;
    }
    for (int s = 0; s < file->service_count(); ++s) {
      const auto* const service = file->service(s);
      for (int m = 0; m < service->method_count(); ++m) {
        methods.push_back(service->method(m));
      }
    }
  }
  return methods;
}

std::string ShortName(const google::protobuf::MethodDescriptor& method) {
  return method.service()->name() + "." + method.name();
}

class ScopeTest : public GrpcServerTest {
 protected:
  // A scope, made on the main socket.
  pb::Scope Make(const std::vector<std::string>& names, bool use_only = false) {
    pb::CreateScopeRequest request;
    request.set_name("ci");
    for (const std::string& name : names) request.add_value_names(name);
    request.set_use_only(use_only);
    pb::CreateScopeResponse response;
    grpc::ClientContext context;
    const auto status =
        pb::Scopes::NewStub(channel_)->Create(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    id_ = ++ids_;
    scoped_ = Connect(id_);
    return response.scope();
  }

  grpc::Status GetThrough(const pb::GetRequest& request,
                          pb::GetResponse* response) {
    grpc::ClientContext context;
    return pb::Credentials::NewStub(scoped_)->Get(&context, request, response);
  }
  grpc::Status GetThrough(const std::string& name) {
    pb::GetRequest request;
    request.set_name(name);
    pb::GetResponse response;
    return GetThrough(request, &response);
  }

  // An empty request of any kind of call; its status.
  static grpc::Status CallEmpty(const std::shared_ptr<grpc::Channel>& channel,
                                const std::string& path) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const grpc::ByteBuffer request(nullptr, 0);
    grpc::ByteBuffer response;
    grpc::Status status;
    const auto call = stub.PrepareUnaryCall(&context, path, request, &queue);
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    queue.Shutdown();
    return status;
  }

  ScopeId ids_ = 0;
  ScopeId id_ = 0;
  std::shared_ptr<grpc::Channel> scoped_;
};

TEST_F(ScopeTest, EveryMethodHasItsRow) {
  std::vector<std::string> methods;
  for (const auto* const method : EveryMethod()) {
    methods.push_back(ShortName(*method));
  }
  std::vector<std::string> rows;
  for (const MethodRule& rule : MethodRules()) rows.emplace_back(rule.method);
  EXPECT_THAT(rows, ::testing::UnorderedElementsAreArray(methods));
}

TEST_F(ScopeTest, WhatIsNotForScopesIsRefusedThere) {
  Make({"username"});
  for (const auto* const method : EveryMethod()) {
    const std::string name = ShortName(*method);
    const auto rule =
        std::find_if(MethodRules().begin(), MethodRules().end(),
                     [&name](const MethodRule& r) { return r.method == name; });
    if (rule != MethodRules().end() && rule->for_scopes) continue;
    const auto status = CallEmpty(
        scoped_, "/" + method->service()->full_name() + "/" + method->name());
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED)
        << name << ": " << status.error_message();
  }
  EXPECT_FALSE(stop_asked_);
}

TEST_F(ScopeTest, HealthAndReflectionAreForTheMainSocket) {
  Make({"username"});
  for (const char* path :
       {"/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    EXPECT_EQ(CallEmpty(scoped_, path).error_code(),
              grpc::StatusCode::UNIMPLEMENTED)
        << path;
  }
  EXPECT_TRUE(CallEmpty(channel_, "/grpc.health.v1.Health/Check").ok());
}

TEST_F(ScopeTest, ItsNamesAndNoOther) {
  cloud_.Set("password", "hunter2");
  Make({"username"});
  pb::GetRequest request;
  request.set_name(" UserName ");
  pb::GetResponse response;
  ASSERT_TRUE(GetThrough(request, &response).ok());
  EXPECT_EQ(response.value(), "alice");
  EXPECT_FALSE(response.use_only());
  // There, not there, and not even a name.
  const grpc::Status there = GetThrough("password");
  const grpc::Status missing = GetThrough("passw0rd");
  EXPECT_EQ(there.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(missing.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(GetThrough("a/b").error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  // The same with nobody logged in; for its own name the session counts.
  loop_.Post([this] { profiles_.Default().session.SignOut(); });
  EXPECT_EQ(GetThrough("password").error_message(), there.error_message());
  EXPECT_EQ(GetThrough("username").error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(ScopeTest, AListIsOfItsNames) {
  cloud_.Set("password", "hunter2");
  cloud_.Set("Odd Name", "x");
  Make({"username", "Odd Name", "not_there"});
  pb::ListResponse response;
  ASSERT_TRUE(pb::Credentials::NewStub(scoped_)
                  ->List(&context_, pb::ListRequest(), &response)
                  .ok());
  std::vector<std::string> names;
  for (const auto& item : response.credentials()) names.push_back(item.name());
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("Odd Name", "username"));
}

TEST_F(ScopeTest, UseOnlyHandsOutForCommandsAlone) {
  Make({"username"}, /*use_only=*/true);
  const grpc::Status read = GetThrough("username");
  EXPECT_EQ(read.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  pb::GetRequest request;
  request.set_name("username");
  request.set_purpose(pb::GetRequest::RUN);
  pb::GetResponse response;
  ASSERT_TRUE(GetThrough(request, &response).ok());
  EXPECT_EQ(response.value(), "alice");
  EXPECT_TRUE(response.use_only());
}

TEST_F(ScopeTest, ItActsForItsOwnAccount) {
  Make({"username"});
  pb::GetRequest request;
  request.set_name("username");
  request.mutable_context()->set_api_key("a key of somebody else");
  pb::GetResponse response;
  EXPECT_TRUE(GetThrough(request, &response).ok());
  EXPECT_EQ(response.value(), "alice");
  request.mutable_context()->set_profile("other");
  EXPECT_EQ(GetThrough(request, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ScopeTest, RevokingEndsAWatchAndWhatComesAfter) {
  Make({"username"});
  pb::WatchRequest watch;
  watch.add_names("username");
  const auto reader =
      pb::Credentials::NewStub(scoped_)->Watch(&context_, watch);
  pb::WatchEvent event;
  ASSERT_TRUE(reader->Read(&event));
  ASSERT_TRUE(reader->Read(&event));
  ASSERT_TRUE(event.has_settled());

  pb::RevokeScopeRequest revoke;
  revoke.set_name("ci");
  pb::RevokeScopeResponse revoked;
  grpc::ClientContext context;
  ASSERT_TRUE(
      pb::Scopes::NewStub(channel_)->Revoke(&context, revoke, &revoked).ok());
  EXPECT_FALSE(reader->Read(&event));
  const grpc::Status over = reader->Finish();
  EXPECT_EQ(over.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(over.error_message(), ::testing::HasSubstr("revoked"));
  EXPECT_EQ(GetThrough("username").error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ScopeTest, AWatchIsForNamesThatMayBeRead) {
  cloud_.Set("password", "hunter2");
  Make({"username"});
  pb::WatchRequest watch;
  watch.add_names("username");
  watch.add_names("password");
  const auto reader =
      pb::Credentials::NewStub(scoped_)->Watch(&context_, watch);
  pb::WatchEvent event;
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ScopeTest, TheListOfScopesSaysWhatEachIs) {
  const pb::Scope made = Make({"username"});
  EXPECT_EQ(made.socket(), "/run/scopes/1.scope");
  pb::ListScopesResponse response;
  ASSERT_TRUE(pb::Scopes::NewStub(channel_)
                  ->List(&context_, pb::ListScopesRequest(), &response)
                  .ok());
  ASSERT_EQ(response.scopes_size(), 1);
  EXPECT_EQ(response.scopes(0).name(), "ci");
  EXPECT_THAT(response.scopes(0).value_names(), ElementsAre("username"));
  EXPECT_EQ(response.scopes(0).profile(), "default");
  EXPECT_EQ(response.scopes(0).pid(), 0);
}

}  // namespace
}  // namespace libretto
