#include "tests/client/cli_fixture.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace libretto::testing {

TempDir* CliTest::programs_ = nullptr;

void CliTest::SetUpTestSuite() {
  programs_ = new TempDir();
  std::filesystem::copy_file(LIBRETTOCTL, programs_->path() + "/librettoctl");
  std::filesystem::create_symlink(ECHO_AGENT,
                                  programs_->path() + "/libretto-agent");
}

void CliTest::TearDownTestSuite() {
  delete programs_;
  programs_ = nullptr;
}

void CliTest::TearDown() { Ctl({"agent", "stop"}); }

CommandLine CliTest::Line(const std::vector<std::string>& arguments) const {
  CommandLine line;
  line.arguments = {programs_->path() + "/librettoctl"};
  line.arguments.insert(line.arguments.end(), arguments.begin(),
                        arguments.end());
  line.environment = environment_;
  // Behind it: of two that share a name, the first counts.
  line.environment.insert(line.environment.end(),
                          {"HOME=" + home_.path(), "PATH=/usr/bin:/bin"});
  line.directory = directory_;
  return line;
}

Outcome CliTest::Ctl(const std::vector<std::string>& arguments,
                     const std::string& input) const {
  CommandLine line = Line(arguments);
  line.input = input;
  return RunOnPipes(line);
}

std::string CliTest::PathOf(const std::string& name) const {
  return home_.path() + "/" + name;
}

void CliTest::Write(const std::string& name, const std::string& text) const {
  const std::filesystem::path path = PathOf(name);
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

std::string CliTest::Read(const std::string& name) const {
  std::ifstream in(PathOf(name));
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace libretto::testing
