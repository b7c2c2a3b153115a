#include "client/delivery/by_descriptor.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace libretto {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

Status Fill(int fd, std::string_view value) {
  while (!value.empty()) {
    const ssize_t count = write(fd, value.data(), value.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FromErrno(errno, "cannot write a memfd");
    value.remove_prefix(static_cast<std::size_t>(count));
  }
  if (fchmod(fd, 0400) != 0 || fcntl(fd, F_ADD_SEALS, kSeals) != 0) {
    return FromErrno(errno, "cannot seal a memfd");
  }
  // Whoever reads the descriptor itself, and not its path, begins here.
  if (lseek(fd, 0, SEEK_SET) != 0) {
    return FromErrno(errno, "cannot rewind a memfd");
  }
  return OkStatus();
}

}  // namespace

void SetFileVariable(const std::string& variable, const std::string& path,
                     Environment& environment) {
  environment.Remove(variable);
  environment.Set(variable + "_FILE", path);
}

Status DeliverByDescriptor(const std::vector<Delivered>& credentials,
                           Environment& environment) {
  std::vector<UniqueFd> opened;
  for (const auto& [variable, name, value] : credentials) {
    // Without MFD_CLOEXEC: the command inherits it.
    UniqueFd fd(memfd_create("libretto", MFD_ALLOW_SEALING));
    if (!fd.valid()) return FromErrno(errno, "cannot make a memfd");
    const Status filled = Fill(fd.get(), value.Reveal());
    if (!filled.ok()) return filled;
    SetFileVariable(variable, "/proc/self/fd/" + std::to_string(fd.get()),
                    environment);
    opened.push_back(std::move(fd));
  }
  for (UniqueFd& fd : opened) (void)fd.Release();
  return OkStatus();
}

}  // namespace libretto
