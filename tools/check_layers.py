#!/usr/bin/env python3
"""Checks that every #include follows the layers of docs/architecture.md.

A file may include what stands below it in its own column, and base; never a
neighbour in its row, never upward, never another column. Third-party libraries
enter where the table says and nowhere else. There is no list of exceptions:
what the table does not allow is an error.

    tools/check_layers.py [ROOT]
"""

import pathlib
import re
import sys

# What counts as the standard library: the two kinds of function that C++20
# lacks, and the names of the system's types (pid_t).
AS_STANDARD = {
    "absl/functional/any_invocable.h",
    "absl/functional/function_ref.h",
    "sys/types.h",
}

# Third-party headers by the library that they belong to.
LIBRARIES = {
    "absl": r"absl/",
    "asio": r"asio(/|\.hpp$)",
    "beast": r"boost/",
    "cli11": r"CLI/",
    "curl": r"curl/",
    "grpc": r"grpc(pp)?/",
    "gtest": r"g(test|mock)/",
    "json": r"nlohmann/",
    "nghttp2": r"nghttp2/",
    "oath": r"liboath/",
    "seccomp": r"seccomp\.h$",
    "protobuf": r"google/protobuf/",
    "soci": r"(soci/|sqlite3\.h$|libpq-fe\.h$|postgresql/)",
    "sodium": r"sodium",
    "sd-bus": r"systemd/",
    "spdlog": r"(spdlog|fmt)/",
    "toml": r"toml\+\+",
}

# What the agent's core and the cloud's core may not see: the system.
SYSTEM = re.compile(
    r"(sys|linux|arpa|net|netinet|asm)/"
    r"|(unistd|fcntl|poll|pwd|grp|signal|pthread|sched|termios|syslog|malloc"
    r"|dirent|netdb|spawn|fnmatch|glob)\.h$")

# The C++ client's headers, spelled as a program outside this tree does.
PUBLIC = re.compile(r"libretto/\w+\.h$")

PROTO = re.compile(r"(libretto/agent/v1/\w+(\.grpc)?"
                   r"|grpc/(health|reflection)/\w+/\w+)\.pb\.h$")

# folder: (first-party folders it may see besides itself, libraries). "system"
# stands for POSIX and Linux, "proto" and "grpc-proto" for the generated API.
# The wiring of a column is its main.cc.
TABLE = {
    "base": ((), ("absl", "sodium", "system")),
    "base/json": (("base",), ("json",)),
    "agent/core": (("base",), ("oath",)),
    "agent/grpc": (("base", "agent/core"), ("asio", "nghttp2", "system")),
    "agent/rpc": (("base", "agent/core", "agent/grpc"),
                  ("asio", "proto", "protobuf", "system")),
    "agent/net": (("base", "agent/core"), ("asio", "spdlog", "system")),
    "agent/remote": (("base", "base/json", "agent/core"),
                     ("asio", "curl", "system")),
    "agent/os": (("base", "base/json", "agent/core"),
                 ("sd-bus", "seccomp", "spdlog", "toml", "system")),
    "agent": (("base", "agent/core", "agent/grpc", "agent/rpc", "agent/net", "agent/remote",
               "agent/os"), ("asio", "cli11", "spdlog", "system")),
    "client/transport": (("base",), ("nghttp2", "proto", "protobuf", "system")),
    "client/delivery": (("base",), ("system",)),
    "client/commands": (("base", "base/json", "client/transport",
                         "client/delivery"),
                        ("cli11", "proto", "protobuf", "system")),
    # The C++ client; its public headers show nobody what it is made of.
    "client/cpp": (("base", "client/transport", "client/delivery",
                    "client/cpp/include/libretto"), ("system",)),
    "client/cpp/include/libretto": ((), ()),
    "client": (("base", "client/commands", "client/transport",
                "client/delivery"), ("cli11", "system")),
    "cloud/core": (("base",), ("sodium",)),
    "cloud/store": (("base", "cloud/core"), ("soci", "system")),
    "cloud/http": (("base", "base/json", "cloud/core"),
                   ("beast", "spdlog", "system")),
    "cloud/mail": (("base", "cloud/core"), ("curl", "spdlog", "system")),
    "cloud": (("base", "cloud/core", "cloud/store", "cloud/http",
               "cloud/mail"), ("beast", "cli11", "spdlog", "system")),
}

COLUMNS = ("base", "agent", "client", "cloud")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def folder_of(path):
    """The row of TABLE that a first-party path belongs to."""
    if re.fullmatch(r"base/json\.(h|cc)", path):
        return "base/json"
    return path.rpartition("/")[0]


def rights_of(path):
    """(folders, libraries) for the file at `path`; None when unknown."""
    parts = path.split("/")
    if parts[0] != "tests":
        folder = folder_of(path)
        if folder not in TABLE:
            return None
        folders, libraries = TABLE[folder]
        return {folder, *folders}, set(libraries)
    # Tests see their whole column, the fakes, GoogleTest and a stock gRPC at
    # the other end; the parts of tests/ that belong to no column see all of
    # ours.
    column = parts[1] if len(parts) > 2 and parts[1] in COLUMNS else None
    folders = {"base", "base/json"}
    libraries = {"grpc", "grpc-proto", "gtest", "system"}
    for folder, (_, allowed) in TABLE.items():
        if column is None or folder.split("/")[0] == column:
            folders.add(folder)
            libraries.update(allowed)
    return folders, libraries


def complaint(path, include):
    """Why `path` may not include `include`; None when it may."""
    rights = rights_of(path)
    if rights is None:
        return f"{path.rpartition('/')[0]} is not in the table of layers"
    folders, libraries = rights
    if PROTO.match(include):
        kind = "grpc-proto" if ".grpc." in include else "proto"
        return None if kind in libraries else "the API is not seen here"
    if PUBLIC.match(include):
        include = "client/cpp/include/" + include
    top = include.split("/")[0]
    if top == "tests":
        return None if path.startswith("tests/") else "a test"
    if top in COLUMNS:
        folder = folder_of(include)
        return None if folder in folders else f"{folder} is not below"
    if include in AS_STANDARD:
        return None
    for library, pattern in LIBRARIES.items():
        if re.match(pattern, include):
            if library in libraries:
                return None
            return f"{library} does not enter here"
    if SYSTEM.match(include):
        return None if "system" in libraries else "the system is not seen here"
    if "/" in include:
        return "an unknown library: add it to the table, with a reason"
    return None


def check(root):
    """Every complaint about the tree at `root`, as printable lines."""
    complaints = []
    for top in COLUMNS + ("tests",):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in (".h", ".cc") or not file.is_file():
                continue
            path = file.relative_to(root).as_posix()
            lines = file.read_text(encoding="utf-8").splitlines()
            for number, line in enumerate(lines, 1):
                match = INCLUDE.match(line)
                why = match and complaint(path, match.group(1))
                if why:
                    complaints.append(
                        f"{path}:{number}: {match.group(1)}: {why}")
    return complaints


def main():
    default = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    complaints = check(root)
    for line in complaints:
        print(line)
    if complaints:
        print(f"check_layers: {len(complaints)} includes cross a layer; "
              "docs/architecture.md says why there are any")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
