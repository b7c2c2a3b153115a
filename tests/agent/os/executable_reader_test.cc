#include "agent/os/executable_reader.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "agent/os/sandbox.h"
#include "base/unique_fd.h"

namespace libretto {
namespace {

std::string ThisProgram() {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size))
                  : "";
}

// Whether `check` holds in a process that has a reader.
bool Holds(const std::function<bool(ExecutableReader&)>& check) {
  const pid_t child = fork();
  if (child == 0) {
    StatusOr<ExecutableReader> reader = ExecutableReader::Start();
    _exit(reader.ok() && check(*reader) ? 0 : 1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0;
}

// The reader of this process, which has no other child.
pid_t ReaderOfThisProcess() {
  std::ifstream children("/proc/self/task/" + std::to_string(getpid()) +
                         "/children");
  pid_t pid = 0;
  children >> pid;
  return pid;
}

TEST(ExecutableReaderTest, AnswersFromWithinTheSandbox) {
  EXPECT_TRUE(Holds([](ExecutableReader& reader) {
    const std::string expected = ThisProgram();
    const pid_t outside = getppid();
    return EnterSandbox({}).ok() && reader.ExecutableOf(outside) == expected;
  }));
}

TEST(ExecutableReaderTest, KnowsNothingOfWhoIsNotThere) {
  EXPECT_TRUE(Holds([](ExecutableReader& reader) {
    const std::string self = ThisProgram();
    return reader.ExecutableOf(INT_MAX).empty() &&
           reader.ExecutableOf(0).empty() && reader.ExecutableOf(-1).empty() &&
           reader.ExecutableOf(getpid()) == self;
  }));
}

TEST(ExecutableReaderTest, WithoutAnAnswerItDoesWithout) {
  EXPECT_TRUE(Holds([](ExecutableReader& reader) {
    const pid_t pid = ReaderOfThisProcess();
    kill(pid, SIGSTOP);
    const bool late = reader.ExecutableOf(getppid()).empty();
    kill(pid, SIGCONT);
    // The late answer is not taken for that to the next question.
    const bool right = reader.ExecutableOf(getpid()) == ThisProgram() &&
                       reader.ExecutableOf(INT_MAX).empty();
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return late && right && reader.ExecutableOf(getpid()).empty();
  }));
}

TEST(ExecutableReaderTest, LooksLikeNoAgentAndHoldsNothingOpen) {
  EXPECT_TRUE(Holds([](ExecutableReader& reader) {
    const UniqueFd file(open("/dev/null", O_RDONLY));
    if (reader.ExecutableOf(getpid()).empty()) return false;
    const std::string proc = "/proc/" + std::to_string(ReaderOfThisProcess());
    std::ifstream line(proc + "/cmdline");
    const std::string title{std::istreambuf_iterator<char>(line), {}};
    return title.starts_with("libretto-agent: names") &&
           access((proc + "/fd/3").c_str(), F_OK) == 0 &&
           access((proc + "/fd/0").c_str(), F_OK) != 0 &&
           access((proc + "/fd/4").c_str(), F_OK) != 0;
  }));
}

TEST(ExecutableReaderTest, EndsWithItsAgent) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    StatusOr<ExecutableReader> reader = ExecutableReader::Start();
    const pid_t pid = reader.ok() ? ReaderOfThisProcess() : 0;
    _exit(write(ends[1], &pid, sizeof(pid)) == sizeof(pid) ? 0 : 1);
  }
  pid_t pid = 0;
  ASSERT_EQ(read(ends[0], &pid, sizeof(pid)),
            static_cast<ssize_t>(sizeof(pid)));
  ASSERT_GT(pid, 0);
  waitpid(child, nullptr, 0);
  // Its socket has ended with the other end; nobody else has one.
  while (kill(pid, 0) == 0) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(stat), {}};
    if (text.find(") Z ") != std::string::npos) break;
  }
}

}  // namespace
}  // namespace libretto
