// Explain(): whether a read of a credential would succeed at this moment, and
// which rule decides that. It looks at what the agent knows and asks nobody, so
// its answer may be that the cloud will decide.
//
// Loop thread only.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/broker.h"
#include "agent/core/last_reads.h"
#include "agent/core/profile.h"
#include "base/clock.h"

namespace libretto {

struct Explanation {
  enum class Verdict { kYes, kNo, kCloudDecides };
  // In the order in which they are asked; the first that settles it. Who comes
  // through a scope that does not reach the name gets no further than that.
  enum class Rule { kName, kScope, kLock, kSession, kCache, kList, kCloud };

  std::string name;  // as the rule for names has it
  Verdict verdict = Verdict::kCloudDecides;
  Rule rule = Rule::kCloud;
  Status why_not;                            // with kNo: what a read would say
  std::optional<Credential::Source> source;  // with kYes
  std::optional<std::chrono::milliseconds> age;  // of the value that is held
  std::optional<LastReads::Read> last_read;
};

Explanation Explain(const Profile& profile, std::string_view name,
                    const Clock& clock);

}  // namespace libretto
