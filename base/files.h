// Small files that matter: read whole under a limit, replaced atomically, kept
// in directories that are ours alone. Any thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/secret.h"

namespace libretto {

// The folder that `path` lies in: "." for a bare name, "/" at the top.
std::string ParentOf(const std::string& path);

// NotFound() when there is none; Invalid() when it is larger than `max_bytes`
// or not a regular file.
StatusOr<SecretBytes> ReadFile(const std::string& path, std::size_t max_bytes);

// OK when there is none; Denied() when others than its owner can read it.
Status CheckReadableByOwnerAlone(const std::string& path);

// Temporary file beside it (random name), fsync, rename, fsync of the folder:
// a reader sees the old content or the new, also after a power cut, and two
// writers never mix.
Status WriteFileAtomically(const std::string& path, std::string_view content,
                           mode_t mode);

// The same for a file that is not there yet: of several writers at once one
// makes it, and the others hear Conflict().
Status WriteNewFile(const std::string& path, std::string_view content,
                    mode_t mode);

// Unlinks; a file that is not there is fine.
Status RemoveFile(const std::string& path);

// Makes `path` (and what is missing above it) with mode 0700, or checks what
// is there: a directory, not a link, owned by this user and writable by nobody
// else. Denied() otherwise, with the reason.
Status EnsurePrivateDirectory(const std::string& path);

}  // namespace libretto
