"""Conversations that are almost right break nothing and keep nothing open.

Each is a few calls with frames cut, doubled, swapped and changed, from a seed:
the same seeds fail the same way. The long form (LIBRETTO_LONG) sends a million
of them.
"""

import json
import os
import random
import struct
import subprocess
import sys
import threading
import time
import unittest

import harness
import http2
from guarded_agent import GuardedAgent
from http2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING,
                   PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame)

LONG = bool(os.environ.get("LIBRETTO_LONG"))
WORKERS = 4
SEQUENCES = 1_000_000 if LONG else 4_000
# Of so many one is kept open until it is closed from the other side.
KEPT_EVERY = 500
LIFE_S = 10.5 if LONG else 20 * harness.PATIENCE


def conversation(random_):
    """The frames of a few ordinary calls."""
    frames = [frame(SETTINGS), frame(SETTINGS, http2.ACK)]
    for stream in range(1, 2 * random_.randint(1, 4), 2):
        path = random_.choice((http2.STATUS, http2.GET, "/no.such/Method"))
        block = http2.header_block(path)
        if random_.random() < 0.3:
            frames += [frame(HEADERS, 0, stream, block[:20]),
                       frame(CONTINUATION, END_HEADERS, stream, block[20:])]
        else:
            frames.append(frame(HEADERS, END_HEADERS, stream, block))
        body = http2.message(b"\x12\x08username")
        frames += random_.choice((
            [frame(DATA, END_STREAM, stream, body)],
            [frame(DATA, 0, stream, body[:3]),
             frame(DATA, END_STREAM, stream, body[3:])],
            [frame(DATA, 0, stream, body),
             frame(RST_STREAM, 0, stream, struct.pack(">I", 8))]))
        frames += random_.choice((
            [], [frame(PING, 0, 0, bytes(8))],
            [frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 100))],
            [frame(PRIORITY, 0, stream, bytes(5))]))
    return frames


def mutated(random_):
    frames = conversation(random_)
    for _ in range(random_.randint(0, 4)):
        at = random_.randrange(len(frames))
        what = random_.random()
        if what < 0.2:
            frames.insert(at, random_.choice(frames))
        elif what < 0.4:
            frames.append(frames.pop(at))
        elif what < 0.5 and len(frames) > 1:
            del frames[at]
        else:
            changed = bytearray(frames[at])
            for _ in range(random_.randint(1, 3)):
                changed[random_.randrange(len(changed))] = random_.randrange(
                    256)
            frames[at] = bytes(changed)
    data = http2.PREFACE + b"".join(frames)
    if random_.random() < 0.2:
        data = data[:random_.randrange(len(data))]
    return data


def work(path, seed, count):
    """Sends `count` of them; prints the longest life of those that were
    kept."""
    lives = []

    def keep(connection):
        begin = time.monotonic()
        connection.wait_closed()
        lives.append(time.monotonic() - begin)
        connection.socket.close()

    keepers = []
    for number in range(count):
        random_ = random.Random(seed * 10_000_000 + number)
        connection = http2.Connection(path, timeout=3 * LIFE_S, greet=False)
        try:
            connection.send(mutated(random_))
        except http2.Closed:
            pass
        if number % KEPT_EVERY:
            connection.socket.close()
        else:
            keepers.append(threading.Thread(target=keep, args=(connection,)))
            keepers[-1].start()
    for keeper in keepers:
        keeper.join()
    print(json.dumps(max(lives)))


class MutatedFramesTest(unittest.TestCase):

    def test_almost_right_conversations_break_nothing(self):
        agent = GuardedAgent(idle_ms=5000)
        self.addCleanup(agent.close)
        with http2.Connection(agent.socket) as polite:
            self.assertIsNotNone(polite.call())
        before = agent.descriptors() if os.geteuid() == 0 else None
        workers = [subprocess.Popen(
            [sys.executable, __file__, agent.socket, str(seed),
             str(SEQUENCES // WORKERS)], stdout=subprocess.PIPE)
            for seed in range(WORKERS)]
        lives = [json.loads(worker.communicate()[0]) for worker in workers]
        print("longest lives:", lives)
        self.assertLess(max(lives), LIFE_S)
        self.assertIsNone(agent.process.poll(), "it has ended")
        self.assertIn("\n", agent.reasons(), "nobody was cut off")
        # Nothing of what is not understood is quoted.
        self.assertEqual(agent.said(), "")
        with http2.Connection(agent.socket) as polite:
            self.assertIsNotNone(polite.call())
        if before is not None:
            harness.wait_for(lambda: agent.descriptors() <= before,
                             "the descriptors to be closed")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        harness.main()
