// What a daemon that holds secrets does first: before any library has been
// initialised and before the first thread.
#pragma once

#include <string>

namespace libretto {

// Clears the variables that make gRPC, OpenSSL, libcurl and the loader print,
// redirect or weaken things; makes the process undumpable (no core, no ptrace
// by the same user) and sets its core limit to zero.
void HardenProcess();

// Executes this program again with LD_BIND_NOW=1 and without what makes the
// loader or malloc() do otherwise than usual (LD_PRELOAD and its like), unless
// it was started so. The lazy binder spills vector registers, which may hold
// plaintext, to the stack; all of these are read at exec only. Returns when
// there was nothing to do or exec failed.
void EnsureCleanLoad(char** argv);

// The path of the file that this process executes; empty when it is not known.
std::string OwnProgram();

}  // namespace libretto
