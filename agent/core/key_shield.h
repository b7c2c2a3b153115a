// KeyShield: shields the process's keys again a second after one was used. Then
// the next use pays for the hash of base/key_page.h once more, and calls that
// follow each other closely do not.
//
// Loop thread only.
#pragma once

#include "base/clock.h"
#include "base/key_page.h"

namespace libretto {

class KeyShield final : public Ticker {
 public:
  KeyShield(KeyPage& page, const Clock& clock) : page_(page), clock_(clock) {}

  std::optional<TimePoint> NextDeadline() const override;
  void Tick() override;

 private:
  KeyPage& page_;
  const Clock& clock_;
};

}  // namespace libretto
