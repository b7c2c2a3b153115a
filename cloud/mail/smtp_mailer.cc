#include "cloud/mail/smtp_mailer.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace libretto::cloud {
namespace {

constexpr long kConnectSeconds = 10;
constexpr long kTransferSeconds = 30;

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") &&
          host.find_first_not_of("0123456789.") == std::string_view::npos);
}

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string PartOf(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_URLDECODE) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

std::size_t Read(char* to, std::size_t size, std::size_t count, void* from) {
  auto& rest = *static_cast<std::string_view*>(from);
  const std::size_t taken = std::min(size * count, rest.size());
  std::memcpy(to, rest.data(), taken);
  rest.remove_prefix(taken);
  return taken;
}

// What a server says for good (5xx, but for those that mean "not now") and
// what no other try would change.
bool IsFinal(CURLcode result, long reply) {
  if (result == CURLE_PEER_FAILED_VERIFICATION ||
      result == CURLE_USE_SSL_FAILED || result == CURLE_LOGIN_DENIED ||
      result == CURLE_SSL_CACERT_BADFILE) {
    return true;
  }
  return reply >= 500 && reply < 600;
}

}  // namespace

struct SmtpMailer::Server {
  explicit Server(CURL* easy) : handle(easy) {}
  ~Server() { curl_easy_cleanup(handle); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  CURL* const handle;
  std::string name;  // for messages
};

StatusOr<std::unique_ptr<SmtpMailer>> SmtpMailer::Open(SmtpOptions options,
                                                       const Clock& clock) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  LIBRETTO_CHECK(initialised == CURLE_OK);
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  const Status malformed =
      WithRemedy(Invalid("--mail is not of the form smtp://[USER@]HOST[:PORT]"),
                 "--mail smtp://mailer@mail.example.com:587");
  if (curl_url_set(url.get(), CURLUPART_URL, options.url.c_str(),
                   CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
      PartOf(url.get(), CURLUPART_PATH) != "/" ||
      !PartOf(url.get(), CURLUPART_QUERY).empty()) {
    return malformed;
  }
  if (!PartOf(url.get(), CURLUPART_PASSWORD).empty()) {
    return WithRemedy(Denied("a password in --mail is seen by every user of "
                             "this machine in the process list"),
                      "--mail-password-file PATH");
  }
  const std::string user = PartOf(url.get(), CURLUPART_USER);
  if (user.empty() != options.password.empty()) {
    return WithRemedy(Invalid("logging in to the mail server needs a user and "
                              "a password"),
                      "--mail smtp://USER@HOST:587 --mail-password-file PATH");
  }
  const std::string host = PartOf(url.get(), CURLUPART_HOST);
  curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);

  auto server = std::make_unique<Server>(curl_easy_init());
  CURL* const handle = server->handle;
  LIBRETTO_CHECK(handle != nullptr);
  server->name = host;
  curl_easy_setopt(handle, CURLOPT_URL,
                   PartOf(url.get(), CURLUPART_URL).c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  // On loopback nobody listens, and what stands there (Debian's Postfix, say)
  // offers a certificate that no one can check.
  curl_easy_setopt(handle, CURLOPT_USE_SSL,
                   IsLoopback(host) ? CURLUSESSL_NONE : CURLUSESSL_ALL);
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  if (!options.ca_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_file.c_str());
  }
  if (!user.empty()) {
    curl_easy_setopt(handle, CURLOPT_USERNAME, user.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD,
                     std::string(options.password.Reveal()).c_str());
  }
  curl_easy_setopt(handle, CURLOPT_PROXY, "");  // none from the environment
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT, kTransferSeconds);
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, Read);
  return std::unique_ptr<SmtpMailer>(
      new SmtpMailer(std::move(options), std::move(server), clock));
}

SmtpMailer::SmtpMailer(SmtpOptions options, std::unique_ptr<Server> server,
                       const Clock& clock)
    : options_(std::move(options)), server_(std::move(server)), clock_(clock) {}

SmtpMailer::~SmtpMailer() = default;

Status SmtpMailer::Send(const Mail& mail) {
  const StatusOr<std::string> text = MessageText(
      mail, options_.sender, clock_.WallNow(), MailEncoding::kBase64);
  if (!text.ok()) return text.status();
  CURL* const handle = server_->handle;
  const std::string from = "<" + options_.sender.address() + ">";
  curl_easy_setopt(handle, CURLOPT_MAIL_FROM, from.c_str());
  curl_slist* const recipients =
      curl_slist_append(nullptr, ("<" + mail.to + ">").c_str());
  curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients);
  std::string_view rest = *text;
  curl_easy_setopt(handle, CURLOPT_READDATA, &rest);
  const CURLcode result = curl_easy_perform(handle);
  curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, nullptr);
  curl_easy_setopt(handle, CURLOPT_READDATA, nullptr);
  curl_slist_free_all(recipients);
  if (result == CURLE_OK) return OkStatus();

  long reply = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply);
  // Not the server's own words, which may quote the mail's.
  std::string why = "the mail server " + server_->name +
                    " did not take it: " + curl_easy_strerror(result);
  if (reply != 0) why += " (it said " + std::to_string(reply) + ")";
  return IsFinal(result, reply) ? Denied(why) : Offline(why);
}

}  // namespace libretto::cloud
