// A mail as it travels (RFC 5322, MIME multipart/alternative): its text, and
// the HTML made from it. Any thread.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/errors.h"
#include "cloud/core/mailer.h"

namespace libretto::cloud {

// How the parts are written.
enum class MailEncoding {
  kEightBit,  // as they are: a link stays in one piece on a line of its own
  kBase64,    // for servers that take ASCII alone
};

// Who a mail comes from.
class Sender {
 public:
  // "a@example.com" or "Name <a@example.com>", in printable ASCII.
  static StatusOr<Sender> Parse(std::string_view text);

  const std::string& address() const { return address_; }
  // With the name: for the From header.
  const std::string& header() const { return header_; }
  std::string Domain() const;

 private:
  Sender() = default;

  std::string address_;
  std::string header_;
};

// Invalid() when a header's text has anything but printable ASCII, which is
// how a header would be smuggled in, or a line of the text is longer than 998
// bytes.
StatusOr<std::string> MessageText(const Mail& mail, const Sender& sender,
                                  WallTime now, MailEncoding encoding);

}  // namespace libretto::cloud
