#include "cloud/http/http_message.h"

#include <algorithm>
#include <optional>

#include "base/secret.h"
#include "cloud/core/text.h"

namespace libretto::cloud {
namespace {

std::string FormDecoded(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return PercentDecoded(spaced);
}

// Calls `take(name, value)` for each pair until it returns false.
template <typename Take>
void EachPair(std::string_view form, Take&& take) {
  while (!form.empty()) {
    const std::size_t end = form.find('&');
    const std::string_view pair = form.substr(0, end);
    form.remove_prefix(end == std::string_view::npos ? form.size() : end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view value = equals == std::string_view::npos
                                       ? std::string_view()
                                       : pair.substr(equals + 1);
    if (!take(FormDecoded(pair.substr(0, equals)), FormDecoded(value))) return;
  }
}

}  // namespace

std::string_view HttpRequest::Header(std::string_view name) const {
  const auto header =
      std::find_if(headers.begin(), headers.end(),
                   [name](const auto& entry) { return entry.first == name; });
  return header == headers.end() ? std::string_view() : header->second;
}

HttpResponse JsonResponse(int status, const JsonOut& body) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("content-type", "application/json");
  // A stored name may hold what is not UTF-8 to this library; an answer with a
  // replacement character is better than none.
  response.body = body.dump(-1, ' ', /*ensure_ascii=*/false,
                            JsonOut::error_handler_t::replace);
  // The serialiser writes through a buffer on the stack.
  WipeStack();
  return response;
}

HttpResponse Redirect(std::string location) {
  HttpResponse response;
  response.status = 302;
  response.headers.emplace_back("location", std::move(location));
  return response;
}

std::string WithParameter(std::string url, std::string_view parameter) {
  const std::size_t end = std::min(url.find('#'), url.size());
  const bool has_query = url.find('?') < end;
  url.insert(end, (has_query ? "&" : "?") + std::string(parameter));
  return url;
}

std::string QueryParameter(std::string_view query, std::string_view name) {
  std::string found;
  EachPair(query, [&](const std::string& key, std::string&& value) {
    if (key != name) return true;
    found = std::move(value);
    return false;
  });
  return found;
}

Json FormAsJson(std::string_view form) {
  Json object = Json::object();
  EachPair(form, [&](const std::string& key, std::string&& value) {
    object.emplace(key, std::move(value));
    return true;
  });
  // nlohmann keeps any bytes and checks them when it writes.
  return Json::parse(
      object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace libretto::cloud
