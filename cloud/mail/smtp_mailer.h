// A Mailer that hands each mail to a mail server (SMTP, RFC 5321). To any but
// a loopback address only over TLS with a checked certificate. Blocks for up
// to half a minute: see MailQueue. One thread at a time.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/secret.h"
#include "cloud/core/mailer.h"
#include "cloud/mail/message.h"

namespace libretto::cloud {

struct SmtpOptions {
  // smtp://[USER@]HOST[:PORT], which begins TLS by STARTTLS, or smtps://.
  std::string url;
  SecretBytes password;  // empty: does not log in
  std::string ca_file;   // PEM; empty: the system's
  Sender sender;
};

class SmtpMailer final : public Mailer {
 public:
  // `clock` outlives this. Invalid() for a URL that is not as above.
  static StatusOr<std::unique_ptr<SmtpMailer>> Open(SmtpOptions options,
                                                    const Clock& clock);
  ~SmtpMailer() override;
  SmtpMailer(const SmtpMailer&) = delete;
  SmtpMailer& operator=(const SmtpMailer&) = delete;

  // Offline() when another try may help, Denied() when the server refused the
  // mail or us for good.
  Status Send(const Mail& mail) override;

 private:
  struct Server;

  SmtpMailer(SmtpOptions options, std::unique_ptr<Server> server,
             const Clock& clock);

  const SmtpOptions options_;
  const std::unique_ptr<Server> server_;
  const Clock& clock_;
};

}  // namespace libretto::cloud
