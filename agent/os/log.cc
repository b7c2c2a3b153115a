#include "agent/os/log.h"

#include <fcntl.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "base/files.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
constexpr std::size_t kOlderFiles = 2;

}  // namespace

Status StartLog(const std::string& level, const std::string& file) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (file.empty()) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    Status made = EnsurePrivateDirectory(ParentOf(file));
    if (!made.ok()) return Annotate(made, "cannot keep a log");
    try {
      // spdlog opens it without that, and anew at every rotation.
      spdlog::file_event_handlers handlers;
      handlers.after_open = [](const spdlog::filename_t&, std::FILE* opened) {
        fcntl(fileno(opened), F_SETFD, FD_CLOEXEC);
      };
      sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
          file, kMaxFileBytes, kOlderFiles, false, handlers);
    } catch (const spdlog::spdlog_ex&) {
      return Denied("cannot write the log " + file);
    }
  }
  auto logger = std::make_shared<spdlog::logger>("agent", std::move(sink));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  return OkStatus();
}

}  // namespace libretto
