// A template: text in which "{{ libretto://NAME }}" stands for a value. Any
// other braces are text, so that templates of other tools pass through. What is
// put in is never looked at again: a value with braces in it stays what it is.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/credential_name.h"
#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

class Template {
 public:
  // Invalid() for a reference to no possible name and for one without an end,
  // with the number of its line.
  static StatusOr<Template> Parse(SecretBytes text);

  // What the references lead to, each once, in order.
  const std::vector<ReferenceTarget>& targets() const { return targets_; }

  // `values` are those of targets(), in their order.
  SecretBytes Fill(const std::vector<SecretBytes>& values) const;

 private:
  struct Place {
    std::size_t begin;
    std::size_t end;
    std::size_t target;  // index into targets_
  };

  explicit Template(SecretBytes text) : text_(std::move(text)) {}
  Status Find();

  SecretBytes text_;
  std::vector<Place> places_;
  std::vector<ReferenceTarget> targets_;
};

}  // namespace libretto
