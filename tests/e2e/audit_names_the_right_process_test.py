"""No record names another process than the one that asked: not when callers
end at once, are killed, fork, or when their pids are used again.

200 callers, in the long form (LIBRETTO_LONG) 10,000. With root and a kernel
whose pid namespaces have a limit of their own it all happens among 400 pids.
"""

import os
import platform
import random
import re
import subprocess
import sys
import time

import audit_format
import harness

RACES = 10_000 if os.environ.get("LIBRETTO_LONG") else 200
FEW_PIDS = 400
INSIDE = "LIBRETTO_AMONG_FEW_PIDS"

# Asks for a credential that is named after the asking process itself. What is
# asked is answered from memory.
ASK = ("read -r line < /proc/$$/stat; set -- $line; "
       f"exec {harness.BIN}/librettoctl explain --no-start p$$.s${{22}}")
WAYS = {
    "plainly": ASK,
    "from a child of a process that has ended": f"sh -c '{ASK}' & exit 0",
    "from a program that another one became": f"exec sh -c '{ASK}'",
}


class AuditNamesTheRightProcessTest(harness.E2eTest):

    def setUp(self):
        super().setUp()
        self.log = audit_format.AuditLog(self.world)
        config = self.world.home / ".config/libretto/agent.toml"
        config.parent.mkdir(parents=True)
        config.write_text("audit_file_kib = 65536\n")
        self.world.must("agent", "start")

    def race(self, dice, running):
        script = dice.choice(list(WAYS.values()))
        caller = subprocess.Popen(
            ["/bin/sh", "-c", script], env=self.world.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        running.append((caller, dice.random() < 0.5))
        if len(running) > 8:
            oldest, killed = running.pop(0)
            if killed:
                time.sleep(dice.random() * 0.003)
                oldest.kill()
            oldest.wait()

    def test_no_other_process_is_named(self):
        dice = random.Random(1)
        running = []
        for _ in range(RACES):
            self.race(dice, running)
        for caller, _ in running:
            caller.wait()
        asked = [record for record in self.log.records()
                 if record["verb"] == "Credentials.Explain"]
        known = 0
        for record in asked:
            pid, started = map(int, re.fullmatch(
                r"p(\d+)\.s(\d+)", record["name"]).groups())
            self.assertEqual(record["pid"], pid, record)
            if "started" in record:
                known += 1
                self.assertEqual(record["started"], started, record)
                self.assertEqual(record["process"], "librettoctl")
        self.assertGreater(known, RACES // 10)
        self.assertGreater(len(asked), RACES // 4)
        self.world.must("audit", "verify")


def among_few_pids():
    """Runs this file in a pid namespace with few pids; its exit code, or None
    when the kernel would change the limit of the whole machine."""
    version = tuple(map(int, re.match(r"(\d+)\.(\d+)",
                                      platform.release()).groups()))
    if os.geteuid() != 0 or INSIDE in os.environ or version < (6, 14):
        return None
    return subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child",
         "/bin/sh", "-c",
         # The shell stays, as the first process of all: it takes in those
         # whose parents have ended, or there would soon be no pid left.
         f"echo {FEW_PIDS} > /proc/sys/kernel/pid_max && \"$@\"; exit $?",
         "sh",
         sys.executable, *sys.argv],
        env={**os.environ, INSIDE: "yes"}, check=False).returncode


if __name__ == "__main__":
    code = among_few_pids()
    if code is None:
        harness.main()
    sys.exit(code)
