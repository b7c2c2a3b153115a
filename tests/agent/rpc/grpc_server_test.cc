// The agent's services as a stock gRPC client sees them: grpc++ over a socket
// pair, the real server, a cloud in memory.
#include "agent/rpc/grpc_server.h"

#include <sys/socket.h>

#include <future>
#include <thread>

#include <grpcpp/create_channel_posix.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_cloud.h"
#include "tests/fakes/fake_stores.h"
#include "tests/fakes/manual_clock.h"

namespace libretto {
namespace {

namespace pb = agent::v1;

// The loop thread; the cloud in memory answers at the end of every task.
class CloudyLoop final : public Executor {
 public:
  explicit CloudyLoop(testing::FakeCloud& cloud)
      : thread_([this, &cloud] {
          while (std::optional<Task> task = Next()) {
            (*std::move(task))();
            cloud.Deliver();
          }
        }) {}
  ~CloudyLoop() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  CloudyLoop(const CloudyLoop&) = delete;
  CloudyLoop& operator=(const CloudyLoop&) = delete;

  void Post(Task task) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }

 private:
  std::optional<Task> Next() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return std::nullopt;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
  std::thread thread_;
};

class GrpcServerTest : public ::testing::Test {
 protected:
  GrpcServerTest() {
    cloud_.Set("username", "alice");
    profiles_.Default().session.SignIn(
        {{testing::FakeCloud::kUrl, SecretBytes::CopyOf("cookie=0")},
         "user",
         "casey@example.test",
         ""});
    channel_ = Connect();
  }
  ~GrpcServerTest() override {
    channel_.reset();
    server_.Shutdown(std::chrono::milliseconds(500));
  }

  std::shared_ptr<grpc::Channel> Connect() {
    int fds[2];
    EXPECT_EQ(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
        0);
    server_.Adopt(UniqueFd(fds[0]), {geteuid(), getpid()});
    return grpc::CreateInsecureChannelFromFd("agent", fds[1]);
  }

  ProcessFacts Facts() {
    return {"1.2.3",
            "/run/agent.sock",
            clock_.Now(),
            [] { return std::size_t{3}; },
            [] { return std::int64_t{4096}; },
            [this](absl::AnyInvocable<void() &&> stopped) {
              stop_asked_ = true;
              std::move(stopped)();
            }};
  }

  grpc::Status Get(const std::string& name, pb::GetResponse* response) {
    return GetIn(context_, name, response);
  }
  grpc::Status GetIn(grpc::ClientContext& context, const std::string& name,
                     pb::GetResponse* response) {
    pb::GetRequest request;
    request.set_name(name);
    return pb::Credentials::NewStub(channel_)->Get(&context, request, response);
  }
  std::string Trailer(const std::string& name) {
    const auto& trailers = context_.GetServerTrailingMetadata();
    const auto found = trailers.find(name);
    return found == trailers.end()
               ? ""
               : std::string(found->second.data(), found->second.size());
  }

  testing::ManualClock clock_;
  testing::FakeCloud cloud_;
  testing::FakeStorage storage_;
  Profiles profiles_{
      ProfileOptions(), {cloud_, cloud_, cloud_, cloud_}, storage_, clock_};
  bool stop_asked_ = false;
  std::vector<std::string> log_;
  CloudyLoop loop_{cloud_};
  GrpcServer server_{
      loop_,
      profiles_,
      clock_,
      Facts(),
      [this](const CallRecord& call) {
        log_.push_back(std::string(call.method) + " " + call.name);
      },
      ConnectionLimits()};
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
};

TEST_F(GrpcServerTest, AReadReturnsTheValueAndWhereItCameFrom) {
  pb::GetResponse cold;
  ASSERT_TRUE(Get("username", &cold).ok());
  EXPECT_EQ(cold.value(), "alice");
  EXPECT_EQ(cold.source(), pb::GetResponse::CLOUD);
  grpc::ClientContext again;
  pb::GetResponse warm;
  ASSERT_TRUE(GetIn(again, "username", &warm).ok());
  EXPECT_EQ(warm.name(), "username");
  EXPECT_EQ(warm.source(), pb::GetResponse::MEMORY);
  EXPECT_EQ(warm.generation(), cold.generation());
}

TEST_F(GrpcServerTest, AFailureCarriesItsMeaningAndWhatToType) {
  pb::GetResponse response;
  const grpc::Status status = Get("nothing", &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "there is no credential named nothing");
  EXPECT_EQ(Trailer("libretto-remedy"), "librettoctl cloud credentials list");
}

TEST_F(GrpcServerTest, AMessageOverTheLimitIsRefusedAndTheNextOneServed) {
  pb::UpsertRequest request;
  request.set_name("username");
  request.set_value(std::string(200 * 1024, 'x'));
  pb::UpsertResponse response;
  const auto stub = pb::Credentials::NewStub(channel_);
  EXPECT_EQ(stub->Upsert(&context_, request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  request.set_value(std::string(64 * 1024, 'x'));
  grpc::ClientContext again;
  EXPECT_TRUE(stub->Upsert(&again, request, &response).ok());
  EXPECT_TRUE(response.overwritten());
}

TEST_F(GrpcServerTest, AWriteThroughOneConnectionIsReadThroughAnother) {
  pb::UpdateRequest request;
  request.set_name("username");
  request.set_value("bob");
  pb::UpdateResponse updated;
  grpc::ClientContext writing;
  ASSERT_TRUE(pb::Credentials::NewStub(Connect())
                  ->Update(&writing, request, &updated)
                  .ok());
  pb::GetResponse response;
  ASSERT_TRUE(Get("username", &response).ok());
  EXPECT_EQ(response.value(), "bob");
}

TEST_F(GrpcServerTest, AnUpdateOfNothingIsInvalid) {
  pb::UpdateRequest request;
  request.set_name("username");
  pb::UpdateResponse response;
  EXPECT_EQ(pb::Credentials::NewStub(channel_)
                ->Update(&context_, request, &response)
                .error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(GrpcServerTest, TheListMarksNamesThatBreakTheRule) {
  cloud_.Set("OpenAI_Key", "sk");
  pb::ListResponse response;
  ASSERT_TRUE(
      pb::Credentials::NewStub(channel_)->List(&context_, {}, &response).ok());
  ASSERT_EQ(response.credentials_size(), 2);
  EXPECT_EQ(response.credentials(0).name(), "OpenAI_Key");
  EXPECT_FALSE(response.credentials(0).follows_rule());
  EXPECT_TRUE(response.credentials(1).follows_rule());
  grpc::ClientContext reading;
  pb::GetResponse value;
  ASSERT_TRUE(GetIn(reading, "OpenAI_Key", &value).ok());
  EXPECT_EQ(value.value(), "sk");
}

TEST_F(GrpcServerTest, StatusAnswersFromMemory) {
  pb::StatusResponse response;
  ASSERT_TRUE(
      pb::Agent::NewStub(channel_)->Status(&context_, {}, &response).ok());
  EXPECT_EQ(response.version(), "1.2.3");
  EXPECT_EQ(response.session(), pb::StatusResponse::SIGNED_IN);
  EXPECT_EQ(response.email(), "casey@example.test");
  EXPECT_EQ(response.connections(), 3);
  EXPECT_TRUE(cloud_.requests.empty());
}

TEST_F(GrpcServerTest, ASyncStreamsItsProgressToTheEnd) {
  for (int i = 0; i < 50; ++i) cloud_.Set("c" + std::to_string(i), "v");
  const auto reader = pb::Agent::NewStub(channel_)->Sync(&context_, {});
  pb::SyncProgress progress;
  while (reader->Read(&progress)) {
  }
  ASSERT_TRUE(reader->Finish().ok());
  EXPECT_EQ(progress.known(), 51);
  EXPECT_EQ(progress.done(), 51);
}

TEST_F(GrpcServerTest, ASyncWhoseCallerLeavesEndsAllTheSame) {
  for (int i = 0; i < 50; ++i) cloud_.Set("c" + std::to_string(i), "v");
  {
    grpc::ClientContext leaving;
    const auto reader = pb::Agent::NewStub(channel_)->Sync(&leaving, {});
    leaving.TryCancel();
  }
  pb::GetResponse response;
  EXPECT_TRUE(Get("c49", &response).ok());
}

TEST_F(GrpcServerTest, ACallersOwnKeyActsForThatCallAlone) {
  cloud_.keys["mine"] = "by hand";
  pb::GetRequest request;
  request.set_name("username");
  request.mutable_context()->set_api_key("secret of mine");
  request.mutable_context()->set_api_url(testing::FakeCloud::kUrl);
  const auto stub = pb::Credentials::NewStub(channel_);
  for (int i = 0; i < 2; ++i) {
    grpc::ClientContext context;
    pb::GetResponse response;
    ASSERT_TRUE(stub->Get(&context, request, &response).ok());
    EXPECT_EQ(response.value(), "alice");
    EXPECT_EQ(response.source(), pb::GetResponse::CLOUD);
  }
  EXPECT_EQ(cloud_.Count("Mint"), 0);
}

TEST_F(GrpcServerTest, AnotherCloudThanTheLoginsGetsNoCookie) {
  pb::GetRequest request;
  request.set_name("username");
  request.mutable_context()->set_api_url("https://other.test/");
  pb::GetResponse response;
  const grpc::Status status =
      pb::Credentials::NewStub(channel_)->Get(&context_, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_NE(status.error_message().find("https://other.test"),
            std::string::npos);
  EXPECT_TRUE(cloud_.requests.empty());
}

TEST_F(GrpcServerTest, ABrowserLoginSaysWhatToOpenAndThenWhoItWas) {
  cloud_.browser_login = BrowserLoginState::Kind::kApproved;
  const auto reader =
      pb::Accounts::NewStub(channel_)->BrowserLogin(&context_, {});
  pb::BrowserLoginEvent event;
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.opened().request_id(), "request");
  loop_.Post([this] { profiles_.Tick(); });
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.signed_in().email(), "casey@example.test");
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(GrpcServerTest, ABrowserLoginWhoseCallerLeavesStopsAsking) {
  const auto reader =
      pb::Accounts::NewStub(channel_)->BrowserLogin(&context_, {});
  pb::BrowserLoginEvent event;
  ASSERT_TRUE(reader->Read(&event));
  context_.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // Anything that is answered now was asked before.
  grpc::ClientContext again;
  pb::GetResponse response;
  ASSERT_TRUE(GetIn(again, "username", &response).ok());
  clock_.Advance(std::chrono::seconds(5));
  std::promise<bool> due;
  loop_.Post([this, &due] {
    due.set_value(profiles_.NextDeadline() != std::nullopt &&
                  cloud_.Count("PollBrowserLogin") > 1);
  });
  EXPECT_FALSE(due.get_future().get());
}

TEST_F(GrpcServerTest, TheLeasedKeyIsMarkedInTheList) {
  pb::GetResponse read;
  ASSERT_TRUE(Get("username", &read).ok());
  cloud_.keys["other"] = "laptop";
  grpc::ClientContext listing;
  pb::ListApiKeysResponse keys;
  const auto stub = pb::Accounts::NewStub(channel_);
  ASSERT_TRUE(stub->ListApiKeys(&listing, {}, &keys).ok());
  ASSERT_EQ(keys.keys_size(), 2);
  EXPECT_TRUE(keys.keys(0).leased());
  EXPECT_FALSE(keys.keys(1).leased());
  pb::RevokeApiKeyRequest request;
  request.set_id(keys.keys(0).id());
  pb::RevokeApiKeyResponse revoked;
  grpc::ClientContext revoking;
  ASSERT_TRUE(stub->RevokeApiKey(&revoking, request, &revoked).ok());
  EXPECT_TRUE(revoked.was_leased());
}

TEST_F(GrpcServerTest, StopAnswersBeforeTheEnd) {
  pb::StopResponse response;
  ASSERT_TRUE(
      pb::Agent::NewStub(channel_)->Stop(&context_, {}, &response).ok());
  EXPECT_EQ(response.pid(), getpid());
  EXPECT_TRUE(stop_asked_);
}

TEST_F(GrpcServerTest, EveryCallIsLoggedByMethodAndName) {
  pb::GetResponse response;
  ASSERT_TRUE(Get("username", &response).ok());
  EXPECT_EQ(log_, std::vector<std::string>{"Credentials.Get username"});
}

// The standard services have no generated code in Debian: raw bytes.
TEST_F(GrpcServerTest, HealthSaysServing) {
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(channel_);
  const grpc::Slice nothing("", 0);
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> ended;
  stub.UnaryCall(&context_, "/grpc.health.v1.Health/Check", grpc::StubOptions(),
                 &request, &response, [&ended](grpc::Status status) {
                   ended.set_value(std::move(status));
                 });
  ASSERT_TRUE(ended.get_future().get().ok());
  grpc::Slice bytes;
  ASSERT_TRUE(response.TrySingleSlice(&bytes).ok());
  // HealthCheckResponse{status: SERVING}
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "\x08\x01");
}

TEST_F(GrpcServerTest, ReflectionListsTheServices) {
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto stream = stub.PrepareCall(
      &context_,
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  stream->StartCall(nullptr);
  ASSERT_TRUE(wait());
  // ServerReflectionRequest{list_services: ""}
  const grpc::Slice list_services("\x3a\x00", 2);
  stream->Write(grpc::ByteBuffer(&list_services, 1), nullptr);
  ASSERT_TRUE(wait());
  grpc::ByteBuffer response;
  stream->Read(&response, nullptr);
  ASSERT_TRUE(wait());
  grpc::Slice bytes;
  ASSERT_TRUE(response.DumpToSingleSlice(&bytes).ok());
  const std::string text(bytes.begin(), bytes.end());
  for (const char* service :
       {"libretto.agent.v1.Agent", "libretto.agent.v1.Accounts",
        "libretto.agent.v1.Credentials", "grpc.health.v1.Health"}) {
    EXPECT_NE(text.find(service), std::string::npos) << service;
  }
  context_.TryCancel();
  grpc::Status status;
  stream->Finish(&status, nullptr);
  (void)wait();
  queue.Shutdown();
}

}  // namespace
}  // namespace libretto
