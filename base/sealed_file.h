// The two files that an enrolled agent keeps (docs/sealed-format.md): the
// passphrase file, a random key sealed under a passphrase, and the session
// file, what an account rests as, sealed under that key. Bytes in, bytes out:
// who reads and writes the disk is elsewhere. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/seal.h"
#include "base/secret.h"

namespace libretto {

struct Passphrase {
  static constexpr std::size_t kMinBytes = 8;
  static constexpr std::size_t kMaxBytes = 1024;

  // Invalid(), saying the rule, for one that nobody may enroll.
  Status Check() const;

  SecretBytes text;
};

// What session files are sealed under.
struct FileKey {
  static FileKey Generate() { return {DataKey::Generate()}; }

  DataKey key;
};

// What one guess costs. A file says its own, within bounds that a reader can
// afford.
struct Argon2Cost {
  std::uint32_t memory_kib = 64 * 1024;
  std::uint32_t passes = 3;
};

// A passphrase file. Takes what Argon2id takes, some 0.1 s: not on the loop.
StatusOr<std::string> SealUnderPassphrase(const FileKey& key,
                                          const Passphrase& passphrase,
                                          const Argon2Cost& cost = {});

// OK when `file` is a passphrase file of a version that is known, at a cost
// within the bounds; Corrupt() otherwise.
Status CheckPassphraseFile(std::string_view file);

// Takes as long. Unauthenticated() when the passphrase is wrong, or the file
// was changed where only the seal tells.
StatusOr<FileKey> OpenWithPassphrase(std::string_view file,
                                     const Passphrase& passphrase);

// What a session file holds: the key that seals what the agent caches, and the
// session as auth.json has it.
struct SealedSession {
  DataKey data_key;
  SecretBytes text;
};

// `profile` is bound into the seal.
std::string SealSession(const SealedSession& session, const FileKey& key,
                        std::string_view profile);
// Corrupt() when it is anything else than what SealSession() made with the same
// key for the same profile.
StatusOr<SealedSession> OpenSession(std::string_view file, const FileKey& key,
                                    std::string_view profile);

}  // namespace libretto
