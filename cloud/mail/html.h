// The HTML side of a mail, made from its text, so that there is one text to
// write and to check. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace libretto::cloud {

// Paragraphs are set apart by an empty line. One that is a single line and a
// URL becomes a link; one whose lines are all indented by four spaces is shown
// as typed. Everything is escaped; nothing is loaded from anywhere.
std::string HtmlOf(std::string_view title, std::string_view text);

}  // namespace libretto::cloud
