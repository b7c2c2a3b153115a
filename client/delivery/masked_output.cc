#include "client/delivery/masked_output.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <utility>

namespace libretto {
namespace {

// The command waits when this much has not been written.
constexpr std::size_t kEnough = std::size_t{64} << 10;
// What a terminal takes without blocking once it says that it is writable.
constexpr std::size_t kTerminalBytes = 256;

bool IsReady(int fd, short what) {
  pollfd about{fd, what, 0};
  return poll(&about, 1, 0) > 0;
}

}  // namespace

MaskedOutput::MaskedOutput(UniqueFd from, int to, const Masker& masker)
    : from_(std::move(from)),
      to_(to),
      most_at_once_(isatty(to) == 1 ? kTerminalBytes : PIPE_BUF),
      stream_(masker) {}

void MaskedOutput::Want(std::vector<pollfd>& wanted) const {
  if (!unwritten_.empty()) wanted.push_back({to_, POLLOUT, 0});
  if (from_.valid() && unwritten_.size() < kEnough) {
    wanted.push_back({from_.get(), POLLIN, 0});
  }
}

void MaskedOutput::Go() {
  Read();
  FlushIfQuiet();
  Write();
}

void MaskedOutput::Read() {
  std::array<char, 16384> buffer{};
  while (from_.valid() && unwritten_.size() < kEnough) {
    const ssize_t count = read(from_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {  // EIO is a terminal's end
      from_.Reset();
      unwritten_ += stream_.Flush();
      flush_at_.reset();
      return;
    }
    unwritten_ +=
        stream_.Feed({buffer.data(), static_cast<std::size_t>(count)});
    flush_at_.reset();
    if (stream_.holds()) flush_at_ = In(kQuiet);
  }
}

void MaskedOutput::FlushIfQuiet() {
  if (!flush_at_.has_value() || Remaining(*flush_at_).count() > 0) return;
  unwritten_ += stream_.Flush();
  flush_at_.reset();
}

void MaskedOutput::Write() {
  while (!unwritten_.empty() && IsReady(to_, POLLOUT)) {
    const std::string_view part =
        std::string_view(unwritten_).substr(0, most_at_once_);
    const ssize_t count = write(to_, part.data(), part.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count < 0) {
      // Nobody reads any more: let the command find that out as it would have.
      from_.Reset();
      unwritten_.clear();
      flush_at_.reset();
      return;
    }
    unwritten_.erase(0, static_cast<std::size_t>(count));
  }
}

void MaskedOutput::WriteAll() {
  Read();
  unwritten_ += stream_.Flush();
  flush_at_.reset();
  while (!unwritten_.empty()) {
    pollfd about{to_, POLLOUT, 0};
    poll(&about, 1, -1);
    Write();
  }
}

}  // namespace libretto
