"""Whole commands from start to exit, beside what others start for the same."""

import os
import subprocess

import harness
from measure import Row
from stage import BIN, json_of

SECRET = "v" * 100
QUESTION = "protocol=https\nhost=example.test\n\n"


def rows(stage, effort):
    peers = Peers(stage)
    try:
        yield from compared(stage, peers, effort)
    finally:
        peers.close()


def compared(stage, peers, effort):
    ctl = str(BIN / "librettoctl")
    lines = {
        "true": ("/dev/null", ["/bin/true"]),
        "read": ("/dev/null", [ctl, "read", "warm"]),
        "run": ("/dev/null", [ctl, "run", "--credential", "warm", "--",
                              "/bin/true"]),
        **peers.quick(),
    }
    times = spawn(peers, lines, effort(400, 60))
    times = {name: [micros / 1000 for micros in series]
             for name, series in times.items()}

    def row(key, peer, limit):
        return Row(key, "librettoctl read NAME, warm, whole process", peer,
                   limit, times["read"], times[key.removeprefix("read_")])

    yield row("read_git", "git credential-cache get", 0.75)
    yield row("read_true", "/bin/true", 1.7)
    yield row("read_ssh", "ssh-add -l", 1.0)
    yield row("read_secret_tool", "secret-tool lookup (gnome-keyring)", 1.0)

    slow = spawn(peers, {"read": lines["read"], **peers.slow()},
                 effort(15, 3))
    yield Row("read_pass", "librettoctl read NAME, warm, whole process",
              "pass show (a key without a passphrase)", 1.0,
              [micros / 1000 for micros in slow["read"]],
              [micros / 1000 for micros in slow["pass"]])
    yield Row("run", "librettoctl run --credential NAME -- /bin/true",
              "read plus /bin/true", 1.2, times["run"],
              [a + b for a, b in zip(times["read"], times["true"])])


def spawn(peers, lines, rounds):
    text = "".join("\t".join([name, str(file), *map(str, argv)]) + "\n"
                   for name, (file, argv) in lines.items())
    return json_of([BIN / "bench_spawn", rounds], input=text,
                   env=peers.environment)


class Peers:
    """Others' daemons, each with a secret in it. Their commands need not say
    where: the environment does."""

    def __init__(self, stage):
        self.stage = stage
        self.home = stage.world.root / "peers"
        self.home.mkdir(mode=0o700)
        self.environment = stage.world.environment(
            GNUPGHOME=str(self.home / "gnupg"),
            PASSWORD_STORE_DIR=str(self.home / "pass"),
            DBUS_SESSION_BUS_ADDRESS=f"unix:path={self.home}/bus",
            SSH_AUTH_SOCK=str(self.home / "ssh"))
        self.question = self.home / "question"
        self.question.write_text(QUESTION)
        self.git = ["git", "credential-cache", f"--socket={self.home}/git"]
        for start in (self.start_git, self.start_ssh, self.start_keyring,
                      self.start_pass):
            start()

    def close(self):
        self.must(self.git + ["exit"])
        self.must(["gpgconf", "--kill", "all"])

    def quick(self):
        return {
            "git": (self.question, self.git + ["get"]),
            "ssh": ("/dev/null", ["ssh-add", "-l"]),
            "secret_tool": ("/dev/null", ["secret-tool", "lookup", "service",
                                          "bench"]),
        }

    def slow(self):
        return {"pass": ("/dev/null", ["pass", "show", "warm"])}

    def must(self, argv, text=""):
        done = subprocess.run(argv, input=text, text=True, check=False,
                              capture_output=True, env=self.environment)
        if done.returncode != 0:
            raise RuntimeError(f"{argv[0]}: {done.stderr}{done.stdout}")
        return done.stdout

    def start(self, argv, **more):
        process = subprocess.Popen(
            argv, env=self.environment, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
            **more)
        self.stage.started.append(process)
        return process

    def start_git(self):
        self.must(self.git + ["store"], QUESTION.rstrip("\n") +
                  f"\nusername=casey\npassword={SECRET}\n\n")
        if SECRET not in self.must(self.git + ["get"], QUESTION):
            raise RuntimeError("git credential-cache keeps nothing")

    def start_ssh(self):
        self.start(["ssh-agent", "-D", "-a", str(self.home / "ssh")])
        harness.wait_for((self.home / "ssh").exists, "ssh-agent")
        key = str(self.home / "key")
        self.must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        self.must(["ssh-add", "-q", key])

    def start_keyring(self):
        self.start(["dbus-daemon", "--session", "--nofork", "--nopidfile",
                    f"--address=unix:path={self.home}/bus"])
        harness.wait_for((self.home / "bus").exists, "the bus")
        keyring = self.start(["gnome-keyring-daemon", "--foreground",
                              "--unlock", "--components=secrets"])
        keyring.stdin.write("password")
        keyring.stdin.close()
        store = ["secret-tool", "store", "--label=bench", "service", "bench"]
        harness.wait_for(lambda: subprocess.run(
            store, input=SECRET, text=True, check=False, capture_output=True,
            env=self.environment).returncode == 0, "gnome-keyring")

    def start_pass(self):
        os.mkdir(self.home / "gnupg", 0o700)
        self.must(["gpg", "--batch", "--quiet", "--passphrase", "",
                   "--quick-gen-key", "bench@example.test"])
        self.must(["pass", "init", "bench@example.test"])
        self.must(["pass", "insert", "--multiline", "warm"], SECRET + "\n")
