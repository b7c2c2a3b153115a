// The half of Broker that changes credentials.
#include <utility>

#include "agent/core/broker.h"
#include "agent/core/with_key.h"

namespace libretto {
namespace {

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

void Broker::Create(const CredentialName& name, SecretBytes value,
                    Done<std::string> done) {
  if (const Status valid = CheckValue(value); !valid.ok()) {
    return std::move(done)(valid);
  }
  WithKey<std::string>(
      lease_, OwnBreaker(), Breaker::Urgency::kAsked,
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
      lease_, OwnBreaker(), Breaker::Urgency::kAsked,
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
      lease_, OwnBreaker(), Breaker::Urgency::kAsked,
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
        if (new_name.has_value() && *new_name != name) cache_.Drop(name);
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
      lease_, OwnBreaker(), Breaker::Urgency::kAsked,
      [this, id = std::move(id)](const ApiKey& key, Done<Nothing> deleted) {
        remote_.Delete(key, id, AsDoneStatus(std::move(deleted)));
      },
      [this, name,
       done = std::move(done)](const StatusOr<Nothing>& deleted) mutable {
        NoteWrite(name, deleted.status());
        if (deleted.ok()) cache_.Drop(name);
        std::move(done)(deleted.status());
      });
}

void Broker::FindId(const CredentialName& name, Done<std::string> done) {
  // Always from a fresh list: an id that was remembered may be that of a
  // credential which has been deleted and made again.
  List(
      [name, done = std::move(done)](StatusOr<Listing> listing) mutable {
        if (!listing.ok()) return std::move(done)(listing.status());
        if (!listing->stale_because.ok()) {
          return std::move(done)(
              Annotate(listing->stale_because, "nothing was changed"));
        }
        for (CredentialInfo& info : listing->credentials) {
          if (info.name == name.text()) {
            return std::move(done)(std::move(info.id));
          }
        }
        std::move(done)(NoSuchCredential(name));
      },
      Breaker::Urgency::kAsked);
}

void Broker::NoteWrite(const CredentialName& name, const Status& status) {
  NoteReachability(status);
  joinable_.erase(name.text());
  absent_.erase(name.text());
  // A write whose answer was lost may have happened, or happen yet; then what
  // was there before is better than nothing while the cloud is away.
  if (status.ok()) {
    cache_.DropValue(name);
    ++writes_;
  } else {
    cache_.Doubt(name);
  }
  last_applied_ = ++list_ids_;
}

}  // namespace libretto
