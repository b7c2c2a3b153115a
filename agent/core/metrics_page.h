// The metrics page: what `agent status` tells, as text in Prometheus'
// exposition format (version 0.0.4), for every profile. Names of credentials
// and accounts are not in it.
//
// Loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/core/profiles.h"

namespace libretto {

// What only the process as a whole knows.
struct ProcessNumbers {
  std::string version;
  TimePoint started;
  std::size_t connections = 0;
  std::int64_t resident_bytes = 0;
};

std::string MetricsPage(const Profiles& profiles, const Clock& clock,
                        const ProcessNumbers& process);

}  // namespace libretto
