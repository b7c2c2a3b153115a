#include "agent/core/explain.h"

#include <utility>

namespace libretto {
namespace {

using Rule = Explanation::Rule;
using Verdict = Explanation::Verdict;

// As Broker::Resolve(), but without asking for a list.
StatusOr<CredentialName> NameMeant(const Profile& profile,
                                   std::string_view text) {
  StatusOr<CredentialName> verbatim = CredentialName::Verbatim(text);
  if (verbatim.ok() && profile.cache.Info(*verbatim).has_value()) {
    return verbatim;
  }
  return CredentialName::Parse(text);
}

void Settle(Verdict verdict, Rule rule, Explanation& explanation) {
  explanation.verdict = verdict;
  explanation.rule = rule;
}

void Refuse(Rule rule, const Status& why, Explanation& explanation) {
  Settle(Verdict::kNo, rule, explanation);
  explanation.why_not = why;
}

void ExplainUsable(const Profile& profile, const CredentialName& name,
                   Explanation& explanation) {
  const bool offline = profile.broker.counters().offline_since.has_value();
  const bool in_time = explanation.age.has_value() &&
                       *explanation.age <= profile.broker.max_offline();
  if (in_time && (profile.cache.HasCurrent(name) || offline)) {
    Settle(Verdict::kYes, Rule::kCache, explanation);
    explanation.source =
        offline ? Credential::Source::kStale : Credential::Source::kMemory;
  } else if (!profile.broker.has_listed() || offline) {
    Settle(Verdict::kCloudDecides, Rule::kCloud, explanation);
  } else if (profile.cache.Info(name).has_value()) {
    Settle(Verdict::kYes, Rule::kList, explanation);
    explanation.source = Credential::Source::kCloud;
  } else {
    // It may have been made since.
    Settle(Verdict::kCloudDecides, Rule::kList, explanation);
  }
}

}  // namespace

Explanation Explain(const Profile& profile, std::string_view text,
                    const Clock& clock) {
  Explanation explanation;
  explanation.name = text;
  const StatusOr<CredentialName> name = NameMeant(profile, text);
  if (!name.ok()) {
    Refuse(Rule::kName, name.status(), explanation);
    return explanation;
  }
  explanation.name = name->text();
  if (const auto checked = profile.cache.CheckedAt(*name)) {
    explanation.age = std::chrono::duration_cast<std::chrono::milliseconds>(
        clock.Now() - *checked);
  }
  if (const LastReads::Read* read = profile.last_reads.Of(name->text())) {
    explanation.last_read = *read;
  }
  const Status gate = profile.session.Gate();
  if (!gate.ok()) {
    Refuse(gate.code() == StatusCode::kFailedPrecondition ? Rule::kLock
                                                          : Rule::kSession,
           gate, explanation);
  } else {
    ExplainUsable(profile, *name, explanation);
  }
  return explanation;
}

}  // namespace libretto
