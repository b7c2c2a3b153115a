// Runs one call of the cloud with the leased key once the breaker lets it pass,
// and once more with another key if the cloud has disowned the first: it may
// have been revoked from elsewhere. Loop thread only.
#pragma once

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "agent/core/breaker.h"
#include "agent/core/key_lease.h"

namespace libretto {

template <typename T>
struct KeyedCall {
  // Called at most twice; takes what it needs of the key before it returns.
  absl::AnyInvocable<void(const ApiKey&, Done<T>)> operation;
  Done<T> done;
  bool last_try = false;
};

template <typename T>
void WithKey(KeyLease& lease, std::unique_ptr<KeyedCall<T>> call) {
  lease.Acquire([&lease, call = std::move(call)](StatusOr<ApiKey> key) mutable {
    if (!key.ok()) return std::move(call->done)(key.status());
    // The operation lives in what its own completion owns.
    KeyedCall<T>& running = *call;
    running.operation(*key, [&lease, call = std::move(call),
                             used = key->Clone()](StatusOr<T> result) mutable {
      const bool disowned =
          result.status().code() == StatusCode::kUnauthenticated;
      if (disowned && lease.Reject(used) && !call->last_try) {
        call->last_try = true;
        return WithKey(lease, std::move(call));
      }
      std::move(call->done)(std::move(result));
    });
  });
}

template <typename T>
using KeyedOperation = absl::AnyInvocable<void(const ApiKey&, Done<T>)>;

template <typename T>
void WithKey(KeyLease& lease, Breaker& breaker, Breaker::Urgency urgency,
             KeyedOperation<T> operation, Done<T> done) {
  breaker.Enter(urgency, [&lease, &breaker, operation = std::move(operation),
                          done = std::move(done)](
                             StatusOr<Breaker::Ticket> ticket) mutable {
    if (!ticket.ok()) return std::move(done)(ticket.status());
    auto leave = [&breaker, ticket = *ticket,
                  done = std::move(done)](StatusOr<T> result) mutable {
      breaker.Leave(ticket, result.status());
      std::move(done)(std::move(result));
    };
    WithKey(lease, std::make_unique<KeyedCall<T>>(
                       KeyedCall<T>{std::move(operation), std::move(leave)}));
  });
}

}  // namespace libretto
