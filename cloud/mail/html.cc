#include "cloud/mail/html.h"

#include <algorithm>
#include <vector>

namespace libretto::cloud {
namespace {

constexpr std::string_view kIndent = "    ";

std::vector<std::string_view> Split(std::string_view text,
                                    std::string_view separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    if (end != 0) parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + separator.size());
  }
  return parts;
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

bool IsLink(std::string_view paragraph) {
  return (paragraph.starts_with("https://") ||
          paragraph.starts_with("http://")) &&
         paragraph.find_first_of(" \n") == std::string_view::npos;
}

std::string Paragraph(std::string_view paragraph) {
  if (IsLink(paragraph)) {
    const std::string url = Escaped(paragraph);
    return "<p><a href=\"" + url + "\">\n" + url + "</a></p>\n";
  }
  const std::vector<std::string_view> lines = Split(paragraph, "\n");
  const bool as_typed = std::all_of(
      lines.begin(), lines.end(),
      [](std::string_view line) { return line.starts_with(kIndent); });
  std::string html = as_typed ? "<pre>" : "<p>";
  for (const std::string_view line : lines) {
    html += Escaped(as_typed ? line.substr(kIndent.size()) : line) + "\n";
  }
  html.pop_back();
  return html + (as_typed ? "</pre>\n" : "</p>\n");
}

}  // namespace

std::string HtmlOf(std::string_view title, std::string_view text) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n"
      "<meta charset=\"utf-8\">\n<title>" +
      Escaped(title) +
      "</title>\n</head>\n"
      "<body style=\"font-family:sans-serif;max-width:36em;margin:2em auto\">"
      "\n";
  for (std::string_view paragraph : Split(text, "\n\n")) {
    if (paragraph.ends_with('\n')) paragraph.remove_suffix(1);
    html += Paragraph(paragraph);
  }
  return html + "</body>\n</html>\n";
}

}  // namespace libretto::cloud
