// Masker: a text without the values that it must not show. A value is found as
// it is and in the forms in which programs print bytes: base64 (the standard
// and the URL alphabet, at each of the three alignments), hexadecimal in both
// cases, percent-encoded, JSON-escaped. Text comes in pieces of any size; what
// could still become a value is held back until it has or cannot any more, and
// never for longer than the caller likes: Flush() ends the waiting.
//
// One automaton (Aho and Corasick) for all forms of all values, so the time a
// byte takes does not depend on how many there are. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace libretto {

class Masker {
 public:
  // A shorter value would be found in text that has nothing to do with it.
  static constexpr std::size_t kMinValueBytes = 4;

  // Has every form of `value` replaced by [libretto:NAME]; without effect for a
  // value that is too short. White space at its ends need not be there.
  // REQUIRES: Finish() has not been called
  void Add(std::string_view name, const SecretBytes& value);
  void Finish();

  // The text of one stream on its way through. REQUIRES: Finish() was called
  class Stream {
   public:
    explicit Stream(const Masker& masker) : masker_(&masker) {}

    // What can be shown now that `text` has come.
    std::string Feed(std::string_view text);

    // What was held back: nothing more comes for now. Should it turn out to
    // have been the beginning of a value, the rest of that is masked all the
    // same.
    std::string Flush();

    bool holds() const { return !held_.empty(); }

   private:
    struct Span {
      std::uint64_t begin;
      std::uint64_t end;
      std::uint32_t longest;  // of the matches that it is made of
      std::uint32_t name;
    };

    void Cover(std::uint64_t end, std::uint32_t length, std::uint32_t name);
    std::string Show(std::uint64_t until);

    const Masker* masker_;
    std::uint32_t state_ = 0;
    std::uint64_t begin_ = 0;  // of held_ in the text
    std::string held_;
    std::vector<Span> spans_;  // of what is masked in held_, in order
  };

 private:
  struct Node {
    std::uint32_t first_child = 0;  // 0: none, because the root is no child
    std::uint32_t next_sibling = 0;
    std::uint32_t fail = 0;
    std::uint32_t depth = 0;
    std::uint32_t masked = 0;  // how many bytes that end here are to be masked
    std::uint32_t name = 0;
    unsigned char byte = 0;
  };

  void AddForm(std::string_view form, std::uint32_t name);
  void AddPiece(std::string_view piece, std::uint32_t name);
  std::uint32_t Child(std::uint32_t node, unsigned char byte) const;
  std::uint32_t Step(std::uint32_t node, unsigned char byte) const;

  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::array<std::uint32_t, 256> children_of_root_{};
  std::vector<std::string> labels_;
};

}  // namespace libretto
