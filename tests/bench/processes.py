"""How the agent starts, and how still it is."""

import os
import threading
import time

from measure import Row, alternate
from stage import BIN, Stage, json_of, status_of

ECHO = "a bare grpc++ callback server"


def start_rows(stage, effort):
    """The stage's agent is stopped meanwhile."""
    stage.world.must("agent", "stop")
    socket = stage.world.root / "start.sock"
    # As librettoctl and the unit start it.
    environment = stage.world.environment(LD_BIND_NOW="1")

    def start(kind, *command):
        return lambda: json_of([BIN / "bench_start", kind, socket, *command],
                               env=environment)["us"] / 1000

    agent, echo = alternate(
        effort(21, 5),
        start("agent", BIN / "libretto-agent", "serve", "--socket", socket,
              "--log-file", stage.world.root / "start.log"),
        start("echo", BIN / "bench_echo_server", socket))
    stage.world.must("agent", "start")
    yield Row("start", "libretto-agent from start to first answer", ECHO, 2.0,
              agent, echo)


class IdleMinute:
    """Counts while other things are measured: how often a process wakes up
    depends on its timers, not on who else is busy.

    It depends on luck as well: how the waits of gRPC's own threads, whoever the
    server is, fall beside each other makes a hundred more or less. So there are
    several of each server, and of what is called the same in all of them the
    fewest count.
    """

    def __init__(self, effort):
        self.effort = effort
        self.stages = []
        self.result = None
        self.thread = threading.Thread(target=self.count)
        for _ in range(effort(5, 2)):
            self.stages.append(Stage())
            self.prepare(self.stages[-1])
        self.thread.start()

    @staticmethod
    def prepare(stage):
        stage.signed_up()
        stage.start_echo()
        # One call each, as in real life.
        json_of([BIN / "bench_get_client", "latency", stage.echo_socket,
                 "warm", 1])

    def count(self):
        pids = ([stage.world.agent_pid() for stage in self.stages],
                [stage.echo.pid for stage in self.stages])
        seconds = self.effort(60, 10)
        # Until those who called are forgotten.
        time.sleep(self.effort(40, 5))
        before = [[wake_ups(pid) for pid in kind] for kind in pids]
        time.sleep(seconds)
        self.result = [
            [{name: (count - earlier.get(name, 0)) * 60 / seconds
              for name, count in wake_ups(pid).items()}
             for pid, earlier in zip(kind, counts)]
            for kind, counts in zip(pids, before)]

    def rows(self):
        self.thread.join()
        agents, echoes = self.result
        totals = [sorted(sum(each.values()) for each in kind)
                  for kind in self.result]
        yield Row("wake_ups", "wake-ups in an idle minute, more than", ECHO, 6,
                  [fewest(agents)], [fewest(echoes)], "",
                  combine=lambda ours, theirs: ours - theirs, is_ratio=False,
                  note="whole processes, luck included: "
                  f"{totals[0][0]:.0f} to {totals[0][-1]:.0f} : "
                  f"{totals[1][0]:.0f} to {totals[1][-1]:.0f}")

    def close(self):
        if self.thread.is_alive():
            self.thread.join()
        for stage in self.stages:
            stage.close()


def fewest(processes):
    """Of each thread, by name, where it woke up least; all of them together."""
    names = set().union(*processes)
    return sum(min(each.get(name, 0) for each in processes) for name in names)


def wake_ups(pid):
    """Of its threads, by name: each time one waited and went on."""
    if not os.path.exists(f"/proc/{pid}"):
        raise RuntimeError("the process has ended")
    counts = {}
    for thread in status_of(pid):
        name = thread["Name"]
        counts[name] = (counts.get(name, 0) +
                        int(thread["voluntary_ctxt_switches"]))
    return counts
