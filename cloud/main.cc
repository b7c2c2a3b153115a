// libretto-cloud: reads the command line, builds every object in the order of
// their lifetimes, serves until SIGTERM or SIGINT.
#include <signal.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/files.h"
#include "base/key_page.h"
#include "base/notify_systemd.h"
#include "base/process.h"
#include "cloud/core/accounts.h"
#include "cloud/core/api_keys.h"
#include "cloud/core/cli_logins.h"
#include "cloud/core/credentials.h"
#include "cloud/core/invitations.h"
#include "cloud/core/master_key.h"
#include "cloud/core/one_time_tokens.h"
#include "cloud/core/organizations.h"
#include "cloud/core/password_reset.h"
#include "cloud/core/passwords.h"
#include "cloud/core/rate_limiter.h"
#include "cloud/core/sessions.h"
#include "cloud/http/origins.h"
#include "cloud/http/router.h"
#include "cloud/http/routes.h"
#include "cloud/http/server.h"
#include "cloud/http/session_cookie.h"
#include "cloud/mail/mail_queue.h"
#include "cloud/mail/mailers.h"
#include "cloud/store/soci_store.h"

namespace libretto::cloud {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 64;

struct Options {
  std::string listen = "127.0.0.1:8080";
  std::string database;
  MailOptions mail;
  std::string base_url;
  std::string key_file;
  bool behind_tls_proxy = false;
};

void LogMailFailure(const Status& failure) {
  spdlog::error("mail not sent: {}", Message(failure));
}

// Writes the failures of another mailer to the log: a sign-up does not fail
// for its mail, so nobody else would hear of them.
class LoggedMailer final : public Mailer {
 public:
  explicit LoggedMailer(Mailer& mailer) : mailer_(mailer) {}

  Status Send(const Mail& mail) override {
    Status sent = mailer_.Send(mail);
    if (!sent.ok()) LogMailFailure(sent);
    return sent;
  }

 private:
  Mailer& mailer_;
};

int Complain(const Status& status) {
  std::fprintf(stderr, "libretto-cloud: %s\n", Message(status).c_str());
  const std::string remedy = Remedy(status);
  if (!remedy.empty()) std::fprintf(stderr, "  try: %s\n", remedy.c_str());
  return kFailed;
}

StatusOr<std::string> KeyFileOf(const Options& options,
                                const DatabaseUrl& database) {
  if (!options.key_file.empty()) return options.key_file;
  if (database.kind == DatabaseUrl::Kind::kSqlite) {
    return database.target + ".key";
  }
  return WithRemedy(
      Invalid("with PostgreSQL it has to be said where the key lies that "
              "seals credential values"),
      "libretto-cloud serve ... --key-file /var/lib/libretto-cloud/key");
}

// Who reads it opens what the database seals. Of what it hands over systemd
// sees to it itself, with access lists that look like a readable file.
Status CheckKeyFile(const std::string& path) {
  const char* const credentials = getenv("CREDENTIALS_DIRECTORY");
  if (credentials != nullptr && *credentials != '\0' &&
      path.starts_with(std::string(credentials) + "/")) {
    return OkStatus();
  }
  return CheckReadableByOwnerAlone(path);
}

StatusOr<ListenAddress> ListenAddressOf(const Options& options) {
  StatusOr<ListenAddress> address = ListenAddress::Parse(options.listen);
  if (!address.ok() || address->is_loopback || options.behind_tls_proxy) {
    return address;
  }
  return WithRemedy(
      Denied(options.listen +
             " can be reached from other machines, and this server speaks "
             "plain HTTP: passwords would cross the network readable"),
      "put a TLS proxy in front and add --behind-tls-proxy, or listen on "
      "127.0.0.1:8080");
}

std::string UrlOf(const ListenAddress& address, std::uint16_t port) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  return "http://" + (is_ipv6 ? "[" + address.host + "]" : address.host) + ":" +
         std::to_string(port);
}

void LogAccess(const AccessRecord& record) {
  spdlog::info("request id={} method={} path={} status={} us={}", record.id,
               record.method, record.path, record.status, record.took.count());
  if (!record.failure.empty()) {
    spdlog::error("failure id={} why={}", record.id, record.failure);
  }
}

void KeepHouse(ApiKeys& api_keys, Store& store, const Clock& clock) {
  KeyPage::Get().Shield();
  const Status written = api_keys.WriteUses();
  if (!written.ok()) spdlog::error("key uses: {}", Message(written));
  const Status removed = store.RemoveExpired(NowOf(clock));
  if (!removed.ok()) spdlog::error("expired rows: {}", Message(removed));
}

void WaitForSignal(const sigset_t& signals) {
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) {
  }
  spdlog::info("stopping signal={}", signal);
}

// Before the first thread, so that all threads inherit it: these signals are
// taken by sigwait() alone.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// A PostgreSQL that does not answer must not hold a request for ever. Through
// libpq's variables, because they also hold for connections made anew; what the
// user has set wins.
void BoundPostgresWaits() {
  setenv("PGCONNECT_TIMEOUT", "5", /*overwrite=*/0);
  setenv("PGOPTIONS",
         "-c statement_timeout=8000 -c client_min_messages=warning",
         /*overwrite=*/0);
}

Status Serve(const Options& options) {
  const sigset_t signals = BlockSignals();
  BoundPostgresWaits();
  const SystemClock clock;

  const StatusOr<ListenAddress> address = ListenAddressOf(options);
  if (!address.ok()) return address.status();
  const StatusOr<DatabaseUrl> database = DatabaseUrl::Parse(options.database);
  if (!database.ok()) return database.status();
  const StatusOr<std::string> key_file = KeyFileOf(options, *database);
  if (!key_file.ok()) return key_file.status();
  Status private_key = CheckKeyFile(*key_file);
  if (!private_key.ok()) return private_key;
  const StatusOr<KeyPage*> key_page = KeyPage::Prepare();
  if (!key_page.ok()) return key_page.status();
  const StatusOr<OpenedMailer> opened = OpenMailer(options.mail, clock);
  if (!opened.ok()) return opened.status();

  const auto store = SociStore::Open(*database);
  if (!store.ok()) return store.status();
  const StatusOr<MasterKey> key = MasterKey::Open(*key_file, **store);
  if (!key.ok()) return key.status();

  const auto server = HttpServer::Listen(*address);
  if (!server.ok()) return server.status();
  const std::string here = UrlOf(*address, (*server)->port());
  const std::string base_url =
      options.base_url.empty() ? here : options.base_url;
  const StatusOr<TrustedOrigins> origins = TrustedOrigins::For(base_url);
  if (!origins.ok()) return origins.status();

  std::optional<MailQueue> queue;
  if (opened->is_slow) queue.emplace(*opened->mailer, clock, LogMailFailure);
  LoggedMailer mailer(queue.has_value() ? *queue : *opened->mailer);
  const Passwords passwords{PasswordCost()};
  const SessionCookie cookie(key->CookieKey(), base_url.starts_with("https:"));
  Sessions sessions(**store, clock);
  OneTimeTokens tokens(**store, clock);
  Accounts accounts({.store = **store,
                     .mailer = mailer,
                     .sessions = sessions,
                     .tokens = tokens,
                     .passwords = passwords,
                     .clock = clock,
                     .base_url = base_url});
  PasswordReset password_reset({.store = **store,
                                .mailer = mailer,
                                .tokens = tokens,
                                .passwords = passwords,
                                .clock = clock,
                                .base_url = base_url});
  CliLogins cli_logins(
      {.store = **store, .sessions = sessions, .clock = clock});
  Organizations organizations(**store, clock);
  Invitations invitations({.store = **store,
                           .mailer = mailer,
                           .accounts = accounts,
                           .clock = clock,
                           .base_url = base_url});
  ApiKeys api_keys(**store, clock);
  Credentials credentials(**store, clock, key->SealingKey());
  RateLimiter limiter(clock);
  const Router router({.sessions = sessions,
                       .api_keys = api_keys,
                       .cookie = cookie,
                       .origins = *origins,
                       .limiter = limiter,
                       // TLS ends in a proxy, or nowhere.
                       .behind_proxy = options.behind_tls_proxy ||
                                       base_url.starts_with("https:")},
                      AllRoutes({.accounts = accounts,
                                 .password_reset = password_reset,
                                 .cli_logins = cli_logins,
                                 .organizations = organizations,
                                 .invitations = invitations,
                                 .sessions = sessions,
                                 .api_keys = api_keys,
                                 .credentials = credentials,
                                 .clock = clock,
                                 .cookie = cookie,
                                 .origins = *origins}));

  (*server)->Start(router, LogAccess, [&] {
    KeepHouse(api_keys, **store, clock);
    if (queue.has_value()) queue->Tick();
  });
  std::printf("libretto-cloud: listening on %s\n", here.c_str());
  std::fflush(stdout);
  NotifySystemd("READY=1");
  WaitForSignal(signals);
  NotifySystemd("STOPPING=1");
  (*server)->Stop();
  return api_keys.WriteUses();
}

int Run(int argc, char** argv) {
  Options options;
  CLI::App app(
      "A self-hostable server of the Libretto Cloud API: accounts, API keys "
      "and credentials.",
      "libretto-cloud");
  app.set_version_flag("--version", LIBRETTO_VERSION);
  app.require_subcommand(1);
  app.failure_message([](const CLI::App* /*app*/, const CLI::Error& error) {
    return std::string("libretto-cloud: ") + error.what() +
           "\n  try: libretto-cloud --help\n";
  });
  CLI::App* const serve = app.add_subcommand(
      "serve",
      "Serve over plain HTTP until SIGTERM or Ctrl-C.\n"
      "Example: libretto-cloud serve --db sqlite:cloud.db --mail outbox:mail");
  serve
      ->add_option("--listen", options.listen,
                   "Address to listen on, HOST:PORT; port 0 takes a free one")
      ->capture_default_str();
  serve
      ->add_option("--db", options.database,
                   "sqlite:PATH, or postgresql://[USER@]HOST[:PORT]/NAME")
      ->required();
  serve
      ->add_option("--mail", options.mail.url,
                   "outbox:DIR: each mail becomes a .eml file in DIR; or "
                   "smtp://[USER@]HOST[:PORT], with STARTTLS, or smtps://...")
      ->required();
  serve->add_option("--mail-from", options.mail.from,
                    "Whom mails come from: 'NAME <ADDRESS>'; needed for smtp");
  serve->add_option("--mail-password-file", options.mail.password_file,
                    "File (0600) with the password of USER on its first line");
  serve->add_option("--mail-ca-file", options.mail.ca_file,
                    "Certificates (PEM) to check the mail server's against "
                    "(default: the system's)");
  serve->add_option("--base-url", options.base_url,
                    "URL under which clients reach this server (default: "
                    "http://HOST:PORT); https makes cookies secure");
  serve->add_option("--key-file", options.key_file,
                    "File of the key that seals credential values, made when "
                    "the database is new (default: PATH of SQLite + .key)");
  serve->add_flag("--behind-tls-proxy", options.behind_tls_proxy,
                  "Allow an address that other machines reach: TLS ends in a "
                  "proxy in front");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  const Status served = Serve(options);
  return served.ok() ? 0 : Complain(served);
}

}  // namespace
}  // namespace libretto::cloud

int main(int argc, char** argv) {
  if (argc > 0) libretto::EnsureCleanLoad(argv);
  libretto::HardenProcess();
  umask(077);
  try {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("libretto-cloud"));
    return libretto::cloud::Run(argc, argv);
  } catch (...) {
    std::fputs("libretto-cloud: out of memory or an internal error\n", stderr);
    return libretto::cloud::kFailed;
  }
}
