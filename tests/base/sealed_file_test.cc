#include "base/sealed_file.h"

#include <gtest/gtest.h>

#include "tests/base/vector.h"
#include "tests/matchers.h"

namespace libretto {
namespace {

using testing::AsHex;
using testing::HasCode;
using testing::IsOk;
using testing::MessageHas;
using testing::Vector;

constexpr Argon2Cost kCheap{8192, 1};

Passphrase Typed(std::string_view text) { return {SecretBytes::CopyOf(text)}; }

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

TEST(SealedVectors, EachPassphraseFileDoesWhatItExpects) {
  for (const Vector& vector : Vector::All("passphrase")) {
    SCOPED_TRACE(vector.file_name());
    const auto key = OpenWithPassphrase(vector.Bytes("file"),
                                        Typed(vector.Text("passphrase")));
    EXPECT_EQ(Vector::Outcome(key.status()), vector.Text("expect"));
    if (key.ok()) {
      EXPECT_EQ(AsHex(key->key.Copy().Reveal()), vector.Text("file-key"));
    }
  }
}

TEST(SealedVectors, EachSessionFileDoesWhatItExpects) {
  for (const Vector& vector : Vector::All("session")) {
    SCOPED_TRACE(vector.file_name());
    const FileKey key{vector.Key("file-key")};
    const auto session =
        OpenSession(vector.Bytes("file"), key, vector.Text("profile"));
    EXPECT_EQ(Vector::Outcome(session.status()), vector.Text("expect"));
    if (session.ok()) {
      EXPECT_EQ(AsHex(session->data_key.Copy().Reveal()),
                vector.Text("data-key"));
      EXPECT_EQ(session->text.Reveal(), vector.Text("text"));
    }
  }
}

}  // namespace
}  // namespace libretto
