#include "agent/core/last_reads.h"

#include <algorithm>

namespace libretto {

void LastReads::Note(const std::string& name, const Caller& caller) {
  reads_[name] = {caller, clock_.WallNow()};
  if (reads_.size() <= kMaxNames) return;
  reads_.erase(std::min_element(
      reads_.begin(), reads_.end(),
      [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
}

const LastReads::Read* LastReads::Of(const std::string& name) const {
  const auto found = reads_.find(name);
  return found == reads_.end() ? nullptr : &found->second;
}

}  // namespace libretto
