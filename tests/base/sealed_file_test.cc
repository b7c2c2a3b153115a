#include "base/sealed_file.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;

constexpr Argon2Cost kCheap{8192, 1};

Passphrase Typed(std::string_view text) { return {SecretBytes::CopyOf(text)}; }

std::string AsHex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(
        std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

class PassphraseFileTest : public ::testing::Test {
 protected:
  FileKey key_ = FileKey::Generate();
  std::string file_ =
      SealUnderPassphrase(key_, Typed("correct horse"), kCheap).value();
};

TEST_F(PassphraseFileTest, TheRightPassphraseOpensIt) {
  const auto opened = OpenWithPassphrase(file_, Typed("correct horse"));
  ASSERT_THAT(opened, IsOk());
  EXPECT_TRUE(opened->key.Copy().Equals(key_.key.Copy()));
}

TEST_F(PassphraseFileTest, AnotherPassphraseDoesNot) {
  EXPECT_THAT(OpenWithPassphrase(file_, Typed("correct horsf")),
              HasCode(StatusCode::kUnauthenticated));
}

TEST_F(PassphraseFileTest, NoTwoFilesAreAlike) {
  EXPECT_NE(file_, *SealUnderPassphrase(key_, Typed("correct horse"), kCheap));
}

TEST_F(PassphraseFileTest, EveryByteCounts) {
  for (std::size_t i = 0; i < file_.size(); ++i) {
    std::string changed = file_;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(OpenWithPassphrase(changed, Typed("correct horse")).ok()) << i;
  }
}

TEST_F(PassphraseFileTest, OtherLengthsAreCorrupt) {
  for (const std::string& text :
       {std::string(), file_.substr(0, 50), file_ + "x"}) {
    EXPECT_THAT(CheckPassphraseFile(text), HasCode(StatusCode::kDataLoss));
  }
}

TEST_F(PassphraseFileTest, ACostThatNobodyCanAffordIsRefusedUnpaid) {
  std::string file = file_;
  file[13] = '\x7f';  // 2 TiB
  EXPECT_THAT(CheckPassphraseFile(file), MessageHas("cost"));
  file = file_;
  file[14] = '\0';  // no pass
  EXPECT_THAT(CheckPassphraseFile(file), MessageHas("cost"));
}

class SessionFileTest : public ::testing::Test {
 protected:
  SealedSession Session() const {
    return {DataKey::FromBytes(data_key_.Copy()).value(),
            SecretBytes::CopyOf("the text")};
  }

  FileKey key_ = FileKey::Generate();
  DataKey data_key_ = DataKey::Generate();
  std::string file_ = SealSession(Session(), key_, "default");
};

TEST_F(SessionFileTest, WhatWasSealedOpens) {
  const auto opened = OpenSession(file_, key_, "default");
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->text.Reveal(), "the text");
  EXPECT_TRUE(opened->data_key.Copy().Equals(data_key_.Copy()));
}

TEST_F(SessionFileTest, AnotherKeyOrProfileDoesNotOpenIt) {
  EXPECT_THAT(OpenSession(file_, FileKey::Generate(), "default"),
              HasCode(StatusCode::kDataLoss));
  EXPECT_THAT(OpenSession(file_, key_, "work"), HasCode(StatusCode::kDataLoss));
}

TEST_F(SessionFileTest, EveryByteCounts) {
  for (std::size_t i = 0; i < file_.size(); ++i) {
    std::string changed = file_;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(OpenSession(changed, key_, "default").ok()) << i;
  }
  for (std::size_t size = 0; size < file_.size(); ++size) {
    EXPECT_FALSE(OpenSession(file_.substr(0, size), key_, "default").ok());
  }
}

// docs/sealed-format.md says what the fields mean.
class Vector {
 public:
  explicit Vector(const std::filesystem::path& path) {
    std::ifstream stream(path);
    for (std::string line; std::getline(stream, line);) {
      const std::size_t colon = line.find(": ");
      if (line.starts_with('#') || colon == std::string::npos) continue;
      fields_[line.substr(0, colon)] = line.substr(colon + 2);
    }
  }
  std::string Text(const std::string& name) const { return fields_.at(name); }
  std::string Bytes(const std::string& name) const {
    return FromHex(Text(name));
  }

 private:
  std::map<std::string, std::string> fields_;
};

std::string Outcome(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return "opens";
    case StatusCode::kUnauthenticated:
      return "wrong passphrase";
    case StatusCode::kDataLoss:
      return "corrupt";
    default:
      return Message(status);
  }
}

TEST(SealedVectors, EachDoesWhatItExpects) {
  int seen = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(LIBRETTO_VECTORS "/sealed")) {
    SCOPED_TRACE(entry.path().filename());
    ++seen;
    const Vector vector(entry.path());
    if (vector.Text("kind") == "passphrase") {
      const auto key = OpenWithPassphrase(vector.Bytes("file"),
                                          Typed(vector.Text("passphrase")));
      EXPECT_EQ(Outcome(key.status()), vector.Text("expect"));
      if (key.ok()) {
        EXPECT_EQ(AsHex(key->key.Copy().Reveal()), vector.Text("file-key"));
      }
      continue;
    }
    const FileKey key{
        DataKey::FromBytes(SecretBytes::CopyOf(vector.Bytes("file-key")))
            .value()};
    const auto session =
        OpenSession(vector.Bytes("file"), key, vector.Text("profile"));
    EXPECT_EQ(Outcome(session.status()), vector.Text("expect"));
    if (session.ok()) {
      EXPECT_EQ(AsHex(session->data_key.Copy().Reveal()),
                vector.Text("data-key"));
      EXPECT_EQ(session->text.Reveal(), vector.Text("text"));
    }
  }
  EXPECT_GE(seen, 10);
}

}  // namespace
}  // namespace libretto
