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

    gRPC is of two minds: in some processes one of its timer threads wakes up
    twice a second, in others once, whoever the server is. So there are several
    of each, and the liveliest is compared with the liveliest, and so on down.
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
            sorted((wake_ups(pid) - count) * 60 / seconds
                   for pid, count in zip(kind, counts))
            for kind, counts in zip(pids, before)]

    def rows(self):
        self.thread.join()
        agents, echoes = self.result
        yield Row("wake_ups", "wake-ups in an idle minute, more than", ECHO, 6,
                  agents, echoes, "",
                  combine=lambda ours, theirs: ours - theirs, is_ratio=False)

    def close(self):
        if self.thread.is_alive():
            self.thread.join()
        for stage in self.stages:
            stage.close()


def wake_ups(pid):
    """Of all its threads: each time one waited and went on."""
    if not os.path.exists(f"/proc/{pid}"):
        raise RuntimeError("the process has ended")
    return sum(int(thread["voluntary_ctxt_switches"])
               for thread in status_of(pid))
