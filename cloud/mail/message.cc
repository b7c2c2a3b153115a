#include "cloud/mail/message.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include "base/credential_name.h"
#include "base/seal.h"
#include "cloud/core/tokens.h"
#include "cloud/mail/html.h"

namespace libretto::cloud {
namespace {

constexpr std::size_t kMaxLineBytes = 998;    // RFC 5322, 2.1.1
constexpr std::size_t kBase64LineBytes = 57;  // 76 characters: RFC 2045, 6.8
constexpr std::size_t kMaxShownAddress = 256;

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c < 0x7f; });
}

// strftime() would speak the language of the locale.
std::string DateOf(WallTime now) {
  static constexpr std::array<const char*, 7> kDays = {
      "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun",
      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d +0000",
      kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
      kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900,
      utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text.data(), static_cast<std::size_t>(length)};
}

StatusOr<std::string> EightBit(std::string_view text) {
  std::string body;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.size() > kMaxLineBytes) {
      return Invalid("a line of the mail is too long");
    }
    body += line;
    body += "\r\n";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return body;
}

std::string AsBase64(std::string_view text) {
  std::string body;
  for (; !text.empty();
       text.remove_prefix(std::min(text.size(), kBase64LineBytes))) {
    body += Base64(text.substr(0, kBase64LineBytes)) + "\r\n";
  }
  return body;
}

StatusOr<std::string> Part(std::string_view type, std::string_view text,
                           MailEncoding encoding) {
  // Checked in either form: what one server passes on, the next may not.
  StatusOr<std::string> body = EightBit(text);
  if (!body.ok()) return body;
  const bool as_base64 = encoding == MailEncoding::kBase64;
  return "Content-Type: " + std::string(type) +
         "; charset=utf-8\r\n"
         "Content-Transfer-Encoding: " +
         (as_base64 ? "base64" : "8bit") + "\r\n\r\n" +
         (as_base64 ? AsBase64(*body) : *body);
}

std::string Header(std::string_view name, std::string_view value) {
  return std::string(name) + ": " + std::string(value) + "\r\n";
}

bool IsMailbox(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at != std::string_view::npos && at != 0 && at + 1 < address.size() &&
         address.find_first_of(" <>,;:\"\\()") == std::string_view::npos &&
         address.find('@') == at;
}

}  // namespace

StatusOr<Sender> Sender::Parse(std::string_view text) {
  Sender sender;
  sender.header_ = text;
  const std::size_t open = text.find('<');
  const bool has_name = open != std::string_view::npos && text.ends_with('>');
  if (has_name) text = text.substr(open + 1, text.size() - open - 2);
  sender.address_ = text;
  if (!IsPrintableAscii(sender.header_) || !IsMailbox(text)) {
    return WithRemedy(Invalid("mails cannot come from " +
                              Printable(sender.header_, kMaxShownAddress)),
                      "--mail-from 'Libretto Cloud <no-reply@example.com>'");
  }
  return sender;
}

std::string Sender::Domain() const {
  return address_.substr(address_.rfind('@') + 1);
}

StatusOr<std::string> MessageText(const Mail& mail, const Sender& sender,
                                  WallTime now, MailEncoding encoding) {
  if (!IsPrintableAscii(mail.to) || !IsPrintableAscii(mail.subject)) {
    return Invalid("a header of the mail is not printable ASCII");
  }
  const StatusOr<std::string> text = Part("text/plain", mail.text, encoding);
  if (!text.ok()) return text.status();
  const StatusOr<std::string> html =
      Part("text/html", HtmlOf(mail.subject, mail.text), encoding);
  if (!html.ok()) return html.status();
  const std::string boundary = RandomAlphanumeric(32);
  return Header("From", sender.header()) + Header("To", mail.to) +
         Header("Subject", mail.subject) + Header("Date", DateOf(now)) +
         Header("Message-ID",
                "<" + RandomAlphanumeric(32) + "@" + sender.Domain() + ">") +
         // No answer from a machine to a machine (RFC 3834).
         Header("Auto-Submitted", "auto-generated") +
         Header("MIME-Version", "1.0") +
         Header("Content-Type", "multipart/alternative; boundary=" + boundary) +
         "\r\n--" + boundary + "\r\n" + *text + "\r\n--" + boundary + "\r\n" +
         *html + "\r\n--" + boundary + "--\r\n";
}

}  // namespace libretto::cloud
