// How long commands take from start to exit, one after the other, round by
// round, so that what disturbs one disturbs all.
//
//   bench_spawn ROUNDS <LINES
//
// A line is what a command is called, the file that it reads, and the command's
// words, with tabs between them. Prints one line of JSON: for each, its times
// in microseconds, in the order of the rounds.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <sstream>
#include <string>

#include "tests/bench/timing.h"

namespace libretto::bench {
namespace {

struct Command {
  std::string name;
  std::string input;
  std::vector<std::string> words;
  std::vector<double> micros;
};

std::vector<Command> ReadCommands() {
  std::vector<Command> commands;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream fields(line);
    Command command;
    std::getline(fields, command.name, '\t');
    std::getline(fields, command.input, '\t');
    for (std::string word; std::getline(fields, word, '\t');) {
      command.words.push_back(word);
    }
    if (command.words.empty()) std::exit(64);
    commands.push_back(command);
  }
  return commands;
}

// What is set up here is not timed.
double Run(Command& command) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, command.input.c_str(),
                                   O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY,
                                   0);
  std::vector<char*> argv;
  for (std::string& word : command.words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const Clock::time_point begin = Clock::now();
  pid_t child = -1;
  int how = 1;
  if (posix_spawnp(&child, argv[0], &files, nullptr, argv.data(), environ) !=
          0 ||
      waitpid(child, &how, 0) < 0 || how != 0) {
    std::fprintf(stderr, "bench_spawn: %s failed\n", command.name.c_str());
    std::exit(1);
  }
  const double micros = MicrosSince(begin);
  posix_spawn_file_actions_destroy(&files);
  return micros;
}

void Print(const std::vector<Command>& commands) {
  const char* before = "{";
  for (const Command& command : commands) {
    std::printf("%s\"%s\": [", before, command.name.c_str());
    const char* comma = "";
    for (const double micros : command.micros) {
      std::printf("%s%.1f", comma, micros);
      comma = ", ";
    }
    std::printf("]");
    before = ", ";
  }
  std::printf("}\n");
}

}  // namespace
}  // namespace libretto::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bench_spawn ROUNDS <LINES\n", stderr);
    return 64;
  }
  const int rounds = libretto::bench::NumberOrExit(argv[1]);
  auto commands = libretto::bench::ReadCommands();
  for (int round = -2; round < rounds; ++round) {
    for (auto& command : commands) {
      const double micros = libretto::bench::Run(command);
      if (round >= 0) command.micros.push_back(micros);
    }
  }
  libretto::bench::Print(commands);
}
