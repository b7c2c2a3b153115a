// echo_agent: an agent for the command's own tests. A stock grpc++ server that
// speaks the agent's API over a Unix socket, with an account and credentials
// out of thin air; started as the real one is:
//
//   libretto-agent serve --ready-fd N --log-file FILE
//
// Names of credentials that stand for a failure are in kFailures. What each
// account call said of its caller is in $HOME/callers. A word in $HOME/start
// tells it to fail at starting. What it was started with is in $HOME/started.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "base/paths.h"
#include "libretto/agent/v1/agent.grpc.pb.h"
#include "libretto/agent/v1/credentials.grpc.pb.h"
#include "tests/client/echo_accounts.h"
#include "tests/client/echo_scopes.h"

namespace {

namespace api = libretto::agent::v1;
using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;

struct Failure {
  StatusCode code;
  std::string message;
  std::string remedy;
  std::string wait;
};

const std::map<std::string, Failure> kFailures = {
    {"denied", {StatusCode::PERMISSION_DENIED, "policy says no", "", ""}},
    {"locked",
     {StatusCode::FAILED_PRECONDITION, "the agent is locked",
      "librettoctl unlock", ""}},
    {"nobody",
     {StatusCode::UNAUTHENTICATED, "nobody is logged in",
      "librettoctl cloud auth login", ""}},
    {"offline", {StatusCode::UNAVAILABLE, "the cloud is away", "", ""}},
    {"slow", {StatusCode::DEADLINE_EXCEEDED, "the cloud is slow", "", ""}},
    {"throttled", {StatusCode::RESOURCE_EXHAUSTED, "too often", "", "7"}},
    {"corrupt", {StatusCode::DATA_LOSS, "does not open", "", ""}},
    {"hostile", {StatusCode::INTERNAL, "\x1b[31mred\nline two", "", ""}},
};

// What `run` is told of a scope depends on these; --all is not to ask for them.
const std::set<std::string> kNotListed = {"hidden", "crowded", "scoped"};

Status Fail(ServerContext* context, const Failure& failure) {
  if (!failure.remedy.empty()) {
    context->AddTrailingMetadata("libretto-remedy", failure.remedy);
  }
  if (!failure.wait.empty()) {
    context->AddTrailingMetadata("libretto-wait", failure.wait);
  }
  return {failure.code, failure.message};
}

Status NotFound(const std::string& name) {
  return {StatusCode::NOT_FOUND, "there is no credential " + name};
}

class Credentials final : public api::Credentials::Service {
 public:
  Status Get(ServerContext* context, const api::GetRequest* request,
             api::GetResponse* reply) override {
    const std::lock_guard lock(mutex_);
    if (kFailures.contains(request->name())) {
      return Fail(context, kFailures.at(request->name()));
    }
    if (!values_.contains(request->name())) return NotFound(request->name());
    reply->set_name(request->name());
    reply->set_value(values_[request->name()]);
    reply->set_use_only(request->name() == "hidden");
    if (request->attribute() == api::GetRequest::OTP) {
      if (request->name() != "seed") {
        return {StatusCode::INVALID_ARGUMENT, "its value is no seed"};
      }
      reply->set_value("123456");
    }
    const bool stale = request->name() == "old";
    reply->set_source(stale ? api::GetResponse::STALE
                            : api::GetResponse::MEMORY);
    reply->set_age_ms(90'000);
    // What it was asked for can be seen in the answer.
    if (request->has_max_age_ms()) reply->set_age_ms(request->max_age_ms());
    if (request->fresh()) reply->set_source(api::GetResponse::CLOUD);
    reply->set_generation(1);
    return Status::OK;
  }

  Status List(ServerContext*, const api::ListRequest*,
              api::ListResponse* reply) override {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, value] : values_) {
      if (kNotListed.contains(name)) continue;
      auto* item = reply->add_credentials();
      item->set_id("id-of-" + name);
      item->set_name(name);
      item->set_created_at("2026-01-01T00:00:00.000Z");
      item->set_updated_at("2026-01-02T00:00:00.000Z");
      item->set_follows_rule(name != "Bad Name");
      item->set_cached(name == "username");
    }
    return Status::OK;
  }

  Status Create(ServerContext*, const api::CreateRequest* request,
                api::CreateResponse* reply) override {
    const std::lock_guard lock(mutex_);
    if (!values_.emplace(request->name(), request->value()).second) {
      return {StatusCode::ABORTED, "the name is taken"};
    }
    reply->set_id("id-of-" + request->name());
    reply->set_name(request->name());
    return Status::OK;
  }

  Status Update(ServerContext*, const api::UpdateRequest* request,
                api::UpdateResponse* reply) override {
    const std::lock_guard lock(mutex_);
    if (!values_.contains(request->name())) return NotFound(request->name());
    std::string value = values_[request->name()];
    if (request->has_value()) value = request->value();
    const std::string& name =
        request->has_new_name() ? request->new_name() : request->name();
    values_.erase(request->name());
    values_[name] = value;
    reply->set_id("id-of-" + name);
    reply->set_name(name);
    return Status::OK;
  }

  Status Delete(ServerContext*, const api::DeleteRequest* request,
                api::DeleteResponse* reply) override {
    const std::lock_guard lock(mutex_);
    if (values_.erase(request->name()) == 0) return NotFound(request->name());
    reply->set_name(request->name());
    return Status::OK;
  }

  Status Upsert(ServerContext* context, const api::UpsertRequest* request,
                api::UpsertResponse* reply) override {
    const std::lock_guard lock(mutex_);
    if (kFailures.contains(request->name())) {
      return Fail(context, kFailures.at(request->name()));
    }
    reply->set_overwritten(values_.contains(request->name()));
    values_[request->name()] = request->value();
    reply->set_id("id-of-" + request->name());
    reply->set_name(request->name());
    return Status::OK;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> values_ = {
      {"Bad Name", "bad"},
      {"username", "alice"},
      {"password", "p w"},
      {"dotted.name", "dots"},
      {"nul", std::string("a\0b", 3)},
      {"old", "stale value"},
      {"binary", "\xff"},
      {"hidden", "not to be shown"},
      {"crowded", "c"},
      {"scoped", "s"},
      {"seed", "JBSWY3DPEHPK3PXP"},
      {"large", std::string(64 << 10, 'L')}};
};

class Agent final : public api::Agent::Service {
 public:
  explicit Agent(std::string socket) : socket_(std::move(socket)) {}

  grpc::Status Status(ServerContext*, const api::StatusRequest*,
                      api::StatusResponse* reply) override {
    reply->set_version("echo");
    reply->set_pid(getpid());
    reply->set_socket(socket_);
    reply->set_uptime_s(3661);
    reply->set_session(api::StatusResponse::SIGNED_IN);
    reply->set_email("casey@example.com");
    reply->set_key(api::StatusResponse::LEASED);
    reply->set_credentials(8);
    return grpc::Status::OK;
  }

  grpc::Status Sync(ServerContext*, const api::SyncRequest*,
                    grpc::ServerWriter<api::SyncProgress>* writer) override {
    for (int done = 0; done <= 3; ++done) {
      api::SyncProgress progress;
      progress.set_total(3);
      progress.set_done(done);
      progress.set_known(5);
      progress.set_dropped(1);
      writer->Write(progress);
    }
    return grpc::Status::OK;
  }

  grpc::Status Stop(ServerContext*, const api::StopRequest*,
                    api::StopResponse* reply) override {
    reply->set_pid(getpid());
    stop_.set_value();
    return grpc::Status::OK;
  }

  void WaitForStop() { stop_.get_future().wait(); }

 private:
  const std::string socket_;
  std::promise<void> stop_;
};

void Report(int fd, const std::string& text) {
  (void)!write(fd, text.data(), text.size());
  close(fd);
}

void WriteDown(const std::string& file, int argc, char** argv) {
  std::ofstream out(file);
  for (int i = 1; i < argc; ++i) out << "argument " << argv[i] << "\n";
  char directory[4096];
  out << "directory " << getcwd(directory, sizeof(directory)) << "\n";
  out << "pid " << getpid() << "\nsession " << getsid(0) << "\n";
  for (int fd = 0; fd < 64; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) out << "descriptor " << fd << "\n";
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    out << "environment " << *entry << "\n";
  }
}

int Serve(const libretto::Paths& paths, int ready_fd) {
  mkdir(paths.state_dir.c_str(), 0700);
  mkdir((paths.state_dir + "/run").c_str(), 0700);
  const int lock =
      open(paths.lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    Report(ready_fd, "an agent is already running\n");
    return 1;
  }
  Credentials credentials;
  libretto::testing::Callers callers(paths.home + "/callers");
  libretto::testing::Accounts accounts(callers);
  libretto::testing::Scopes scopes;
  Agent agent(paths.socket);
  unlink(paths.socket.c_str());
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + paths.socket,
                           grpc::InsecureServerCredentials());
  builder.RegisterService(&credentials);
  builder.RegisterService(&accounts);
  builder.RegisterService(&agent);
  builder.RegisterService(&scopes);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    Report(ready_fd, "cannot listen\n");
    return 1;
  }
  const std::string line = paths.socket + "\n";
  (void)!write(lock, line.data(), line.size());
  Report(ready_fd, "ready\n");
  agent.WaitForStop();
  server->Shutdown();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto paths = libretto::PathsFromEnvironment();
  if (!paths.ok() || argc < 4) return 1;
  const int ready_fd = std::stoi(argv[3]);
  WriteDown(paths->home + "/started", argc, argv);
  // Nothing may outlive its test, whatever happens to that.
  alarm(120);
  std::string mode;
  std::ifstream(paths->home + "/start") >> mode;
  if (mode == "die") return 1;
  if (mode == "hang") pause();
  if (mode == "refuse") {
    Report(ready_fd, "the state folder is not yours\nchmod 0700 it\n");
    return 1;
  }
  return Serve(*paths, ready_fd);
}
