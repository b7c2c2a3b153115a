#include "cloud/mail/message.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include "base/seal.h"

namespace libretto::cloud {
namespace {

constexpr std::size_t kMaxLineBytes = 998;  // RFC 5322, 2.1.1
constexpr char kFrom[] = "Libretto Cloud <no-reply@localhost>";

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

StatusOr<std::string> BodyOf(std::string_view text) {
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

}  // namespace

StatusOr<std::string> MessageText(const Mail& mail, WallTime now) {
  if (!IsPrintableAscii(mail.to) || !IsPrintableAscii(mail.subject)) {
    return Invalid("a header of the mail is not printable ASCII");
  }
  StatusOr<std::string> body = BodyOf(mail.text);
  if (!body.ok()) return body;
  return "From: " + std::string(kFrom) +
         "\r\n"
         "To: " +
         mail.to +
         "\r\n"
         "Subject: " +
         mail.subject +
         "\r\n"
         "Date: " +
         DateOf(now) +
         "\r\n"
         "Message-ID: <" +
         RandomAlphanumeric(32) +
         "@localhost>\r\n"
         "MIME-Version: 1.0\r\n"
         "Content-Type: text/plain; charset=utf-8\r\n"
         "Content-Transfer-Encoding: 8bit\r\n"
         "\r\n" +
         *body;
}

}  // namespace libretto::cloud
