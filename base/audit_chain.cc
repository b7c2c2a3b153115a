#include "base/audit_chain.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <sodium.h>

#include "base/check.h"
#include "base/files.h"
#include "base/seal.h"

namespace libretto {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kMaxFileBytes = 256;
constexpr std::size_t kHexBytes = 2 * std::tuple_size_v<AuditTag>;
// "18446744073709551615".
constexpr std::size_t kMaxDigits = 20;

constexpr std::string_view kSequence = "{\"seq\":";
constexpr std::string_view kPrevious = ",\"previous\":\"";
constexpr std::string_view kTag = ",\"tag\":\"";
constexpr std::string_view kEnd = "\"}";

static_assert(kKeyBytes >= crypto_generichash_KEYBYTES_MIN &&
              kKeyBytes <= crypto_generichash_KEYBYTES_MAX);

const unsigned char* AsUnsigned(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Takes a number off the front; one way to write it, so no leading zeros.
std::optional<std::uint64_t> TakeNumber(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  const auto digits = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || number == 0 || text.front() == '0') {
    return std::nullopt;
  }
  text.remove_prefix(digits);
  return number;
}

bool Take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string Range(std::uint64_t first, std::uint64_t last) {
  return first == last ? "record " + std::to_string(first) + " is missing"
                       : "records " + std::to_string(first) + " to " +
                             std::to_string(last) + " are missing";
}

}  // namespace

std::string AuditHex(const AuditTag& tag) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(kHexBytes);
  for (const unsigned char byte : tag) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::optional<AuditTag> AuditTagFromHex(std::string_view hex) {
  AuditTag tag;
  if (hex.size() != kHexBytes) return std::nullopt;
  for (std::size_t i = 0; i < tag.size(); ++i) {
    const int high = HexDigit(hex[2 * i]);
    const int low = HexDigit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    tag[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return tag;
}

std::string OlderAuditFile(const std::string& file, int age) {
  return file + "." + std::to_string(age);
}

StatusOr<AuditChain> AuditChain::Load(const std::string& key_file) {
  const StatusOr<SecretBytes> text = ReadFile(key_file, kMaxFileBytes);
  if (!text.ok()) return text.status();
  std::string_view hex = text->Reveal();
  if (hex.ends_with('\n')) hex.remove_suffix(1);
  std::optional<AuditTag> bytes = AuditTagFromHex(hex);
  if (!bytes.has_value()) {
    return WithRemedy(Corrupt(key_file + " is not the key of an audit log"),
                      "mv " + key_file + " " + key_file + ".broken");
  }
  SecretBytes key(kKeyBytes);
  std::memcpy(key.RevealMutable(), bytes->data(), kKeyBytes);
  sodium_memzero(bytes->data(), bytes->size());
  return AuditChain(std::move(key));
}

StatusOr<AuditChain> AuditChain::LoadOrMake(const std::string& key_file) {
  StatusOr<AuditChain> chain = Load(key_file);
  if (chain.status().code() != StatusCode::kNotFound) return chain;
  const SecretBytes key = RandomBytes(kKeyBytes);
  AuditTag bytes;
  std::memcpy(bytes.data(), key.Reveal().data(), bytes.size());
  const SecretBytes hex = SecretBytes::Take(AuditHex(bytes));
  sodium_memzero(bytes.data(), bytes.size());
  Status written = WriteNewFile(key_file, hex.Reveal(), 0600);
  if (!written.ok()) return written;
  return AuditChain(key.Clone());
}

AuditTag AuditChain::TagOf(const AuditTag& previous,
                           std::string_view body) const {
  crypto_generichash_state state;
  AuditTag tag;
  crypto_generichash_init(&state, AsUnsigned(key_.Reveal()), key_.size(),
                          tag.size());
  crypto_generichash_update(&state, previous.data(), previous.size());
  crypto_generichash_update(&state, AsUnsigned(body), body.size());
  crypto_generichash_final(&state, tag.data(), tag.size());
  // It holds the key in its first block.
  sodium_memzero(&state, sizeof(state));
  return tag;
}

std::string AuditChain::Append(AuditHead& head, bool first_of_file,
                               std::string_view fields) const {
  std::string line(kSequence);
  line += std::to_string(++head.sequence);
  if (first_of_file) {
    line += kPrevious;
    line += AuditHex(head.tag);
    line += '"';
  }
  line += ',';
  line += fields;
  head.tag = TagOf(head.tag, line);
  line += kTag;
  line += AuditHex(head.tag);
  line += kEnd;
  line += '\n';
  return line;
}

std::string AuditChain::WriteHead(const AuditHead& head) const {
  std::string number = std::to_string(head.sequence);
  number.insert(0, kMaxDigits - number.size(), '0');
  const std::string body = "head 1 " + number + " " + AuditHex(head.tag);
  return body + " " + AuditHex(TagOf(AuditTag{}, body)) + "\n";
}

std::optional<AuditHead> AuditChain::ReadHead(std::string_view text) const {
  std::string_view rest = text;
  if (!Take(rest, "head 1 ") || rest.size() < kMaxDigits) return std::nullopt;
  std::string_view digits = rest.substr(0, kMaxDigits);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), kMaxDigits - 1));
  AuditHead head;
  const auto [end, error] = std::from_chars(
      digits.data(), digits.data() + digits.size(), head.sequence);
  const auto tag = AuditTagFromHex(
      rest.substr(std::min(rest.size(), kMaxDigits + 1), kHexBytes));
  if (error != std::errc() || end != digits.data() + digits.size() ||
      !tag.has_value()) {
    return std::nullopt;
  }
  head.tag = *tag;
  if (WriteHead(head) != text) return std::nullopt;
  return head;
}

std::optional<AuditHead> AuditChain::LoadHead(
    const std::string& head_file) const {
  const StatusOr<SecretBytes> text = ReadFile(head_file, kMaxFileBytes);
  if (!text.ok()) return std::nullopt;
  return ReadHead(text->Reveal());
}

std::optional<AuditLine> ParseAuditLine(std::string_view line) {
  constexpr std::size_t kSuffix = kTag.size() + kHexBytes + kEnd.size();
  if (line.size() < kSuffix) return std::nullopt;
  AuditLine parsed;
  parsed.body = line.substr(0, line.size() - kSuffix);
  std::string_view suffix = line.substr(parsed.body.size());
  if (!Take(suffix, kTag) || !suffix.ends_with(kEnd)) return std::nullopt;
  const auto tag = AuditTagFromHex(suffix.substr(0, kHexBytes));
  std::string_view rest = parsed.body;
  if (!tag.has_value() || !Take(rest, kSequence)) return std::nullopt;
  parsed.tag = *tag;
  const auto sequence = TakeNumber(rest);
  if (!sequence.has_value()) return std::nullopt;
  parsed.sequence = *sequence;
  if (Take(rest, kPrevious)) {
    parsed.previous = AuditTagFromHex(rest.substr(0, kHexBytes));
    if (!parsed.previous.has_value()) return std::nullopt;
  }
  return parsed;
}

void AuditVerifier::Expect(const AuditHead& head, std::string who) {
  known_.push_back({head, std::move(who)});
}

void AuditVerifier::BeginFile(std::string file, bool more_older) {
  file_ = std::move(file);
  line_ = 0;
  first_of_file_ = true;
  more_older_ = more_older;
}

void AuditVerifier::Line(std::string_view line, bool whole) {
  ++line_;
  const std::optional<AuditLine> parsed =
      whole ? ParseAuditLine(line) : std::nullopt;
  if (finding_.has_value()) {
    if (parsed.has_value()) LookForTheMissing(*parsed);
    return;
  }
  if (!parsed.has_value()) {
    if (unreadable_) {
      return Report(Kind::kChanged, head_.sequence + 1,
                    "two lines in a row are no records");
    }
    unreadable_ = true;
    return;
  }
  if (!begun_ || (first_of_file_ && parsed->previous.has_value())) {
    if (!Anchor(*parsed)) return;
  } else if (first_of_file_ || parsed->previous.has_value()) {
    return Report(first_of_file_ ? Kind::kMissing : Kind::kChanged,
                  head_.sequence + 1,
                  first_of_file_ ? "the beginning of the file is missing"
                                 : "the file has two beginnings");
  }
  Follow(*parsed);
}

// The first record of a file, which says what came before it.
bool AuditVerifier::Anchor(const AuditLine& line) {
  first_of_file_ = false;
  if (begun_) {
    if (line.sequence == head_.sequence + 1 && *line.previous != head_.tag) {
      Report(Kind::kChanged, line.sequence,
             "it follows another record than the one before it");
      return false;
    }
    return true;
  }
  begun_ = true;
  first_ = line.sequence;
  if (!line.previous.has_value() || (line.sequence > 1 && !more_older_)) {
    head_.sequence = 0;
    Report(Kind::kMissing, line.sequence > 1 ? 1 : line.sequence,
           line.sequence > 1 ? Range(1, line.sequence - 1)
                             : "the beginning of the log is missing");
    return false;
  }
  if (line.sequence == 1 && *line.previous != AuditTag{}) {
    Report(Kind::kChanged, 1, "record 1 was changed");
    return false;
  }
  head_ = {line.sequence - 1, *line.previous};
  return true;
}

void AuditVerifier::Follow(const AuditLine& line) {
  first_of_file_ = false;
  const std::uint64_t expected = head_.sequence + 1;
  const std::string number = std::to_string(line.sequence);
  if (line.sequence > expected) {
    return Report(Kind::kMissing, expected, Range(expected, line.sequence - 1));
  }
  if (line.sequence < expected) {
    return Report(Kind::kOutOfOrder, line.sequence,
                  "record " + number + " stands where record " +
                      std::to_string(expected) + " should");
  }
  if (chain_.TagOf(head_.tag, line.body) != line.tag) {
    return Report(Kind::kChanged, expected,
                  "record " + number + " was changed");
  }
  Accept(line);
}

void AuditVerifier::Accept(const AuditLine& line) {
  head_ = {line.sequence, line.tag};
  for (const Known& known : known_) {
    if (known.head.sequence == head_.sequence && known.head.tag != head_.tag) {
      return Report(Kind::kChanged, line.sequence,
                    known.who + " wrote another record " +
                        std::to_string(line.sequence) +
                        ": the log was written anew by somebody who has "
                        "its key");
    }
  }
  CheckNote(line);
}

// What the agent itself found wrong when it opened the log. Its note is
// genuine: the tag was right.
void AuditVerifier::CheckNote(const AuditLine& line) {
  const auto says = [&line](std::string_view key, std::string_view value) {
    const std::string member =
        "\"" + std::string(key) + "\":\"" + std::string(value) + "\"";
    return line.body.find(member) != std::string_view::npos;
  };
  const bool note = says("verb", kAuditRecovered);
  if (note && !says("reason", kAuditCutLine)) {
    return Report(Kind::kCut, line.sequence,
                  "before record " + std::to_string(line.sequence) +
                      " the file that says where the log ended was gone, so "
                      "the log may have been cut there");
  }
  if (!std::exchange(unreadable_, false)) return;
  if (!note) {
    return Report(Kind::kChanged, line.sequence,
                  "the line before record " + std::to_string(line.sequence) +
                      " is no record");
  }
  ++cut_lines_;
}

void AuditVerifier::End() {
  if (finding_.has_value()) return;
  for (const Known& known : known_) {
    if (known.head.sequence > head_.sequence) {
      return Report(Kind::kCut, head_.sequence + 1,
                    "the log ends with record " +
                        std::to_string(head_.sequence) + ", but " + known.who +
                        " wrote up to record " +
                        std::to_string(known.head.sequence));
    }
  }
  // The last line alone: an agent died in the middle of it.
  if (unreadable_) ++cut_lines_;
}

void AuditVerifier::Report(Kind kind, std::uint64_t record, std::string text) {
  finding_ = {kind, file_, line_, record, std::move(text)};
}

// What is not where it belongs may turn up further down.
void AuditVerifier::LookForTheMissing(const AuditLine& line) {
  if (finding_->kind != Kind::kMissing || line.sequence != finding_->record) {
    return;
  }
  finding_->kind = Kind::kOutOfOrder;
  finding_->text = "record " + std::to_string(line.sequence) +
                   " stands further down than it should";
}

}  // namespace libretto
