// The first line is the value, the second byte of the rest how the text behind
// it is cut up: in whatever pieces it comes, the same is shown, and never the
// value.
#include <algorithm>

#include "base/check.h"
#include "client/delivery/masker.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = libretto::testing::Text(data, size);
  const std::string_view value = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(value.size() + 1, text.size()));
  libretto::Masker masker;
  masker.Add("n", libretto::SecretBytes::CopyOf(value));
  masker.Finish();
  libretto::Masker::Stream whole(masker);
  std::string at_once = whole.Feed(text);
  at_once += whole.Flush();
  const std::size_t step = text.empty() ? 1 : 1 + (text.front() & 15);
  libretto::Masker::Stream stream(masker);
  std::string in_pieces;
  for (std::size_t i = 0; i < text.size(); i += step) {
    in_pieces += stream.Feed(text.substr(i, step));
  }
  in_pieces += stream.Flush();
  LIBRETTO_CHECK(in_pieces == at_once);
  // A label may make the value anew, from its own letters.
  const bool spells_itself =
      value.size() < libretto::Masker::kMinValueBytes ||
      value.find_first_not_of("[libretto:n] \t\r") == std::string_view::npos ||
      value.find_first_of("[]") != std::string_view::npos;
  LIBRETTO_CHECK(spells_itself || at_once.find(value) == std::string::npos);
  return 0;
}
