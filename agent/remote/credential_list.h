// The answer to /v1/credentials/list, read straight into what the core wants.
// A tenant may have ten thousand credentials, and the loop that serves
// everybody waits meanwhile: a tree of them would take three times as long and
// ten times the memory. Any thread.
#pragma once

#include <string_view>
#include <vector>

#include "agent/core/remote.h"
#include "base/errors.h"

namespace libretto {

inline constexpr std::size_t kMaxListBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxListed = 100'000;

// With or without the envelope (contract 1.1). Invalid() for what is not
// well-formed, lacks an id or a name, or is over a limit; members that are not
// known are passed over. The message never quotes the text.
StatusOr<std::vector<CredentialInfo>> ParseCredentialList(
    std::string_view text);

}  // namespace libretto
