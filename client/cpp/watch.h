// Watch: one call of Client::WatchCredentials(). It begins anew when the
// connection has ended, and reports only what differs from what it has reported
// before. One thread.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/secret.h"
#include "client/transport/agent_client.h"
#include "libretto/client.h"

namespace libretto {

class Watch {
 public:
  Watch(std::vector<std::string> names,
        const std::function<void(CredentialChange)>& on_change,
        std::stop_token stop);

  std::optional<AgentError> Run();

 private:
  // Until the connection ends. OK when it did so in peace.
  Status Follow();
  void Report(WatchEvent event);
  // Before the next connection; longer from time to time.
  void Pause();

  const std::vector<std::string> names_;
  const std::function<void(CredentialChange)>& on_change_;
  const std::stop_token stop_;
  // What has been reported; nothing for what does not exist.
  std::map<std::string, std::optional<SecretBytes>> known_;
  bool settled_ = false;
  std::chrono::milliseconds pause_;
  std::exception_ptr thrown_;  // by on_change_
};

}  // namespace libretto
