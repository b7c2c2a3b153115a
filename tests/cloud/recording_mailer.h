// A mailer that keeps what it is given, or fails when told to.
#pragma once

#include <string>
#include <vector>

#include "cloud/core/mailer.h"

namespace libretto::cloud::testing {

class RecordingMailer final : public Mailer {
 public:
  Status Send(const Mail& mail) override {
    if (!failure_.ok()) return failure_;
    mails_.push_back(mail);
    return OkStatus();
  }

  void FailWith(Status failure) { failure_ = std::move(failure); }

  const std::vector<Mail>& mails() const { return mails_; }

  // The link in the last mail: the line that begins with a URL.
  std::string LastLink() const {
    if (mails_.empty()) return "";
    const std::string& text = mails_.back().text;
    const std::size_t begin = text.find("\nhttp");
    if (begin == std::string::npos) return "";
    return text.substr(begin + 1, text.find('\n', begin + 1) - begin - 1);
  }

 private:
  Status failure_;
  std::vector<Mail> mails_;
};

}  // namespace libretto::cloud::testing
