// The chain of the audit log, for who writes it (agent/os/audit_file) and who
// checks it (librettoctl audit verify). docs/audit-format.md has the format.
//
// A record is one line. Its tag is keyed BLAKE2b over the tag of the record
// before and the line itself, so a line that is changed, dropped or moved does
// not fit any more. The head says where the log ended, so a log that was cut
// does not fit either.
//
// AuditChain: immutable after construction. AuditVerifier: not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

using AuditTag = std::array<unsigned char, 32>;

// Lower-case hex, and back; nothing for any other text.
std::string AuditHex(const AuditTag& tag);
std::optional<AuditTag> AuditTagFromHex(std::string_view hex);

// Where a log ends: the number of its last record, and that record's tag. The
// first record is number 1.
struct AuditHead {
  std::uint64_t sequence = 0;
  AuditTag tag{};

  bool operator==(const AuditHead&) const = default;
};

// How many older files are kept beside FILE: FILE.1, the newest, to FILE.7.
inline constexpr int kOlderAuditFiles = 7;
std::string OlderAuditFile(const std::string& file, int age);

// The verb of the record in which an agent says what it found wrong when it
// opened the log, and the one reason that a crash alone can have.
inline constexpr std::string_view kAuditRecovered = "Audit.Recovered";
inline constexpr std::string_view kAuditCutLine = "cut_line";

class AuditChain {
 public:
  // NotFound() when there is no key yet; Corrupt() for a file that is none.
  static StatusOr<AuditChain> Load(const std::string& key_file);
  // As Load(), and makes the key (0600) when there is none.
  static StatusOr<AuditChain> LoadOrMake(const std::string& key_file);

  explicit AuditChain(SecretBytes key) : key_(std::move(key)) {}

  // The line, newline included, of the record that follows `head`; moves
  // `head`. `fields` are the members of a JSON object. The first line of a file
  // repeats the tag before it, so that older files can go.
  std::string Append(AuditHead& head, bool first_of_file,
                     std::string_view fields) const;

  AuditTag TagOf(const AuditTag& previous, std::string_view body) const;

  // The head as a file of one line, always of the same size, and back. Nothing
  // when it is not what WriteHead() wrote with this key.
  std::string WriteHead(const AuditHead& head) const;
  std::optional<AuditHead> ReadHead(std::string_view text) const;
  // Nothing when there is no such file, too.
  std::optional<AuditHead> LoadHead(const std::string& head_file) const;

 private:
  SecretBytes key_;
};

// A line without its newline, taken apart; its tag is not checked yet.
struct AuditLine {
  std::uint64_t sequence = 0;
  std::optional<AuditTag> previous;
  std::string_view body;  // what the tag is for
  AuditTag tag{};
};
std::optional<AuditLine> ParseAuditLine(std::string_view line);

class AuditVerifier {
 public:
  enum class Kind { kChanged, kMissing, kOutOfOrder, kCut };
  struct Finding {
    Kind kind;
    std::string file;
    std::uint64_t line;    // in that file, from 1
    std::uint64_t record;  // the first one that is wrong
    std::string text;      // a sentence for people
  };

  explicit AuditVerifier(const AuditChain& chain) : chain_(chain) {}

  // Before the first line: somebody who is not the log knows that it reached
  // `head`. `who`: "the running agent".
  void Expect(const AuditHead& head, std::string who);

  // The files from the oldest to the newest, each line by line. `whole`: the
  // line ended with a newline. `more_older`: as many files are there as are
  // kept, so still older ones may have gone in the ordinary way.
  void BeginFile(std::string file, bool more_older);
  void Line(std::string_view line, bool whole);
  void End();

  // The first thing that is wrong.
  const std::optional<Finding>& finding() const { return finding_; }
  std::uint64_t first() const { return first_; }
  const AuditHead& head() const { return head_; }
  // Lines that a crash cut short, as the agent noted after it.
  std::uint64_t cut_lines() const { return cut_lines_; }

 private:
  struct Known {
    AuditHead head;
    std::string who;
  };

  bool Anchor(const AuditLine& line);
  void Follow(const AuditLine& line);
  void Accept(const AuditLine& line);
  void CheckNote(const AuditLine& line);
  void Report(Kind kind, std::uint64_t record, std::string text);
  void LookForTheMissing(const AuditLine& line);

  const AuditChain& chain_;
  std::vector<Known> known_;
  std::string file_;
  std::uint64_t line_ = 0;
  bool begun_ = false;  // the first record has been seen
  bool first_of_file_ = false;
  bool more_older_ = false;
  bool unreadable_ = false;  // the line before was no record
  std::uint64_t first_ = 0;
  std::uint64_t cut_lines_ = 0;
  AuditHead head_;
  std::optional<Finding> finding_;
};

}  // namespace libretto
