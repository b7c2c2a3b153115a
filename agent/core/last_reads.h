// LastReads: who was the last to get each credential, as far as this agent
// remembers; the audit log has the rest. Bounded: beyond the limit the oldest
// go.
//
// Loop thread only.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "agent/core/caller.h"
#include "base/clock.h"

namespace libretto {

class LastReads {
 public:
  static constexpr std::size_t kMaxNames = 4096;

  struct Read {
    Caller caller;
    WallTime at;
  };

  explicit LastReads(const Clock& clock) : clock_(clock) {}

  void Note(const std::string& name, const Caller& caller);

  // Null when it is not known.
  const Read* Of(const std::string& name) const;

 private:
  const Clock& clock_;
  std::map<std::string, Read> reads_;
};

}  // namespace libretto
