// GrpcMethods: what a server answers, by HTTP/2 path. Filled before the first
// connection, immutable then.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "agent/grpc/grpc_call.h"
#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

class GrpcMethods {
 public:
  // A call with one request, whole; the answer, or answers, may come later.
  using Serve = std::function<void(std::unique_ptr<GrpcCall>, SecretBytes)>;
  // A call with many requests, each of which is answered at once.
  using Converse = std::function<StatusOr<SecretBytes>(const SecretBytes&)>;
  using Method = std::variant<Serve, Converse>;

  // `path`: "/package.Service/Method".
  void Add(std::string path, Method method) {
    methods_.insert_or_assign(std::move(path), std::move(method));
  }

  // Null when there is no such method. Valid as long as this is.
  const Method* Find(std::string_view path) const {
    const auto found = methods_.find(path);
    return found == methods_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, Method, std::less<>> methods_;
};

}  // namespace libretto
