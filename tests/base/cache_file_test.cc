#include "base/cache_file.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/sealed_file.h"
#include "tests/base/vector.h"
#include "tests/matchers.h"

namespace libretto {
namespace {

using std::chrono::milliseconds;
using testing::HasCode;
using testing::IsOk;
using testing::Vector;

constexpr CacheOwner kOwner{"default", "https://cloud.test", "u1"};

// An entry as text, as the vectors have it.
std::string Line(const CacheFileEntry& entry) {
  std::string line;
  for (const std::string_view part :
       {entry.name, entry.id, entry.created_at, entry.updated_at}) {
    line += std::string(part) + "|";
  }
  line += entry.listed ? "listed " : "";
  line += entry.current ? "current" : "";
  return line + "|" + std::to_string(entry.age.count()) + "|" +
         std::to_string(entry.generation);
}

std::vector<std::string> Lines(const CacheFile& file) {
  std::vector<std::string> lines;
  file.ForEach(
      [&lines](const CacheFileEntry& entry) { lines.push_back(Line(entry)); });
  return lines;
}

class CacheFileTest : public ::testing::Test {
 protected:
  CacheFileEntry Entry() const {
    return {"username",         "id-1", "t0", "t1", value_, /*generation=*/7,
            milliseconds(1500), true,   true};
  }
  CacheFileWriter Writer() const {
    CacheFileWriter writer(
        {WallTime(milliseconds(1'767'225'600'123)), milliseconds(20), 9});
    writer.Add(Entry());
    writer.Add({.name = "password", .id = "id-2", .listed = true});
    return writer;
  }
  std::string Sealed() const { return Writer().Seal(key_, kOwner); }
  std::string Plain() const { return std::string(Writer().Plain().Reveal()); }
  static Status Parse(std::string_view plain) {
    return CacheFile::Parse(SecretBytes::CopyOf(plain)).status();
  }

  DataKey key_ = DataKey::Generate();
  const std::vector<std::byte> value_ =
      Seal(SecretBytes::CopyOf("alice"), key_, "bound");
};

TEST_F(CacheFileTest, WhatWasSealedOpens) {
  const auto file = CacheFile::Open(Sealed(), key_, kOwner);
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->facts().written, WallTime(milliseconds(1'767'225'600'123)));
  EXPECT_EQ(file->facts().list_age, milliseconds(20));
  EXPECT_EQ(file->facts().generation, 9U);
  EXPECT_THAT(Lines(*file), ::testing::ElementsAre(
                                "username|id-1|t0|t1|listed current|1500|7",
                                "password|id-2|||listed |0|0"));
  file->ForEach([this](const CacheFileEntry& entry) {
    if (entry.name != "username") return;
    EXPECT_EQ(Open(entry.value, key_, "bound")->Reveal(), "alice");
  });
}

TEST_F(CacheFileTest, OfAnotherKeyOrOwnerItDoesNot) {
  const std::string file = Sealed();
  EXPECT_THAT(CacheFile::Open(file, DataKey::Generate(), kOwner),
              HasCode(StatusCode::kDataLoss));
  for (const CacheOwner& other :
       {CacheOwner{"work", "https://cloud.test", "u1"},
        CacheOwner{"default", "https://other.test", "u1"},
        CacheOwner{"default", "https://cloud.test", "u2"},
        CacheOwner{"default", "https://cloud.testu1", ""}}) {
    EXPECT_THAT(CacheFile::Open(file, key_, other),
                HasCode(StatusCode::kDataLoss));
  }
}

TEST_F(CacheFileTest, EveryByteCounts) {
  const std::string file = Sealed();
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::string changed = file;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(CacheFile::Open(changed, key_, kOwner).ok()) << i;
    EXPECT_FALSE(CacheFile::Open(file.substr(0, i), key_, kOwner).ok()) << i;
  }
}

TEST_F(CacheFileTest, OfOtherFilesOfThatKeyItOpensNone) {
  // The same key has sealed values, and a session's file looks alike.
  EXPECT_FALSE(CacheFile::Open(SealSession({DataKey::Generate(), SecretBytes()},
                                           {DataKey::Generate()}, "default"),
                               key_, kOwner)
                   .ok());
  const std::string value(reinterpret_cast<const char*>(value_.data()),
                          value_.size());
  EXPECT_FALSE(
      CacheFile::Open(Sealed().substr(0, 9) + value, key_, kOwner).ok());
}

TEST_F(CacheFileTest, WhatIsCutOrLongerIsRefused) {
  const std::string plain = Plain();
  ASSERT_THAT(Parse(plain), IsOk());
  for (std::size_t size = 0; size < plain.size(); ++size) {
    EXPECT_THAT(Parse(plain.substr(0, size)), HasCode(StatusCode::kDataLoss));
  }
  EXPECT_THAT(Parse(plain + '\0'), HasCode(StatusCode::kDataLoss));
}

TEST_F(CacheFileTest, CountsAndLengthsThatLieAreRefused) {
  for (const std::size_t at : {24U, 28U}) {  // entries, the first name
    std::string plain = Plain();
    plain.replace(at, 4, "\xff\xff\xff\xff");
    EXPECT_THAT(Parse(plain), HasCode(StatusCode::kDataLoss)) << at;
  }
}

TEST_F(CacheFileTest, TimesThatNoClockKnowsAreRefused) {
  for (const std::size_t at : {0U, 8U}) {  // when it was written, the list
    std::string plain = Plain();
    plain[at + 7] = '\x7f';
    EXPECT_THAT(Parse(plain), HasCode(StatusCode::kDataLoss)) << at;
  }
}

TEST_F(CacheFileTest, AgesOutOfAllBoundsAreBoundedWhenWritten) {
  CacheFileWriter writer({WallTime(std::chrono::hours(-5)), std::nullopt, 0});
  CacheFileEntry entry = Entry();
  entry.age = milliseconds::max();
  writer.Add(entry);
  entry.age = milliseconds(-1);
  writer.Add(entry);
  const auto file = CacheFile::Parse(std::move(writer).Plain());
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->facts().written, WallTime());
  EXPECT_FALSE(file->facts().list_age.has_value());
}

TEST(CacheFileVectors, EachDoesWhatItExpects) {
  for (const Vector& vector : Vector::All("cache")) {
    SCOPED_TRACE(vector.file_name());
    const DataKey key = vector.Key("data-key");
    const std::string profile = vector.Text("profile");
    const std::string api_url = vector.Text("api-url");
    const std::string user = vector.Text("user");
    const auto file =
        CacheFile::Open(vector.Bytes("file"), key, {profile, api_url, user});
    EXPECT_EQ(Vector::Outcome(file.status()), vector.Text("expect"));
    if (!file.ok()) continue;
    const CacheFileFacts& facts = file->facts();
    EXPECT_EQ(std::chrono::floor<milliseconds>(facts.written)
                  .time_since_epoch()
                  .count(),
              std::stoll(vector.Text("written-ms")));
    EXPECT_EQ(facts.list_age.has_value()
                  ? std::to_string(facts.list_age->count())
                  : "none",
              vector.Text("list-age-ms"));
    EXPECT_EQ(facts.generation, std::stoull(vector.Text("generation")));
    int number = 0;
    file->ForEach([&](const CacheFileEntry& entry) {
      const std::string suffix = "-" + std::to_string(++number);
      EXPECT_EQ(Line(entry), vector.Text("entry" + suffix));
      if (entry.value.empty()) return;
      const auto value =
          Open(entry.value, key, BindingOf({profile, entry.name}));
      ASSERT_THAT(value, IsOk());
      EXPECT_EQ(value->Reveal(), vector.Text("value" + suffix));
    });
    EXPECT_EQ(number, std::stoi(vector.Text("entries")));
  }
}

}  // namespace
}  // namespace libretto
