// CliTest: librettoctl's real binary in a home of its own, with echo_agent as
// the libretto-agent that it finds beside itself and starts.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/client/command.h"
#include "tests/temp_dir.h"

namespace libretto::testing {

class CliTest : public ::testing::Test {
 protected:
  // Puts both programs into one folder.
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  // Stops the agent that the test's commands have started.
  void TearDown() override;

  CommandLine Line(const std::vector<std::string>& arguments) const;

  // librettoctl with these arguments.
  Outcome Ctl(const std::vector<std::string>& arguments,
              const std::string& input = {}) const;

  std::string PathOf(const std::string& name) const;
  void Write(const std::string& name, const std::string& text) const;
  // Empty when there is no such file.
  std::string Read(const std::string& name) const;

  TempDir home_;
  // Added to the environment of every command.
  std::vector<std::string> environment_;
  std::string directory_ = home_.path();

 private:
  static TempDir* programs_;
};

}  // namespace libretto::testing
