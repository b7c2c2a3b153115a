#include "client/commands/app.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/credential_name.h"
#include "client/commands/json_object.h"
#include "client/commands/output.h"
#include "client/commands/passphrase.h"
#include "client/commands/text.h"
#include "client/commands/verbs.h"

namespace libretto {
namespace {

constexpr std::string_view kProgram = "librettoctl";
constexpr std::string_view kProfile = "--profile";

// What the arguments ask for.
struct Request {
  const VerbEntry* verb = nullptr;
  std::string path;               // the words of the verb found so far
  std::string unknown;            // the word that leads to no verb
  std::vector<std::string> rest;  // options from before and after the verb
  std::vector<std::string> command;
};

bool LeadsTo(const VerbEntry& entry, std::string_view path) {
  return entry.path == path ||
         (entry.path.starts_with(path) && entry.path[path.size()] == ' ');
}

const VerbEntry* VerbAt(std::string_view path) {
  for (const VerbEntry& entry : Verbs()) {
    if (entry.path == path) return &entry;
  }
  return nullptr;
}

bool IsGroup(std::string_view path) {
  return std::any_of(
      Verbs().begin(), Verbs().end(),
      [path](const VerbEntry& entry) { return LeadsTo(entry, path); });
}

// The words that may follow `path`.
std::vector<std::string_view> WordsAfter(std::string_view path) {
  std::vector<std::string_view> words;
  for (const VerbEntry& entry : Verbs()) {
    std::string_view rest = entry.path;
    if (!path.empty()) {
      if (!LeadsTo(entry, path) || entry.path == path) continue;
      rest.remove_prefix(path.size() + 1);
    }
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (words.empty() || words.back() != word) words.push_back(word);
  }
  return words;
}

// Options may stand before the verb. Of those that all verbs share only
// --profile takes a value; the other words among them are the verb's.
Request Understand(const std::vector<std::string>& arguments) {
  Request request;
  auto at = arguments.begin();
  for (; at != arguments.end() && request.verb == nullptr; ++at) {
    if (*at == "--") break;
    if (at->starts_with('-')) {
      request.rest.push_back(*at);
      if (*at == kProfile && at + 1 != arguments.end()) {
        request.rest.push_back(*++at);
      }
      continue;
    }
    std::string longer = request.path;
    if (!longer.empty()) longer += ' ';
    longer += *at;
    if (!IsGroup(longer)) {
      request.unknown = *at;
      return request;
    }
    request.path = std::move(longer);
    request.verb = VerbAt(request.path);
  }
  auto end = arguments.end();
  if (request.verb != nullptr && request.verb->takes_command) {
    const auto dashes = std::find(at, end, "--");
    if (dashes != end) request.command.assign(dashes + 1, end);
    end = dashes;
  }
  request.rest.insert(request.rest.end(), at, end);
  return request;
}

std::string GroupHelp(std::string_view path) {
  std::string help = "Usage: " + std::string(kProgram);
  if (!path.empty()) help += " " + std::string(path);
  help += " VERB [OPTIONS]\n\n";
  std::vector<std::vector<std::string>> rows;
  std::string_view example;
  for (const VerbEntry& entry : Verbs()) {
    if (!path.empty() && !LeadsTo(entry, path)) continue;
    if (example.empty() || entry.takes_command) example = entry.example;
    rows.push_back(
        {"  " + std::string(entry.path), std::string(entry.summary)});
  }
  help += Columns(rows);
  help +=
      "\nOptions of every verb: --help, --no-start (never start an agent), "
      "--json,\n--profile NAME (one of several accounts side by side).\n";
  help += "Example: " + std::string(example) + "\n";
  return help;
}

int Report(const Status& status, ExitCode code) {
  if (status.code() == StatusCode::kCancelled) {
    Note(Message(status));
  } else {
    PrintError(status);
  }
  return static_cast<int>(code);
}

// Whoever types the remedy means the same account.
Status ForProfile(const Status& status, const std::string& profile) {
  // Other verbs are for all accounts.
  constexpr std::string_view kOfAccounts = "librettoctl cloud ";
  if (profile.empty()) return status;
  const std::string option = std::string(kProfile) + " " + Printable(profile);
  std::string remedy = Remedy(status);
  for (std::size_t at = remedy.find(kOfAccounts); at != std::string::npos;
       at = remedy.find(kOfAccounts, at + 1)) {
    remedy.insert(at + kProgram.size() + 1, option + " ");
  }
  return remedy.empty() ? status : WithRemedy(status, remedy);
}

int Usage(const Status& status) { return Report(status, ExitCode::kUsage); }

bool Contains(const std::vector<std::string>& words, std::string_view a,
              std::string_view b) {
  return std::any_of(words.begin(), words.end(), [a, b](const auto& word) {
    return word == a || word == b;
  });
}

// No verb: help that was asked for, or what is wrong.
int WithoutVerb(const Request& request) {
  const std::string help = std::string(kProgram) + " " + request.path +
                           (request.path.empty() ? "--help" : " --help");
  if (!request.unknown.empty()) {
    const std::string_view nearest =
        Nearest(request.unknown, WordsAfter(request.path));
    std::string remedy = help;
    if (!nearest.empty()) {
      remedy = std::string(kProgram) + " " + request.path +
               (request.path.empty() ? "" : " ") + std::string(nearest);
    }
    return Usage(WithRemedy(
        Invalid("there is no verb \"" + Printable(request.unknown) + "\"" +
                (request.path.empty() ? "" : " under " + request.path)),
        remedy));
  }
  const bool wants_help = Contains(request.rest, "--help", "-h");
  if (request.path.empty() && Contains(request.rest, "--version", "-V")) {
    const Status written = WriteOut("librettoctl " LIBRETTO_VERSION "\n");
    return written.ok() ? 0 : Report(written, ExitCodeOf(written));
  }
  if (wants_help || request.path == "help") {
    const Status written = WriteOut(
        GroupHelp(request.path == "help" ? std::string() : request.path));
    return written.ok() ? 0 : Report(written, ExitCodeOf(written));
  }
  if (!request.rest.empty()) {
    return Usage(
        WithRemedy(Invalid("the option " + Printable(request.rest.front()) +
                           " needs a verb"),
                   help));
  }
  WriteErr(GroupHelp(request.path));
  return static_cast<int>(ExitCode::kUsage);
}

// "--option=" gives the option an empty value; CLI11 would give it the next
// argument.
std::vector<std::string> WithEmptyValues(
    const std::vector<std::string>& arguments) {
  std::vector<std::string> split;
  for (const std::string& argument : arguments) {
    const bool is_empty = argument.starts_with("--") && argument.size() > 3 &&
                          argument.find('=') == argument.size() - 1;
    split.push_back(is_empty ? argument.substr(0, argument.size() - 1)
                             : argument);
    if (is_empty) split.emplace_back();
  }
  return split;
}

// Parses what follows the verb; an exit code when that settles the matter.
std::optional<int> Parse(const Request& request, Verb& verb, Context& context) {
  const std::string name =
      std::string(kProgram) + " " + std::string(request.verb->path);
  CLI::App app(std::string(request.verb->summary) + ".", name);
  app.footer("\nExample: " + std::string(request.verb->example));
  app.add_flag("--no-start", context.no_start,
               "Fail when no agent runs instead of starting one");
  app.add_option(std::string(kProfile), context.profile,
                 "Act for this one of the accounts side by side");
  if (request.verb->has_json) {
    app.add_flag("--json", context.json, "Print data as JSON");
  }
  verb.Define(app);
  for (const std::string& argument : request.rest) {
    if (IsUtf8(argument)) continue;
    return Usage(
        Invalid("an argument is not UTF-8 text: " + Printable(argument)));
  }
  std::vector<std::string> reversed = WithEmptyValues(request.rest);
  std::reverse(reversed.begin(), reversed.end());
  try {
    app.parse(reversed);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    const Status written = WriteOut(app.help());
    return written.ok() ? 0 : Report(written, ExitCodeOf(written));
  } catch (const CLI::ParseError& error) {
    return Usage(WithRemedy(Invalid(error.what()), name + " --help"));
  }
}

}  // namespace

int RunCommandLine(std::vector<std::string> arguments) {
  // `help VERB` is `VERB --help`, unless it is a verb itself.
  if (arguments.size() > 1 && arguments[0] == "help" &&
      !IsGroup("help " + arguments[1])) {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  const Request request = Understand(arguments);
  if (request.verb == nullptr) return WithoutVerb(request);
  for (bool unlocked = false;; unlocked = true) {
    const std::unique_ptr<Verb> verb = request.verb->make();
    Context context;
    context.command = request.command;
    const std::optional<int> settled = Parse(request, *verb, context);
    if (settled.has_value()) return *settled;
    Status status = verb->Run(context);
    if (status.code() == StatusCode::kFailedPrecondition && !unlocked) {
      status = UnlockOnTerminal(context, status);
      if (status.ok()) continue;
    }
    if (status.ok()) return 0;
    return Report(ForProfile(status, context.profile), verb->CodeFor(status));
  }
}

}  // namespace libretto
