#include "agent/core/one_time_code.h"

#include <liboath/oath.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace libretto {
namespace {

constexpr std::size_t kMinSeedBytes = 10;
constexpr unsigned kMinDigits = 6;
constexpr unsigned kMaxDigits = 8;
constexpr unsigned kMaxPeriodSeconds = 3600;
constexpr std::string_view kUriScheme = "otpauth://";
constexpr std::string_view kTotp = "totp/";

struct Recipe {
  SecretBytes seed;
  unsigned digits = kMinDigits;
  unsigned period = 30;
  int algorithm = 0;  // SHA-1
};

char Upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool IsBetweenGroups(char c) {
  return c == ' ' || c == '-' || (c >= '\t' && c <= '\r');
}

Status NoSeed() {
  return Invalid(
      "its value is no seed of one-time codes: neither base32 text of 16 "
      "characters or more nor an otpauth://totp/ URI");
}

Status BadUri(std::string_view why) {
  return Invalid("its value is an otpauth:// URI " + std::string(why));
}

StatusOr<SecretBytes> DecodeSeed(std::string_view text) {
  SecretBytes folded(text.size());
  std::size_t size = 0;
  for (const char c : text) {
    if (!IsBetweenGroups(c)) folded.RevealMutable()[size++] = Upper(c);
  }
  const std::string_view base32 = folded.Reveal().substr(0, size);
  char* bytes = nullptr;
  std::size_t count = 0;
  const bool decoded = oath_base32_decode(base32.data(), base32.size(), &bytes,
                                          &count) == OATH_OK;
  SecretBytes seed;
  if (decoded) {
    seed = SecretBytes::CopyOf({bytes, count});
    explicit_bzero(bytes, count);
    free(bytes);
  }
  if (seed.size() < kMinSeedBytes) return NoSeed();
  return seed;
}

std::optional<unsigned> NumberBetween(std::string_view text, unsigned low,
                                      unsigned high) {
  unsigned number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() ||
      number < low || number > high) {
    return std::nullopt;
  }
  return number;
}

std::optional<int> AlgorithmNamed(std::string_view word) {
  static constexpr std::pair<std::string_view, int> kAlgorithms[] = {
      {"SHA1", 0},
      {"SHA256", OATH_TOTP_HMAC_SHA256},
      {"SHA512", OATH_TOTP_HMAC_SHA512}};
  for (const auto& [name, flag] : kAlgorithms) {
    if (std::equal(word.begin(), word.end(), name.begin(), name.end(),
                   [](char a, char b) { return Upper(a) == b; })) {
      return flag;
    }
  }
  return std::nullopt;
}

// Padding is all that a base32 text may have that a URI has to escape.
std::string_view WithoutPadding(std::string_view base32) {
  while (base32.ends_with('=')) base32.remove_suffix(1);
  while (base32.ends_with("%3D") || base32.ends_with("%3d")) {
    base32.remove_suffix(3);
  }
  return base32;
}

// Takes in what one `name=value` says; names that mean nothing here are passed
// over.
Status Apply(std::string_view name, std::string_view value, Recipe& recipe) {
  if (name == "secret") {
    StatusOr<SecretBytes> seed = DecodeSeed(WithoutPadding(value));
    if (!seed.ok()) return BadUri("whose secret is no seed in base32");
    recipe.seed = *std::move(seed);
  } else if (name == "digits") {
    const auto digits = NumberBetween(value, kMinDigits, kMaxDigits);
    if (!digits.has_value()) return BadUri("whose digits are not 6, 7 or 8");
    recipe.digits = *digits;
  } else if (name == "period") {
    const auto period = NumberBetween(value, 1, kMaxPeriodSeconds);
    if (!period.has_value()) {
      return BadUri("whose period is not 1 to 3600 seconds");
    }
    recipe.period = *period;
  } else if (name == "algorithm") {
    const auto algorithm = AlgorithmNamed(value);
    if (!algorithm.has_value()) {
      return BadUri("whose algorithm is not SHA1, SHA256 or SHA512");
    }
    recipe.algorithm = *algorithm;
  }
  return OkStatus();
}

StatusOr<Recipe> ParseUri(std::string_view uri) {
  uri.remove_prefix(kUriScheme.size());
  if (!uri.starts_with(kTotp)) return BadUri("that is not for codes by time");
  uri.remove_prefix(std::min(uri.find('?'), uri.size()));
  Recipe recipe;
  while (!uri.empty()) {
    uri.remove_prefix(1);  // the '?' or '&'
    const std::string_view parameter = uri.substr(0, uri.find('&'));
    uri.remove_prefix(parameter.size());
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    const Status applied =
        Apply(parameter.substr(0, equals),
              parameter.substr(std::min(equals + 1, parameter.size())), recipe);
    if (!applied.ok()) return applied;
  }
  if (recipe.seed.empty()) return BadUri("without a secret");
  return recipe;
}

StatusOr<Recipe> RecipeIn(std::string_view stored) {
  while (!stored.empty() && IsBetweenGroups(stored.back())) {
    stored.remove_suffix(1);
  }
  if (stored.starts_with(kUriScheme)) return ParseUri(stored);
  StatusOr<SecretBytes> seed = DecodeSeed(stored);
  if (!seed.ok()) return seed.status();
  Recipe recipe;
  recipe.seed = *std::move(seed);
  return recipe;
}

}  // namespace

StatusOr<SecretBytes> OneTimeCode(const SecretBytes& stored, WallTime now) {
  const StatusOr<Recipe> recipe = RecipeIn(stored.Reveal());
  if (!recipe.ok()) return recipe.status();
  std::array<char, kMaxDigits + 1> code{};
  const std::string_view seed = recipe->seed.Reveal();
  const int outcome = oath_totp_generate2(
      seed.data(), seed.size(), std::chrono::system_clock::to_time_t(now),
      recipe->period, OATH_TOTP_DEFAULT_START_TIME, recipe->digits,
      recipe->algorithm, code.data());
  WipeStack();
  if (outcome != OATH_OK) return Internal("liboath computes no code");
  return SecretBytes::CopyOf({code.data(), recipe->digits});
}

}  // namespace libretto
