#include "agent/core/broker.h"

#include <utility>

#include "agent/core/one_time_code.h"
#include "agent/core/with_key.h"

namespace libretto {
namespace {

Status NoSuchCredential(const CredentialName& name) {
  return WithRemedy(
      NotFound("there is no credential named " + Printable(name.text())),
      "librettoctl cloud credentials list");
}

Status CheckValue(const SecretBytes& value) {
  if (value.size() > Broker::kMaxValueBytes) {
    return Invalid("the value is " + std::to_string(value.size()) +
                   " bytes long; the limit is 65536");
  }
  return OkStatus();
}

// For remote calls that complete with a bare status.
struct Nothing {};

DoneStatus AsDoneStatus(Done<Nothing> done) {
  return [done = std::move(done)](Status status) mutable {
    if (status.ok()) return std::move(done)(Nothing{});
    std::move(done)(std::move(status));
  };
}

}  // namespace

Broker::Broker(Session& session, KeyLease& lease, SealedCache& cache,
               CredentialRemote& remote, const Clock& clock,
               std::chrono::seconds max_offline)
    : session_(session),
      lease_(lease),
      cache_(cache),
      remote_(remote),
      clock_(clock),
      max_offline_(max_offline) {}

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

void Broker::Get(const CredentialName& name, Done<Credential> done) {
  if (const Status gate = session_.Gate(); !gate.ok()) {
    return std::move(done)(gate);
  }
  if (auto hit = FromCache(name, /*overtaken_too=*/false)) {
    ++counters_.hits;
    return std::move(done)(*std::move(hit));
  }
  ++counters_.misses;
  JoinFetch(name, std::move(done));
}

void Broker::GetOneTimeCode(const CredentialName& name, Done<Credential> done) {
  Get(name,
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
                                            bool overtaken_too) {
  auto value = cache_.Get(name, session_.key());
  if (!value.ok() || (!value->current && !overtaken_too)) return std::nullopt;
  const auto age = clock_.Now() - value->checked;
  if (age > max_offline_) return std::nullopt;
  return Credential{name.text(), std::move(value->plain),
                    std::chrono::duration_cast<std::chrono::milliseconds>(age),
                    counters_.offline_since.has_value()
                        ? Credential::Source::kStale
                        : Credential::Source::kMemory,
                    value->generation};
}

void Broker::JoinFetch(const CredentialName& name, Done<Credential> done) {
  const auto joinable = joinable_.find(name.text());
  if (joinable != joinable_.end()) {
    Fetch& fetch = fetches_.at(joinable->second);
    if (fetch.epoch == session_.epoch()) {
      fetch.waiters.push_back(std::move(done));
      return;
    }
  }
  const std::uint64_t id = ++fetch_ids_;
  joinable_[name.text()] = id;
  Fetch& fetch = fetches_[id];
  fetch.epoch = session_.epoch();
  fetch.listed_as = cache_.UpdatedAt(name);
  fetch.waiters.push_back(std::move(done));
  WithKey<SecretBytes>(
      lease_,
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
  for (Done<Credential>& waiter : fetch.waiters) {
    if (!outcome.ok()) {
      std::move(waiter)(outcome.status());
    } else {
      std::move(waiter)(Credential{outcome->name, outcome->value.Clone(),
                                   outcome->age, outcome->source,
                                   outcome->generation});
    }
  }
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
    Credential credential{name.text(), *std::move(value)};
    if (keep) {
      cache_.Put(name, credential.value, session_.key(), fetch.listed_as,
                 clock_.Now());
      credential.generation = cache_.Generation(name);
    }
    return credential;
  }
  if (value.status().code() == StatusCode::kNotFound) {
    if (keep) cache_.Drop(name);
    return NoSuchCredential(name);
  }
  if (value.status().code() == StatusCode::kUnavailable && keep) {
    auto stale = FromCache(name, /*overtaken_too=*/true);
    if (stale.has_value()) return *std::move(stale);
  }
  return value.status();
}

void Broker::List(Done<Listing> done) {
  if (const Status gate = session_.Gate(); !gate.ok()) {
    return std::move(done)(gate);
  }
  WithKey<std::vector<CredentialInfo>>(
      lease_,
      [this](const ApiKey& key, Done<std::vector<CredentialInfo>> listed) {
        remote_.List(key, std::move(listed));
      },
      [this, id = ++list_ids_, epoch = session_.epoch(),
       done = std::move(done)](
          StatusOr<std::vector<CredentialInfo>> list) mutable {
        if (epoch != session_.epoch()) {
          const Status gate = session_.Gate();
          return std::move(done)(
              gate.ok() ? Conflict("the account was changed meanwhile") : gate);
        }
        NoteReachability(list.status());
        if (list.status().code() == StatusCode::kUnavailable &&
            listed_account_ == session_.account_epoch()) {
          return std::move(done)(
              Listing{cache_.List(), /*dropped=*/0, /*stale=*/true});
        }
        if (!list.ok()) return std::move(done)(list.status());
        Listing listing{*list};
        if (id > last_applied_) {
          last_applied_ = id;
          listed_account_ = session_.account_epoch();
          counters_.last_list = clock_.WallNow();
          listing.dropped = cache_.ApplyList(*std::move(list), clock_.Now());
        }
        std::move(done)(std::move(listing));
      });
}

void Broker::Prefetch(const CredentialName& name, DoneStatus done) {
  if (const Status gate = session_.Gate(); !gate.ok()) {
    return std::move(done)(gate);
  }
  if (cache_.HasCurrent(name)) return std::move(done)(OkStatus());
  JoinFetch(name, [done = std::move(done)](
                      const StatusOr<Credential>& credential) mutable {
    std::move(done)(credential.status());
  });
}

void Broker::Create(const CredentialName& name, SecretBytes value,
                    Done<std::string> done) {
  if (const Status valid = CheckValue(value); !valid.ok()) {
    return std::move(done)(valid);
  }
  WithKey<std::string>(
      lease_,
      [this, name, value = std::move(value)](const ApiKey& key,
                                             Done<std::string> created) {
        remote_.Create(key, name, value, std::move(created));
      },
      [this, name, done = std::move(done)](StatusOr<std::string> id) mutable {
        NoteWrite(name, id.status());
        std::move(done)(std::move(id));
      });
}

void Broker::Upsert(const CredentialName& name, SecretBytes value,
                    Done<Upserted> done) {
  if (const Status valid = CheckValue(value); !valid.ok()) {
    return std::move(done)(valid);
  }
  WithKey<Upserted>(
      lease_,
      [this, name, value = std::move(value)](const ApiKey& key,
                                             Done<Upserted> upserted) {
        remote_.Upsert(key, name, value, std::move(upserted));
      },
      [this, name,
       done = std::move(done)](StatusOr<Upserted> upserted) mutable {
        NoteWrite(name, upserted.status());
        std::move(done)(std::move(upserted));
      });
}

void Broker::Update(const CredentialName& name, CredentialChange change,
                    Done<std::string> done) {
  if (change.value.has_value()) {
    if (const Status valid = CheckValue(*change.value); !valid.ok()) {
      return std::move(done)(valid);
    }
  }
  FindId(name, [this, name, change = std::move(change),
                done = std::move(done)](StatusOr<std::string> id) mutable {
    if (!id.ok()) return std::move(done)(id.status());
    UpdateById(name, *std::move(id), std::move(change), std::move(done));
  });
}

void Broker::UpdateById(const CredentialName& name, std::string id,
                        CredentialChange change, Done<std::string> done) {
  std::optional<CredentialName> new_name = change.new_name;
  WithKey<Nothing>(
      lease_,
      [this, id, change = std::move(change)](const ApiKey& key,
                                             Done<Nothing> updated) {
        remote_.Update(key, id, change.value, change.new_name,
                       AsDoneStatus(std::move(updated)));
      },
      [this, name, id, new_name = std::move(new_name),
       done = std::move(done)](const StatusOr<Nothing>& updated) mutable {
        NoteWrite(name, updated.status());
        if (new_name.has_value()) NoteWrite(*new_name, updated.status());
        if (!updated.ok()) return std::move(done)(updated.status());
        std::move(done)(std::move(id));
      });
}

void Broker::Delete(const CredentialName& name, DoneStatus done) {
  FindId(name, [this, name,
                done = std::move(done)](StatusOr<std::string> id) mutable {
    if (!id.ok()) return std::move(done)(id.status());
    DeleteById(name, *std::move(id), std::move(done));
  });
}

void Broker::DeleteById(const CredentialName& name, std::string id,
                        DoneStatus done) {
  WithKey<Nothing>(
      lease_,
      [this, id = std::move(id)](const ApiKey& key, Done<Nothing> deleted) {
        remote_.Delete(key, id, AsDoneStatus(std::move(deleted)));
      },
      [this, name,
       done = std::move(done)](const StatusOr<Nothing>& deleted) mutable {
        NoteWrite(name, deleted.status());
        std::move(done)(deleted.status());
      });
}

void Broker::FindId(const CredentialName& name, Done<std::string> done) {
  // Always from a fresh list: an id that was remembered may be that of a
  // credential which has been deleted and made again.
  List([name, done = std::move(done)](StatusOr<Listing> listing) mutable {
    if (!listing.ok()) return std::move(done)(listing.status());
    if (listing->stale) {
      return std::move(done)(
          Offline("the cloud cannot be reached, so nothing was changed"));
    }
    for (CredentialInfo& info : listing->credentials) {
      if (info.name == name.text()) return std::move(done)(std::move(info.id));
    }
    std::move(done)(NoSuchCredential(name));
  });
}

void Broker::NoteWrite(const CredentialName& name, const Status& status) {
  NoteReachability(status);
  // Also after a failure: a write whose answer was lost may have happened.
  joinable_.erase(name.text());
  cache_.DropValue(name);
  last_applied_ = ++list_ids_;
}

void Broker::NoteReachability(const Status& status) {
  if (status.code() != StatusCode::kUnavailable) {
    counters_.offline_since.reset();
  } else if (!counters_.offline_since.has_value()) {
    counters_.offline_since = clock_.WallNow();
  }
}

}  // namespace libretto
