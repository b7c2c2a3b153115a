// Which Mailer the command line asks for. Any thread.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "cloud/core/mailer.h"

namespace libretto::cloud {

struct MailOptions {
  std::string url;            // outbox:DIR, smtp://... or smtps://...
  std::string from;           // empty: no-reply@localhost, for an outbox alone
  std::string password_file;  // 0600
  std::string ca_file;
};

struct OpenedMailer {
  std::unique_ptr<Mailer> mailer;
  // Whether sending takes so long that nobody should wait for it.
  bool is_slow = false;
};

// `clock` outlives what is returned.
StatusOr<OpenedMailer> OpenMailer(const MailOptions& options,
                                  const Clock& clock);

}  // namespace libretto::cloud
