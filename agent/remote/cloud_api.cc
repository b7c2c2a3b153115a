#include "agent/remote/cloud_api.h"

#include <string_view>
#include <utility>

#include "agent/remote/api_url.h"
#include "base/credential_name.h"

namespace libretto {
namespace {

constexpr std::size_t kMaxForeignMessage = 300;

SecretBytes Header(std::string_view name, std::string_view value) {
  std::string line(name);
  line += ": ";
  line += value;
  return SecretBytes::Take(std::move(line));
}

// The value is somebody's text; JSON has to be UTF-8.
StatusOr<SecretBytes> Serialize(const CloudCall& call) {
  if (!call.body.has_value()) return SecretBytes();
  try {
    SecretBytes text = SecretBytes::Take(call.envelope == Envelope::kOrpc
                                             ? Json{{"json", *call.body}}.dump()
                                             : call.body->dump());
    // The serialiser writes through a buffer on the stack.
    WipeStack();
    return text;
  } catch (const Json::exception&) {
    return Invalid("the value is not UTF-8 text");
  }
}

// What the cloud says went wrong: the first string of the places where its two
// libraries put it (contract 1.1).
std::string ForeignMessage(const Json& body) {
  for (const Json* place :
       {&body,
        body.is_object() && body.contains("json") ? &body["json"] : &body}) {
    if (const auto message = StringAt(*place, "message")) {
      return Printable(*message, kMaxForeignMessage);
    }
  }
  return "";
}

// Which input was not accepted, and why: the first of data.issues (contract
// 1.1), as "email: Invalid email".
std::string FirstIssue(const Json& body) {
  if (!body.is_object() || !body.contains("json")) return "";
  const Json& error = body["json"];
  if (!error.is_object() || !error.contains("data")) return "";
  const Json& data = error["data"];
  if (!data.is_object() || !data.contains("issues")) return "";
  const Json& issues = data["issues"];
  if (!issues.is_array() || issues.empty()) return "";
  std::string text = StringAt(issues[0], "message").value_or("");
  if (issues[0].is_object() && issues[0].contains("path")) {
    const Json& path = issues[0]["path"];
    if (path.is_array() && !path.empty() && path[0].is_string()) {
      text = path[0].get<std::string>() + ": " + text;
    }
  }
  return Printable(text, kMaxForeignMessage);
}

std::string ForeignReason(const Json& body) {
  if (!body.is_object() || !body.contains("json")) return "";
  const Json& error = body["json"];
  if (!error.is_object() || !error.contains("data")) return "";
  std::string reason = StringAt(error["data"], "reason").value_or("");
  for (const char c : reason) {
    if ((c < 'a' || c > 'z') && c != '_') return "";
  }
  return reason;
}

Status WrongCloud(const CloudCall& call, const std::string& what) {
  return WithRemedy(
      Offline(Printable(call.api_url) + " " + what + " for " + call.path),
      "check LIBRETTO_API_URL");
}

Status DeniedBy(const std::string& text) {
  if (text != "Email not verified") return Denied(text);
  return WithRemedy(
      Denied("the account's e-mail address is not verified yet"),
      "follow the link in the mail (librettoctl cloud auth login sends it "
      "again)");
}

Status ErrorFrom(const CloudCall& call, const HttpResponse& response) {
  const std::string code = std::to_string(response.status);
  const auto body = ParseJson(response.body.Reveal());
  std::string foreign = body.ok() ? ForeignMessage(*body) : "";
  const std::string issue = body.ok() ? FirstIssue(*body) : "";
  if (!issue.empty()) foreign += " (" + issue + ")";
  const std::string text =
      foreign.empty() ? call.path + " failed (" + code + ")" : foreign;
  switch (response.status) {
    case 400:
    case 413:
    case 422:
      return Invalid(text);
    case 401:
      return Unauthenticated(text);
    case 403:
      return DeniedBy(text);
    case 404:
      if (foreign.empty()) return WrongCloud(call, "does not answer (404)");
      return NotFound(text);
    case 409:
      return WithReason(Conflict(text), body.ok() ? ForeignReason(*body) : "");
    case 429:
      return Throttled("the cloud asks to wait: " + text,
                       std::max(response.retry_after, std::chrono::seconds(1)));
    default:
      break;
  }
  if (response.retry_after.count() > 0) {
    return Throttled("the cloud asks to wait: " + text, response.retry_after);
  }
  if (response.status >= 300 && response.status < 400) {
    return WrongCloud(call, "answers with a redirect, which is not followed,");
  }
  return Offline("the cloud failed: " + text);
}

StatusOr<Json> ParseSuccess(const CloudCall& call,
                            const HttpResponse& response) {
  if (response.body.empty()) return Json::object();
  StatusOr<Json> json = ParseJson(response.body.Reveal(), call.limits);
  if (!json.ok()) {
    return WrongCloud(call, "answers something that is not its JSON (" +
                                Message(json.status()) + ")");
  }
  // An answer without the envelope is taken as it is (contract 1.1).
  if (call.envelope == Envelope::kOrpc && json->is_object() &&
      json->contains("json")) {
    return std::move((*json)["json"]);
  }
  return json;
}

StatusOr<CloudAnswer> Interpret(const CloudCall& call, HttpResponse response) {
  if (response.status < 200 || response.status >= 300) {
    return ErrorFrom(call, response);
  }
  if (call.raw) {
    return CloudAnswer{Json(), std::move(response.set_cookies),
                       std::move(response.body)};
  }
  StatusOr<Json> json = ParseSuccess(call, response);
  if (!json.ok()) return json.status();
  return CloudAnswer{*std::move(json), std::move(response.set_cookies),
                     SecretBytes()};
}

}  // namespace

CloudCall& CloudCall::As(const ApiKey& key) {
  credential = Header("x-api-key", key.text.Reveal());
  return *this;
}

CloudCall& CloudCall::As(const SessionCookie& cookie) {
  credential = Header("Cookie", cookie.text.Reveal());
  return *this;
}

CloudCall& CloudCall::As(const Principal& principal) {
  std::visit([this](const auto& secret) { As(secret); }, principal);
  return *this;
}

void CloudApi::Send(CloudCall call, Done<CloudAnswer> done) {
  HttpRequest request;
  StatusOr<SecretBytes> body = Serialize(call);
  Status sendable = body.ok() ? CheckApiUrl(call.api_url) : body.status();
  if (!sendable.ok()) {
    return http_.Refuse(std::move(sendable),
                        [done = std::move(done)](Status why) mutable {
                          std::move(done)(std::move(why));
                        });
  }
  request.method = call.method;
  request.url = call.api_url + call.path;
  request.body = *std::move(body);
  request.max_response_bytes = call.limits.max_bytes;
  request.total_timeout = call.total_timeout;
  request.headers.push_back(Header("Content-Type", "application/json"));
  request.headers.push_back(Header("Accept", "application/json"));
  request.headers.push_back(Header("Origin", call.api_url));
  if (call.credential.has_value()) {
    request.headers.push_back(*std::move(call.credential));
    call.credential.reset();
  }
  call.body.reset();
  http_.Send(std::move(request),
             [call = std::move(call),
              done = std::move(done)](StatusOr<HttpResponse> response) mutable {
               if (!response.ok()) return std::move(done)(response.status());
               std::move(done)(Interpret(call, *std::move(response)));
             });
}

Status NotInContract(const std::string& api_url, const char* route) {
  return WithRemedy(Offline(Printable(api_url) + " answers " + route +
                            " without what it has to contain"),
                    "check LIBRETTO_API_URL");
}

}  // namespace libretto
