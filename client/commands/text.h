// Small rules about text that several verbs share. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace libretto {

// The public command's slug of a name (contract 1.6): trimmed, lower-cased,
// runs of other characters than [a-z0-9] as one '-', none at the ends.
std::string Slugify(std::string_view name);

// The candidate that `word` was probably meant to be; empty when none is near.
std::string_view Nearest(std::string_view word,
                         const std::vector<std::string_view>& candidates);

// "3 d 4 h", "5 min 2 s": the two largest units.
std::string Duration(std::int64_t seconds);

// `rows` with their columns aligned, two spaces apart; one line each.
std::string Columns(const std::vector<std::vector<std::string>>& rows);

// "1 credential", "2 credentials".
std::string Count(std::int64_t number, std::string_view noun);

}  // namespace libretto
