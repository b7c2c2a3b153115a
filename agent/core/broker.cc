#include "agent/core/broker.h"

#include <algorithm>
#include <utility>

#include "agent/core/one_time_code.h"
#include "agent/core/with_key.h"

namespace libretto {
namespace {

std::chrono::milliseconds Since(TimePoint then, TimePoint now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - then);
}

}  // namespace

Status NoSuchCredential(const CredentialName& name) {
  return WithRemedy(
      NotFound("there is no credential named " + Printable(name.text())),
      "librettoctl cloud credentials list");
}

Broker::Broker(Session& session, KeyLease& lease, SealedCache& cache,
               Breakers& breakers, CredentialRemote& remote, const Clock& clock,
               BrokerOptions options)
    : session_(session),
      lease_(lease),
      cache_(cache),
      breakers_(breakers),
      remote_(remote),
      clock_(clock),
      options_(std::move(options)) {}

void Broker::Resolve(std::string_view text, Done<CredentialName> done) {
  StatusOr<CredentialName> parsed = CredentialName::Parse(text);
  // Without a session the gate below has the better answer.
  const bool settled = (parsed.ok() && parsed->text() == text) ||
                       listed_account_ == session_.account_epoch();
  if (settled || !session_.usable()) {
    return std::move(done)(ResolveFromList(text));
  }
  List([this, text = std::string(text),
        done = std::move(done)](const StatusOr<Listing>&) mutable {
    std::move(done)(ResolveFromList(text));
  });
}

StatusOr<CredentialName> Broker::ResolveFromList(std::string_view text) const {
  StatusOr<CredentialName> parsed = CredentialName::Parse(text);
  StatusOr<CredentialName> verbatim = CredentialName::Verbatim(text);
  if (verbatim.ok() && cache_.Info(*verbatim).has_value()) return verbatim;
  return parsed;
}

void Broker::Get(const CredentialName& name, const Freshness& wanted,
                 Done<Credential> done) {
  if (const Status gate = session_.Gate(); !gate.ok()) {
    return std::move(done)(gate);
  }
  if (!wanted.ask_first) {
    auto hit = FromCache(name, wanted.max_age, /*cloud_is_away=*/false);
    if (hit.has_value()) {
      ++counters_.hits;
      return std::move(done)(*std::move(hit));
    }
  }
  ++counters_.misses;
  const bool anything_will_do =
      !wanted.ask_first && !wanted.max_age.has_value();
  if (anything_will_do && IsKnownAbsent(name)) {
    return std::move(done)(NoSuchCredential(name));
  }
  const MaxAge accepted =
      wanted.ask_first ? std::chrono::milliseconds(0) : wanted.max_age;
  JoinFetch(name, accepted, {std::move(done), wanted.max_age});
}

void Broker::GetOneTimeCode(const CredentialName& name, const Freshness& wanted,
                            Done<Credential> done) {
  Get(name, wanted,
      [this, done = std::move(done)](StatusOr<Credential> credential) mutable {
        if (!credential.ok()) return std::move(done)(credential.status());
        StatusOr<SecretBytes> code =
            OneTimeCode(credential->value, clock_.WallNow());
        if (!code.ok()) {
          return std::move(done)(
              Annotate(code.status(), Printable(credential->name)));
        }
        credential->value = *std::move(code);
        std::move(done)(std::move(credential));
      });
}

std::optional<Credential> Broker::FromCache(const CredentialName& name,
                                            const MaxAge& max_age,
                                            bool cloud_is_away) {
  auto value = cache_.Get(name, session_.key());
  if (!value.ok()) return std::nullopt;
  // What was restored may have changed meanwhile: the cloud is asked first,
  // unless it is known that it cannot be.
  const bool will_do =
      value->current || cloud_is_away ||
      (value->unconfirmed && counters_.offline_since.has_value());
  if (!will_do) return std::nullopt;
  const auto age = Since(value->checked, clock_.Now());
  if (age > options_.max_offline || age > max_age.value_or(age)) {
    return std::nullopt;
  }
  const bool stale = cloud_is_away || counters_.offline_since.has_value() ||
                     age > options_.stale_after;
  return Credential{
      name.text(), std::move(value->plain), age,
      stale ? Credential::Source::kStale : Credential::Source::kMemory,
      value->generation};
}

bool Broker::IsKnownAbsent(const CredentialName& name) const {
  const auto found = absent_.find(name.text());
  return found != absent_.end() && found->second.epoch == session_.epoch() &&
         clock_.Now() < found->second.until;
}

void Broker::RememberAbsent(const CredentialName& name, TimePoint since) {
  if (absent_.size() >= kMaxAbsent) {
    std::erase_if(absent_, [now = clock_.Now()](const auto& item) {
      return item.second.until <= now;
    });
  }
  if (absent_.size() >= kMaxAbsent) absent_.clear();
  absent_[name.text()] = {since + kAbsentFor, session_.epoch()};
}

void Broker::JoinFetch(const CredentialName& name, const MaxAge& accepted,
                       Waiter waiter) {
  const auto joinable = joinable_.find(name.text());
  if (joinable != joinable_.end()) {
    Fetch& fetch = fetches_.at(joinable->second);
    if (fetch.epoch == session_.epoch()) {
      const auto age = Since(fetch.origin.began, clock_.Now());
      const bool too_early = age > accepted.value_or(age);
      (too_early ? fetch.too_early_for : fetch.waiters)
          .push_back(std::move(waiter));
      return;
    }
  }
  std::vector<Waiter> waiters;
  waiters.push_back(std::move(waiter));
  StartFetch(name, std::move(waiters));
}

void Broker::StartFetch(const CredentialName& name,
                        std::vector<Waiter> waiters) {
  const std::uint64_t id = ++fetch_ids_;
  joinable_[name.text()] = id;
  Fetch& fetch = fetches_[id];
  fetch.epoch = session_.epoch();
  // In the order in which fetches begin: what a later one brings is no older.
  fetch.origin = {cache_.UpdatedAt(name), clock_.Now(), NextGeneration()};
  fetch.waiters = std::move(waiters);
  WithKey<SecretBytes>(
      lease_, OwnBreaker(), Breaker::Urgency::kUsual,
      [this, name](const ApiKey& key, Done<SecretBytes> fetched) {
        remote_.Fetch(key, name, std::move(fetched));
      },
      [this, name, id](StatusOr<SecretBytes> value) {
        FinishFetch(name, id, std::move(value));
      });
}

void Broker::FinishFetch(const CredentialName& name, std::uint64_t id,
                         StatusOr<SecretBytes> value) {
  Fetch fetch = std::move(fetches_.extract(id).mapped());
  const auto joinable = joinable_.find(name.text());
  const bool keep = joinable != joinable_.end() && joinable->second == id;
  if (keep) joinable_.erase(joinable);

  const StatusOr<Credential> outcome =
      Outcome(name, fetch, keep, std::move(value));
  if (!fetch.too_early_for.empty()) {
    // Together with whoever has begun another meanwhile, if somebody has.
    const auto next = joinable_.find(name.text());
    if (next == joinable_.end()) {
      StartFetch(name, std::move(fetch.too_early_for));
    } else {
      for (Waiter& waiter : fetch.too_early_for) {
        fetches_.at(next->second).waiters.push_back(std::move(waiter));
      }
    }
  }
  Answer(name, std::move(fetch.waiters), outcome);
}

void Broker::Answer(const CredentialName& name, std::vector<Waiter> waiters,
                    const StatusOr<Credential>& outcome) {
  for (Waiter& waiter : waiters) {
    if (outcome.ok()) {
      std::move(waiter.done)(Credential{outcome->name, outcome->value.Clone(),
                                        outcome->age, outcome->source,
                                        outcome->generation});
    } else {
      std::move(waiter.done)(InPlaceOf(outcome.status(), name, waiter));
    }
  }
}

StatusOr<Credential> Broker::InPlaceOf(const Status& failure,
                                       const CredentialName& name,
                                       const Waiter& waiter) {
  if (!waiter.memory_will_do || !WillPass(failure) || !session_.usable() ||
      !cache_.HasValue(name)) {
    return failure;
  }
  auto stale = FromCache(name, waiter.max_age, /*cloud_is_away=*/true);
  if (stale.has_value()) return *std::move(stale);
  return Annotate(failure, "what is in memory is too old");
}

StatusOr<Credential> Broker::Outcome(const CredentialName& name,
                                     const Fetch& fetch, bool keep,
                                     StatusOr<SecretBytes> value) {
  // The world may have changed meanwhile: what was fetched for one session is
  // for nobody else.
  if (fetch.epoch != session_.epoch()) {
    const Status gate = session_.Gate();
    return gate.ok() ? Conflict("the account was changed meanwhile") : gate;
  }
  NoteReachability(value.status());
  if (value.ok()) {
    if (keep) {
      absent_.erase(name.text());
      cache_.Put(name, *value, session_.key(), fetch.origin);
    }
    return Credential{name.text(), *std::move(value),
                      Since(fetch.origin.began, clock_.Now()),
                      Credential::Source::kCloud, fetch.origin.generation};
  }
  if (value.status().code() == StatusCode::kNotFound) {
    if (keep) {
      cache_.Drop(name);
      RememberAbsent(name, fetch.origin.began);
    }
    return NoSuchCredential(name);
  }
  return value.status();
}

void Broker::AskForList(bool wanted, Breaker::Urgency urgency,
                        Done<Listing> done) {
  if (const Status gate = session_.Gate(); !gate.ok()) {
    return std::move(done)(gate);
  }
  const ListRequest request{++list_ids_, session_.epoch(), clock_.Now(),
                            wanted};
  WithKey<std::vector<CredentialInfo>>(
      lease_, OwnBreaker(), urgency,
      [this](const ApiKey& key, Done<std::vector<CredentialInfo>> listed) {
        remote_.List(key, std::move(listed));
      },
      [this, request, done = std::move(done)](
          StatusOr<std::vector<CredentialInfo>> list) mutable {
        std::move(done)(FinishList(request, std::move(list)));
      });
}

StatusOr<Listing> Broker::FinishList(
    const ListRequest& request, StatusOr<std::vector<CredentialInfo>> list) {
  if (request.epoch != session_.epoch()) {
    const Status gate = session_.Gate();
    return gate.ok() ? Conflict("the account was changed meanwhile") : gate;
  }
  NoteReachability(list.status());
  if (!list.ok()) return LastListing(list.status(), request.wanted);
  Listing listing;
  listing.known = list->size();
  if (request.id <= last_applied_) {
    if (request.wanted) listing.credentials = *std::move(list);
    return listing;
  }
  last_applied_ = request.id;
  listed_account_ = session_.account_epoch();
  listed_at_ = request.began;
  counters_.last_list = clock_.WallNow();
  absent_.clear();
  listing.dropped = cache_.ApplyList(*std::move(list), request.began);
  if (request.wanted) listing.credentials = cache_.List();
  return listing;
}

StatusOr<Listing> Broker::LastListing(const Status& why, bool wanted) const {
  const bool known = listed_account_ == session_.account_epoch() &&
                     clock_.Now() - listed_at_ <= options_.max_offline;
  if (!known || !WillPass(why)) return why;
  Listing listing;
  listing.known = cache_.entries();
  if (wanted) listing.credentials = cache_.List();
  listing.stale_because = why;
  return listing;
}

void Broker::Prefetch(const CredentialName& name, DoneStatus done) {
  if (const Status gate = session_.Gate(); !gate.ok()) {
    return std::move(done)(gate);
  }
  if (cache_.HasCurrent(name)) return std::move(done)(OkStatus());
  Waiter waiter;
  waiter.done =
      [done = std::move(done)](const StatusOr<Credential>& credential) mutable {
        std::move(done)(credential.status());
      };
  waiter.memory_will_do = false;
  JoinFetch(name, /*accepted=*/std::nullopt, std::move(waiter));
}

void Broker::NoteReachability(const Status& status) {
  if (status.code() != StatusCode::kUnavailable) {
    counters_.offline_since.reset();
  } else if (!counters_.offline_since.has_value()) {
    counters_.offline_since = clock_.WallNow();
  }
}

std::uint64_t Broker::NextGeneration() {
  // By the time of day, so that it grows over restarts of the agent, and over
  // the profiles that live for one call.
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      clock_.WallNow().time_since_epoch());
  generation_ =
      std::max(generation_ + 1, static_cast<std::uint64_t>(now.count()));
  return generation_;
}

void Broker::Resume(std::uint64_t generation,
                    std::optional<TimePoint> listed_at) {
  generation_ = std::max(generation_, generation);
  if (!listed_at.has_value()) return;
  listed_account_ = session_.account_epoch();
  listed_at_ = *listed_at;
}

Breaker& Broker::OwnBreaker() {
  return breakers_.For(options_.profile, session_.api_url());
}

const Breaker* Broker::breaker() const {
  return breakers_.Find(options_.profile, session_.api_url());
}

}  // namespace libretto
