// Sealing: in which form sessions rest, and the key to the sealed form while
// the agent is unlocked. Lock changes it; the stores of sessions look at it.
//
// Loop thread only.
#pragma once

#include <optional>
#include <utility>

#include "base/check.h"
#include "base/sealed_file.h"

namespace libretto {

class Sealing {
 public:
  enum class State {
    kOff,     // no passphrase is enrolled: sessions rest in the clear
    kLocked,  // they rest sealed, and nothing here opens them
    kOpen,    // they rest sealed, and key() opens them
  };

  State state() const { return state_; }

  const FileKey& key() const {  // REQUIRES: kOpen
    LIBRETTO_CHECK(key_.has_value());
    return *key_;
  }

  void TurnOff() { Enter(State::kOff); }
  void Lock() { Enter(State::kLocked); }
  void Open(FileKey key) {
    Enter(State::kOpen);
    key_ = std::move(key);
  }

 private:
  void Enter(State state) {
    state_ = state;
    key_.reset();
  }

  State state_ = State::kOff;
  std::optional<FileKey> key_;
};

}  // namespace libretto
