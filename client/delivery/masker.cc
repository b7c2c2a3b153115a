#include "client/delivery/masker.h"

#include <algorithm>

#include "client/delivery/printed_forms.h"

namespace libretto {
namespace {

// A long value is looked for in pieces that overlap, so that no more than one
// of them is ever held back, and so that a part of it is masked too.
constexpr std::size_t kPieceBytes = 1024;
constexpr std::size_t kPieceStep = 768;

std::string_view WithoutSpace(std::string_view text) {
  static constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

}  // namespace

void Masker::Add(std::string_view name, const SecretBytes& value) {
  const auto number = static_cast<std::uint32_t>(labels_.size());
  labels_.push_back("[libretto:" + std::string(name) + "]");
  const std::string_view whole = value.Reveal();
  const std::string_view trimmed = WithoutSpace(whole);
  if (trimmed.size() < kMinValueBytes) return;
  for (const std::string_view text : {whole, trimmed}) {
    for (const std::string& form : PrintedForms(text)) AddForm(form, number);
  }
}

void Masker::AddForm(std::string_view form, std::uint32_t name) {
  std::size_t begin = 0;
  for (; form.size() - begin > kPieceBytes; begin += kPieceStep) {
    AddPiece(form.substr(begin, kPieceBytes), name);
  }
  const std::size_t last =
      form.size() > kPieceBytes ? form.size() - kPieceBytes : 0;
  AddPiece(form.substr(last), name);
}

void Masker::AddPiece(std::string_view piece, std::uint32_t name) {
  std::uint32_t at = 0;
  for (const char c : piece) {
    const auto byte = static_cast<unsigned char>(c);
    std::uint32_t next = Child(at, byte);
    if (next == 0) {
      next = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back({.next_sibling = nodes_[at].first_child,
                        .depth = nodes_[at].depth + 1,
                        .byte = byte});
      nodes_[at].first_child = next;
      if (at == 0) children_of_root_[byte] = next;
    }
    at = next;
  }
  nodes_[at].masked = nodes_[at].depth;
  nodes_[at].name = name;
}

std::uint32_t Masker::Child(std::uint32_t node, unsigned char byte) const {
  if (node == 0) return children_of_root_[byte];
  std::uint32_t child = nodes_[node].first_child;
  while (child != 0 && nodes_[child].byte != byte) {
    child = nodes_[child].next_sibling;
  }
  return child;
}

// The longest end of what has been read that some form begins with.
std::uint32_t Masker::Step(std::uint32_t node, unsigned char byte) const {
  for (;;) {
    const std::uint32_t child = Child(node, byte);
    if (child != 0 || node == 0) return child;
    node = nodes_[node].fail;
  }
}

void Masker::Finish() {
  // By depth: what a node falls back to is nearer to the root.
  std::vector<std::uint32_t> queue = {0};
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const std::uint32_t parent = queue[i];
    for (std::uint32_t at = nodes_[parent].first_child; at != 0;
         at = nodes_[at].next_sibling) {
      Node& node = nodes_[at];
      if (parent != 0) node.fail = Step(nodes_[parent].fail, node.byte);
      if (node.masked == 0) {
        node.masked = nodes_[node.fail].masked;
        node.name = nodes_[node.fail].name;
      }
      queue.push_back(at);
    }
  }
}

std::string Masker::Stream::Feed(std::string_view text) {
  for (const char c : text) {
    held_ += c;
    state_ = masker_->Step(state_, static_cast<unsigned char>(c));
    const Node& node = masker_->nodes_[state_];
    if (node.masked > 0) Cover(begin_ + held_.size(), node.masked, node.name);
  }
  // No form that may still be completed begins before this.
  const std::uint64_t end = begin_ + held_.size();
  return Show(end - std::min<std::uint64_t>(masker_->nodes_[state_].depth,
                                            held_.size()));
}

std::string Masker::Stream::Flush() { return Show(begin_ + held_.size()); }

// Every byte of every match is masked; matches that overlap become one.
void Masker::Stream::Cover(std::uint64_t end, std::uint32_t length,
                           std::uint32_t name) {
  Span span{std::max(end - length, begin_), end, length, name};
  while (!spans_.empty() && spans_.back().end > span.begin) {
    const Span& before = spans_.back();
    span.begin = std::min(span.begin, before.begin);
    if (before.longest > span.longest) {
      span.longest = before.longest;
      span.name = before.name;
    }
    spans_.pop_back();
  }
  spans_.push_back(span);
}

std::string Masker::Stream::Show(std::uint64_t until) {
  std::string out;
  std::uint64_t at = begin_;
  const auto show_to = [&](std::uint64_t end) {
    out.append(held_, at - begin_, end - at);
    at = end;
  };
  auto span = spans_.begin();
  for (; span != spans_.end() && span->end <= until; ++span) {
    show_to(span->begin);
    out += masker_->labels_[span->name];
    at = span->end;
  }
  show_to(span == spans_.end() ? until : std::min(until, span->begin));
  spans_.erase(spans_.begin(), span);
  held_.erase(0, at - begin_);
  begin_ = at;
  return out;
}

}  // namespace libretto
