#include "base/cache_file.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace libretto {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kMagic = "LBRSEALC";
constexpr char kVersion = 1;
constexpr std::size_t kHeaderBytes = kMagic.size() + 1;

// Of the plaintext.
constexpr std::size_t kEntriesAt = 24;
constexpr std::size_t kFactsBytes = kEntriesAt + 4;

constexpr std::uint64_t kNoList = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint8_t kListed = 1;
constexpr std::uint8_t kCurrent = 2;

// A hundred years, and the year 2255: sums of them fit into every clock.
constexpr milliseconds kMaxAge{std::int64_t{100} * 365 * 24 * 3600 * 1000};
constexpr std::int64_t kMaxWritten = 9'000'000'000'000;

std::uint64_t AsNumber(milliseconds age) {
  return static_cast<std::uint64_t>(
      std::clamp(age, milliseconds(0), kMaxAge).count());
}

void AppendNumber(std::string& bytes, std::uint64_t number, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes += static_cast<char>((number >> (8 * i)) & 0xff);
  }
}

void AppendText(std::string& bytes, std::string_view text) {
  AppendNumber(bytes, text.size(), 4);
  bytes += text;
}

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Takes from the front; once it has been asked for more than there is, all it
// gives is zero and empty.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }

  std::uint64_t Number(std::size_t size) {
    const std::string_view bytes = Take(size);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      number |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    return number;
  }
  std::string_view Text() { return Take(static_cast<std::size_t>(Number(4))); }
  milliseconds Age() {
    const std::uint64_t age = Number(8);
    if (age > AsNumber(kMaxAge)) good_ = false;
    return milliseconds(good_ ? static_cast<std::int64_t>(age) : 0);
  }
  void Refuse() { good_ = false; }

 private:
  std::string_view Take(std::size_t size) {
    if (size > rest_.size()) good_ = false;
    if (!good_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool good_ = true;
};

CacheFileFacts ReadFacts(Reader& reader) {
  CacheFileFacts facts;
  const std::uint64_t written = reader.Number(8);
  if (written > kMaxWritten) {
    reader.Refuse();
  } else {
    facts.written = WallTime(milliseconds(static_cast<std::int64_t>(written)));
  }
  Reader peek = reader;
  if (peek.Number(8) == kNoList) {
    reader = peek;
  } else {
    facts.list_age = reader.Age();
  }
  facts.generation = reader.Number(8);
  return facts;
}

CacheFileEntry ReadEntry(Reader& reader) {
  CacheFileEntry entry;
  entry.name = reader.Text();
  entry.id = reader.Text();
  entry.created_at = reader.Text();
  entry.updated_at = reader.Text();
  const std::uint64_t flags = reader.Number(1);
  entry.listed = (flags & kListed) != 0;
  entry.current = (flags & kCurrent) != 0;
  if (flags > (kListed | kCurrent) || entry.name.empty()) reader.Refuse();
  entry.age = reader.Age();
  entry.generation = reader.Number(8);
  entry.value = AsBytes(reader.Text());
  return entry;
}

std::string Header() { return std::string(kMagic) + kVersion; }

std::string Binding(std::string_view header, const CacheOwner& owner) {
  return BindingOf({"libretto cache file", header, owner.profile, owner.api_url,
                    owner.user_id});
}

Status UnknownForm() { return Corrupt("it has an unknown form"); }

}  // namespace

CacheFileWriter::CacheFileWriter(const CacheFileFacts& facts,
                                 std::size_t expected_bytes) {
  plain_.reserve(kFactsBytes + expected_bytes);
  const auto written =
      std::chrono::floor<milliseconds>(facts.written.time_since_epoch());
  AppendNumber(plain_,
               static_cast<std::uint64_t>(
                   std::clamp<std::int64_t>(written.count(), 0, kMaxWritten)),
               8);
  AppendNumber(plain_,
               facts.list_age.has_value() ? AsNumber(*facts.list_age) : kNoList,
               8);
  AppendNumber(plain_, facts.generation, 8);
  AppendNumber(plain_, 0, 4);  // how many; see Plain()
}

void CacheFileWriter::Add(const CacheFileEntry& entry) {
  AppendText(plain_, entry.name);
  AppendText(plain_, entry.id);
  AppendText(plain_, entry.created_at);
  AppendText(plain_, entry.updated_at);
  AppendNumber(plain_,
               (entry.listed ? kListed : 0U) | (entry.current ? kCurrent : 0U),
               1);
  AppendNumber(plain_, AsNumber(entry.age), 8);
  AppendNumber(plain_, entry.generation, 8);
  AppendText(plain_, AsText(entry.value));
  ++entries_;
}

SecretBytes CacheFileWriter::Plain() && {
  std::string entries;
  AppendNumber(entries, entries_, 4);
  plain_.replace(kEntriesAt, entries.size(), entries);
  return SecretBytes::Take(std::move(plain_));
}

std::string CacheFileWriter::Seal(const DataKey& key,
                                  const CacheOwner& owner) && {
  std::string file = Header();
  const std::vector<std::byte> sealed =
      libretto::Seal(std::move(*this).Plain(), key, Binding(file, owner));
  file.reserve(file.size() + sealed.size());
  file += AsText(sealed);
  return file;
}

StatusOr<CacheFile> CacheFile::Open(std::string_view file, const DataKey& key,
                                    const CacheOwner& owner) {
  const std::string_view header = file.substr(0, kHeaderBytes);
  if (header != Header()) return UnknownForm();
  StatusOr<SecretBytes> plain = libretto::Open(
      AsBytes(file.substr(kHeaderBytes)), key, Binding(header, owner));
  if (!plain.ok()) return plain.status();
  return Parse(*std::move(plain));
}

StatusOr<CacheFile> CacheFile::Parse(SecretBytes plain) {
  Reader reader(plain.Reveal());
  const CacheFileFacts facts = ReadFacts(reader);
  const std::uint64_t entries = reader.Number(4);
  for (std::uint64_t i = 0; i < entries && reader.good(); ++i) {
    (void)ReadEntry(reader);
  }
  if (!reader.good() || !reader.at_end()) return UnknownForm();
  return CacheFile(std::move(plain), facts);
}

void CacheFile::ForEach(
    absl::FunctionRef<void(const CacheFileEntry&)> visit) const {
  Reader reader(plain_.Reveal());
  (void)ReadFacts(reader);
  for (std::uint64_t left = reader.Number(4); left > 0; --left) {
    visit(ReadEntry(reader));
  }
}

}  // namespace libretto
