#include "base/grpc_message.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace libretto {
namespace {

constexpr std::size_t kFirstBytes = 4096;

}  // namespace

bool IsGrpcContentType(std::string_view type) {
  if (!type.starts_with(kGrpcContentType)) return false;
  type.remove_prefix(kGrpcContentType.size());
  return type.empty() || type.front() == '+' || type.front() == ';';
}

SecretBytes WithGrpcPrefix(std::string_view message) {
  SecretBytes bytes(kGrpcPrefixBytes + message.size());
  char* const out = bytes.RevealMutable();
  for (std::size_t i = 1; i < kGrpcPrefixBytes; ++i) {
    out[i] = static_cast<char>(message.size() >> (8 * (4 - i)) & 0xff);
  }
  if (!message.empty()) {
    std::memcpy(out + kGrpcPrefixBytes, message.data(), message.size());
  }
  return bytes;
}

GrpcMessageReader::Problem GrpcMessageReader::Read(std::string_view& bytes) {
  if (prefix_filled_ < kGrpcPrefixBytes) {
    const std::size_t part =
        std::min(bytes.size(), kGrpcPrefixBytes - prefix_filled_);
    std::memcpy(prefix_.data() + prefix_filled_, bytes.data(), part);
    prefix_filled_ += part;
    bytes.remove_prefix(part);
    if (prefix_filled_ < kGrpcPrefixBytes) return Problem::kNone;
    if (const Problem problem = Begin(); problem != Problem::kNone) {
      return problem;
    }
  }
  const std::size_t part = std::min(bytes.size(), declared_ - filled_);
  if (part > 0) Append(bytes.substr(0, part));
  bytes.remove_prefix(part);
  complete_ = filled_ == declared_;
  return Problem::kNone;
}

GrpcMessageReader::Problem GrpcMessageReader::Begin() {
  if (prefix_[0] != 0) return Problem::kCompressed;
  declared_ = 0;
  for (std::size_t i = 1; i < kGrpcPrefixBytes; ++i) {
    declared_ = declared_ << 8 | prefix_[i];
  }
  filled_ = 0;
  return declared_ > max_bytes_ ? Problem::kTooLarge : Problem::kNone;
}

void GrpcMessageReader::Append(std::string_view piece) {
  const std::size_t needed = filled_ + piece.size();
  if (needed > message_.size()) {
    SecretBytes larger(std::min(
        declared_, std::max({needed, 2 * message_.size(), kFirstBytes})));
    if (filled_ > 0) {
      std::memcpy(larger.RevealMutable(), message_.Reveal().data(), filled_);
    }
    message_ = std::move(larger);
  }
  std::memcpy(message_.RevealMutable() + filled_, piece.data(), piece.size());
  filled_ = needed;
}

std::optional<SecretBytes> GrpcMessageReader::TakeMessage() {
  if (!complete_) return std::nullopt;
  complete_ = false;
  prefix_filled_ = 0;
  return std::exchange(message_, SecretBytes());
}

}  // namespace libretto
