// Test vectors of tests/vectors/sealed; docs/sealed-format.md says what their
// fields mean.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/seal.h"

namespace libretto::testing {

inline std::string AsHex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

inline std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(
        std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

class Vector {
 public:
  // All of one kind.
  static std::vector<Vector> All(const std::string& kind) {
    std::vector<Vector> vectors;
    for (const auto& entry :
         std::filesystem::directory_iterator(LIBRETTO_VECTORS "/sealed")) {
      Vector vector(entry.path());
      if (vector.Text("kind") == kind) vectors.push_back(std::move(vector));
    }
    EXPECT_GE(vectors.size(), 5U) << kind;
    return vectors;
  }

  const std::string& file_name() const { return file_name_; }
  std::string Text(const std::string& name) const { return fields_.at(name); }
  std::string Bytes(const std::string& name) const {
    return FromHex(Text(name));
  }
  DataKey Key(const std::string& name) const {
    return DataKey::FromBytes(SecretBytes::CopyOf(Bytes(name))).value();
  }

  // Such a status as the field `expect` has it.
  static std::string Outcome(const Status& status) {
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

 private:
  explicit Vector(const std::filesystem::path& path)
      : file_name_(path.filename()) {
    std::ifstream stream(path);
    for (std::string line; std::getline(stream, line);) {
      const std::size_t colon = line.find(": ");
      if (line.starts_with('#') || colon == std::string::npos) continue;
      fields_[line.substr(0, colon)] = line.substr(colon + 2);
    }
  }

  std::string file_name_;
  std::map<std::string, std::string> fields_;
};

}  // namespace libretto::testing
