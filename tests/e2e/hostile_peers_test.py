"""A hostile process of the same user is closed in time and costs nobody else.

Figures B1, B2 and B4 of the threat model: nine slow shapes, thirteen floods,
five messages that are not what they say. The short form asks with generous
bounds and short floods; the long form (LIBRETTO_LONG) with the figures
themselves.
"""

import concurrent.futures
import contextlib
import gzip
import json
import os
import subprocess
import sys
import time
import unittest

import floods
import harness
import http2
from guarded_agent import GuardedAgent
from http2 import DATA, END_HEADERS, HEADERS, PING, SETTINGS, frame

LONG = bool(os.environ.get("LIBRETTO_LONG"))
IDLE_MS = 30_000 if LONG else 12_000
FLOOD_S = 10 if LONG else 1
MEBI = 1 << 20
# What the long form holds, and what a busy machine may make of it.
RSS_GROWTH = 16 * MEBI
CUT_S = 1 if LONG else 5 * harness.PATIENCE
P99_S = 0.02 if LONG else 2 * harness.PATIENCE
SLOW_S = 10.5 if LONG else 15 * harness.PATIENCE
PREFACE_S = 3.5 if LONG else 8 * harness.PATIENCE

HELLO = http2.PREFACE + frame(SETTINGS)
OPEN = frame(HEADERS, END_HEADERS, 1, http2.header_block(http2.STATUS))
OPEN_GZIP = frame(HEADERS, END_HEADERS, 1, http2.header_block(
    http2.STATUS, (("grpc-encoding", "gzip"),)))

# What a slow client says, and what it repeats every half second; which limit
# it meets.
SLOW = {
    "silence": (b"", b"", PREFACE_S),
    "half a preface": (http2.PREFACE[:10], b"", PREFACE_S),
    "the preface alone": (http2.PREFACE, b"", 2 * PREFACE_S),
    "no call": (HELLO, b"", IDLE_MS / 1000 + 1),
    "half a header block": (HELLO + frame(HEADERS, 0, 1, b"\x00"), b"",
                            SLOW_S),
    "half a request": (HELLO + OPEN, b"", SLOW_S),
    "half a message": (HELLO + OPEN + frame(DATA, 0, 1, http2.message(
        b"half", declared=100)), b"", SLOW_S),
    "a byte now and then": (HELLO + OPEN + frame(DATA, 0, 1, http2.message(
        b"", declared=100)), frame(DATA, 0, 1, b"x"), SLOW_S),
    "half a frame": (HELLO + frame(PING)[:5], b"", SLOW_S),
}


class PoliteCaller:
    """Calls on one connection, on another when that was lost."""

    def __init__(self, path):
        self.path = path
        self.connection = http2.Connection(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.socket.close()

    def call(self):
        """The seconds it took; None for a call that failed."""
        try:
            return self.connection.call()
        except (http2.Closed, OSError):
            self.connection.socket.close()
            self.connection = http2.Connection(self.path)
            return None


class HostilePeersTest(unittest.TestCase):

    def agent(self):
        agent = GuardedAgent(IDLE_MS)
        self.addCleanup(agent.close)
        return agent

    def assert_served(self, path):
        with http2.Connection(path) as polite:
            self.assertIsNotNone(polite.call())

    def test_nine_slow_shapes_are_closed_in_time(self):
        agent = self.agent()
        before = agent.descriptors() if os.geteuid() == 0 else None

        def closed_after(shape):
            first, again, _ = shape
            with http2.Connection(agent.socket, timeout=0.5,
                                  greet=False) as slow:
                begin = time.monotonic()
                with contextlib.suppress(http2.Closed):
                    slow.send(first)
                    while time.monotonic() - begin < 60 * harness.PATIENCE:
                        with contextlib.suppress(TimeoutError):
                            slow.wait_closed()
                            break
                        slow.send(again)
                return time.monotonic() - begin

        with concurrent.futures.ThreadPoolExecutor(len(SLOW)) as pool:
            times = dict(zip(SLOW, pool.map(closed_after, SLOW.values())))
        print(json.dumps({name: round(s, 2) for name, s in times.items()}))
        for name, seconds in times.items():
            limit = SLOW[name][2] * (1 if LONG else 2)
            self.assertLess(seconds, limit, name)
        self.assert_served(agent.socket)
        if before is not None:
            harness.wait_for(lambda: agent.descriptors() <= before,
                             "the descriptors to be closed")

    def flood(self, agent, name):
        """Floods the agent while two polite callers ask; what came of it."""
        self.assert_served(agent.socket)
        rss = highest = agent.rss()
        attacker = subprocess.Popen(
            [sys.executable, floods.__file__, name, agent.socket,
             str(FLOOD_S)],
            stdout=subprocess.PIPE)
        times, failed = [], 0
        with PoliteCaller(agent.socket) as one, \
                PoliteCaller(agent.socket) as other:
            while attacker.poll() is None:
                for polite in (one, other):
                    took = polite.call()
                    times.append(took)
                    failed += took is None
                highest = max(highest, agent.rss())
                time.sleep(0.002)
        times = [took for took in times if took is not None]
        result = json.loads(attacker.communicate()[0])
        begin, used = time.monotonic(), agent.cpu_s()
        # The kernel counts in hundredths of a second.
        time.sleep(3 if LONG else 1)
        busy = (agent.cpu_s() - used) / (time.monotonic() - begin)
        highest = max(highest, agent.rss())
        return result | {"rss_mib": round((highest - rss) / MEBI, 1),
                         "p99_ms": round(1000 * quantile(times, 0.99), 2),
                         "calls": len(times), "failed": failed,
                         "busy_after": round(busy, 3)}

    def test_thirteen_floods_are_cut_and_cost_nobody_else(self):
        for name in floods.FLOODS:
            with self.subTest(name):
                agent = self.agent()
                result = self.flood(agent, name)
                print(name, json.dumps(result))
                self.assertEqual(result["failed"], 0)
                self.assertIsNotNone(result["longest_s"], result)
                self.assertLess(result["longest_s"], CUT_S)
                if not harness.SANITIZED:
                    self.assertLess(result["rss_mib"], RSS_GROWTH / MEBI)
                self.assertLess(result["p99_ms"], 1000 * P99_S)
                if LONG:
                    self.assertLess(result["busy_after"], 0.01)

    def test_messages_that_are_not_what_they_say(self):
        cases = {
            "over the limit": http2.message(b"x" * 8, declared=131_073),
            "a gibibyte": http2.message(b"x" * 8, declared=1 << 30),
            "a bomb": http2.message(gzip.compress(bytes(64 * MEBI)),
                                    compressed=1),
            # 10,000 groups in one another, as protobuf has them.
            "nested": http2.message(b"\x7b" * 10_000 + b"\x7c" * 10_000),
            "no message": b"\xff" * 5,
        }
        agent = self.agent()
        self.assert_served(agent.socket)
        before = agent.rss()
        for name, body in cases.items():
            with self.subTest(name), \
                    http2.Connection(agent.socket) as peer:
                begin = time.monotonic()
                peer.send(OPEN_GZIP if name == "a bomb" else OPEN)
                with contextlib.suppress(http2.Closed):
                    for at in range(0, len(body), 16_384):
                        peer.send(frame(DATA, 0, 1, body[at:at + 16_384]))
                    peer.send(frame(DATA, http2.END_STREAM, 1))
                    while True:
                        kind, flags, _, _ = peer.read_frame()
                        self.assertNotEqual(kind, DATA, "it was answered")
                        if kind == http2.RST_STREAM or (
                                kind == HEADERS
                                and flags & http2.END_STREAM):
                            break
                took = time.monotonic() - begin
                self.assertLess(took, 0.1 if LONG else 5 * harness.PATIENCE)
        self.assert_served(agent.socket)
        if not harness.SANITIZED:
            self.assertLess(agent.rss() - before, 4 * MEBI)

    def test_a_cut_tells_a_developer_why(self):
        agent = self.agent()
        with http2.Connection(agent.socket) as peer:
            peer.send(OPEN + frame(DATA, 0, 1, http2.message(
                b"", declared=1 << 30)))
            self.assertEqual(peer.goodbye(), "a message is too large")
        self.assertEqual(harness.wait_for(agent.reasons, "a reason"),
                         "a message is too large\n")


def quantile(values, q):
    return sorted(values)[int(q * (len(values) - 1))]


if __name__ == "__main__":
    harness.main()
