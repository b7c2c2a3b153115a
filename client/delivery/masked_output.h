// MaskedOutput: what a command writes, on its way to where it would have gone.
// Nothing here blocks: who reads slowly slows the command down, as a pipe does.
// Not thread-safe.
#pragma once

#include <poll.h>

#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/unique_fd.h"
#include "client/delivery/masker.h"

namespace libretto {

class MaskedOutput {
 public:
  // A beginning of a value is held back for as long as this after the last
  // byte.
  static constexpr std::chrono::milliseconds kQuiet{50};

  // `from` does not block; `to` is not ours.
  MaskedOutput(UniqueFd from, int to, const Masker& masker);

  // Nothing comes any more and everything is written.
  bool over() const { return !from_.valid() && unwritten_.empty(); }
  // Nothing comes any more.
  bool closed() const { return !from_.valid(); }

  // What to wait for, and what to do then; in pairs.
  void Want(std::vector<pollfd>& wanted) const;
  void Go();
  std::optional<Deadline> flush_at() const { return flush_at_; }

  // Writes all that has come so far, and waits for that.
  void WriteAll();

 private:
  void Read();
  void Write();
  void FlushIfQuiet();

  UniqueFd from_;
  const int to_;
  const std::size_t most_at_once_;
  Masker::Stream stream_;
  std::string unwritten_;
  std::optional<Deadline> flush_at_;
};

}  // namespace libretto
