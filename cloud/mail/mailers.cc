#include "cloud/mail/mailers.h"

#include <string_view>
#include <utility>

#include "base/files.h"
#include "cloud/mail/message.h"
#include "cloud/mail/outbox.h"
#include "cloud/mail/smtp_mailer.h"

namespace libretto::cloud {
namespace {

constexpr std::string_view kOutboxScheme = "outbox:";
constexpr std::size_t kMaxPasswordBytes = 1'024;

StatusOr<SecretBytes> PasswordIn(const std::string& path) {
  if (path.empty()) return SecretBytes();
  Status is_private = CheckReadableByOwnerAlone(path);
  if (!is_private.ok()) return is_private;
  StatusOr<SecretBytes> content = ReadFile(path, kMaxPasswordBytes);
  if (!content.ok()) return content;
  std::string_view text = content->Reveal();
  text = text.substr(0, text.find_first_of("\r\n"));
  if (text.empty()) {
    return WithRemedy(Invalid(path + " holds no password"),
                      "put it on the first line of that file");
  }
  return SecretBytes::CopyOf(text);
}

StatusOr<OpenedMailer> OpenOutbox(const MailOptions& options,
                                  const Clock& clock) {
  StatusOr<Sender> sender =
      Sender::Parse(options.from.empty() ? "Libretto Cloud <no-reply@localhost>"
                                         : options.from);
  if (!sender.ok()) return sender.status();
  StatusOr<Outbox> outbox = Outbox::Open(
      options.url.substr(kOutboxScheme.size()), *std::move(sender), clock);
  if (!outbox.ok()) return outbox.status();
  return OpenedMailer{std::make_unique<Outbox>(*std::move(outbox))};
}

StatusOr<OpenedMailer> OpenSmtp(const MailOptions& options,
                                const Clock& clock) {
  if (options.from.empty()) {
    return WithRemedy(
        Invalid("a mail server wants to know whom mails come from"),
        "--mail-from 'Libretto Cloud <no-reply@example.com>'");
  }
  StatusOr<Sender> sender = Sender::Parse(options.from);
  if (!sender.ok()) return sender.status();
  StatusOr<SecretBytes> password = PasswordIn(options.password_file);
  if (!password.ok()) return password.status();
  auto mailer = SmtpMailer::Open({.url = options.url,
                                  .password = *std::move(password),
                                  .ca_file = options.ca_file,
                                  .sender = *std::move(sender)},
                                 clock);
  if (!mailer.ok()) return mailer.status();
  return OpenedMailer{.mailer = *std::move(mailer), .is_slow = true};
}

}  // namespace

StatusOr<OpenedMailer> OpenMailer(const MailOptions& options,
                                  const Clock& clock) {
  const std::string& url = options.url;
  if (url.starts_with(kOutboxScheme) && url.size() > kOutboxScheme.size()) {
    return OpenOutbox(options, clock);
  }
  if (url.starts_with("smtp://") || url.starts_with("smtps://")) {
    return OpenSmtp(options, clock);
  }
  return WithRemedy(Invalid("--mail is neither outbox:DIR nor smtp://HOST"),
                    "--mail outbox:/var/lib/libretto-cloud/outbox");
}

}  // namespace libretto::cloud
