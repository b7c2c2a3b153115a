"""Syncs of large tenants."""

import json
import math
import signal
import subprocess
import time

from measure import Row, alternate
from stage import BIN, CloudClient, Stage, fill, status_of

DELAY_MS = 10  # each way
MANY = 1_000
VERY_MANY = 10_000
# Until a sync has put away what it was done with.
REST_S = 2


def rows(effort):
    yield from far(effort)
    yield from near(effort)


def seconds_of(action):
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def begin_anew(stage):
    """An agent with a session and nothing cached."""
    stage.world.must("agent", "stop")
    stage.world.must("agent", "start")


def far(effort):
    """A cloud that is 20 ms away."""
    stage = Stage()
    try:
        stage.world.start_cloud()
        port = stage.cloud_port()
        proxy = Proxy(stage, port)
        # Clients know it by the proxy's address alone.
        stage.world.stop_cloud()
        stage.world.cloud.base_url = f"http://127.0.0.1:{proxy.port}"
        stage.world.start_cloud()
        stage.world.api_url = stage.world.cloud.base_url
        stage.world.must("agent", "start")
        stage.world.sign_up()
        fill(port, stage.api_key(), MANY)
        yield first_sync(stage, proxy, effort)
    finally:
        stage.close()


class Proxy:

    def __init__(self, stage, port):
        self.process = stage.start([BIN / "bench_delay_proxy", port, DELAY_MS],
                                   stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def counts(self):
        """Since it was asked last."""
        self.process.send_signal(signal.SIGUSR1)
        return json.loads(self.process.stdout.readline())


def first_sync(stage, proxy, effort):
    took, ideal = [], []
    for _ in range(effort(5, 2)):
        begin_anew(stage)
        proxy.counts()
        took.append(seconds_of(lambda: stage.world.must("agent", "sync")))
        in_flight = proxy.counts()["in_flight"]
        ideal.append(math.ceil(MANY / in_flight) * 2 * DELAY_MS / 1000)
    return Row("first_sync", f"first sync of {MANY:,} credentials from a "
               "cloud 20 ms away",
               f"⌈{MANY:,} / requests in flight⌉ round trips", 2.0,
               took, ideal, "s",
               note=f"{in_flight} requests in flight, HTTP/1.1; the key is "
               "issued and the list made in that time")


def near(effort):
    """On this machine, so that no distance hides work."""
    stage = Stage()
    try:
        stage.signed_up()
        rounds = effort(3, 1)
        idle = [resident_mib(stage, "read", "warm") for _ in range(rounds)]
        key = stage.api_key()
        fill(stage.cloud_port(), key, VERY_MANY)
        full = [resident_mib(stage, "agent", "sync") for _ in range(rounds)]
        yield from memory(idle, full)
        yield changed_sync(stage, key, effort)
    finally:
        stage.close()


def resident_mib(stage, *command):
    """Of an agent that was asked for this once, at rest."""
    begin_anew(stage)
    stage.world.must(*command)
    time.sleep(REST_S)
    return int(status_of(stage.world.agent_pid())[0]["VmRSS"].split()[0]) / 1024


def memory(idle, full):
    yield Row("memory_idle", "resident memory, idle", "–", 30, idle,
              unit=" MiB", combine=lambda ours, _: ours, is_ratio=False)
    yield Row("memory_full", f"resident memory with {VERY_MANY:,} credentials "
              "of 100 bytes more", "idle", 12, full, idle, " MiB",
              combine=lambda ours, theirs: ours - theirs, is_ratio=False)


def changed_sync(stage, key, effort):
    cloud = CloudClient(stage.cloud_port(), key)

    def sync():
        cloud.post("/v1/credentials/upsert",
                   {"name": "bulk_7", "value": "v" * 100})
        return seconds_of(lambda: stage.world.must("agent", "sync"))

    def list_alone():
        return seconds_of(lambda: cloud.post("/v1/credentials/list", {}))

    stage.world.must("agent", "sync")
    took, alone = alternate(effort(11, 3), sync, list_alone)
    cloud.close()
    return Row("changed_sync", f"sync of {VERY_MANY:,} credentials of which one "
               "changed", "the list request alone", 1.5,
               [s * 1000 for s in took], [s * 1000 for s in alone])
