#include "base/grpc_message.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace libretto {
namespace {

using Problem = GrpcMessageReader::Problem;

std::string Wire(const std::string& message) {
  return std::string(WithGrpcPrefix(message).Reveal());
}

TEST(GrpcMessageTest, APrefixSaysHowLongTheMessageIs) {
  EXPECT_EQ(Wire(""), std::string(5, '\0'));
  EXPECT_EQ(Wire("abc"), std::string("\0\0\0\0\3abc", 8));
  EXPECT_EQ(Wire(std::string(0x010203, 'x')).substr(0, 5),
            std::string("\0\0\1\2\3", 5));
}

TEST(GrpcMessageTest, MessagesComeInWhateverPieces) {
  const std::string large(100'000, 'x');
  const std::string all = Wire("one") + Wire("") + Wire(large);
  for (const std::size_t step : {1UL, 4UL, 7UL, 4096UL, all.size()}) {
    GrpcMessageReader reader(large.size());
    std::vector<std::string> messages;
    for (std::size_t at = 0; at < all.size(); at += step) {
      std::string_view piece = std::string_view(all).substr(at, step);
      while (!piece.empty()) {
        ASSERT_EQ(reader.Read(piece), Problem::kNone);
        if (const auto message = reader.TakeMessage()) {
          messages.emplace_back(message->Reveal());
        }
      }
    }
    EXPECT_EQ(messages, (std::vector<std::string>{"one", "", large})) << step;
    EXPECT_FALSE(reader.within_message());
  }
}

TEST(GrpcMessageTest, WhatIsHalfIsNoMessage) {
  GrpcMessageReader reader(100);
  const std::string wire = Wire("abc");
  std::string_view half = std::string_view(wire).substr(0, 7);
  EXPECT_EQ(reader.Read(half), Problem::kNone);
  EXPECT_TRUE(half.empty());
  EXPECT_FALSE(reader.TakeMessage().has_value());
  EXPECT_TRUE(reader.within_message());
}

TEST(GrpcMessageTest, WhatIsTooLargeOrCompressedIsSaidAtOnce) {
  GrpcMessageReader reader(3);
  const std::string wire = Wire("abcd");
  std::string_view large = std::string_view(wire).substr(0, 5);
  EXPECT_EQ(reader.Read(large), Problem::kTooLarge);
  GrpcMessageReader other(3);
  std::string_view compressed("\1\0\0\0\1", 5);
  EXPECT_EQ(other.Read(compressed), Problem::kCompressed);
}

TEST(GrpcMessageTest, AContentTypeMayHaveMore) {
  for (const char* type :
       {"application/grpc", "application/grpc+proto", "application/grpc;a=b"}) {
    EXPECT_TRUE(IsGrpcContentType(type)) << type;
  }
  for (const char* type : {"", "application/grpc-web", "text/plain"}) {
    EXPECT_FALSE(IsGrpcContentType(type)) << type;
  }
}

}  // namespace
}  // namespace libretto
