"""A raw HTTP/2 client (RFC 9113) over a Unix socket: polite or not.

It writes any frame and reads frames by their headers. Of HPACK (RFC 7541) it
knows literals without Huffman coding, which is enough to ask; what an answer
says is seen from its frames: a message came, or did not.
"""

import contextlib
import socket
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = range(5)
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4

STATUS = "/libretto.agent.v1.Agent/Status"
GET = "/libretto.agent.v1.Credentials/Get"


def frame(kind, flags=0, stream=0, payload=b""):
    return (struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
            + struct.pack(">I", stream) + payload)


def number(value, bits, first=0):
    """RFC 7541, 5.1."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out = bytearray([first | most])
    value -= most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(value):
    return number(len(value), 7) + value


def literal(name, value):
    return b"\x00" + text(name.encode()) + text(value.encode())


def header_block(path, more=()):
    fields = ((":method", "POST"), (":scheme", "http"), (":path", path),
              (":authority", "localhost"), ("te", "trailers"),
              ("content-type", "application/grpc"), *more)
    return b"".join(literal(name, value) for name, value in fields)


def message(body, compressed=0, declared=None):
    size = len(body) if declared is None else declared
    return bytes([compressed]) + struct.pack(">I", size) + body


def request(stream, path=STATUS, body=b"", more=()):
    return (frame(HEADERS, END_HEADERS, stream, header_block(path, more))
            + frame(DATA, END_STREAM, stream, message(body)))


class Closed(Exception):
    """The server has closed the connection."""


class Connection:
    """One connection; everything that is read has `timeout` seconds."""

    def __init__(self, path, timeout=10, greet=True):
        self.socket = socket.socket(socket.AF_UNIX)
        # First: who would block and may not is told so when many are waiting.
        self.socket.connect(str(path))
        self.socket.settimeout(timeout)
        self.received = b""
        self.next_stream = 1
        self.goaway = b""  # what it said, if it said goodbye
        if greet:
            self.send(PREFACE + frame(SETTINGS))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed from error

    def read_frame(self):
        """(kind, flags, stream, payload); answers SETTINGS and PING."""
        head = self.take(9)
        kind, flags = head[3], head[4]
        stream = struct.unpack(">I", head[5:])[0]
        payload = self.take(int.from_bytes(head[:3], "big"))
        if kind in (SETTINGS, PING) and not flags & ACK:
            # Who has hung up may have said more before that.
            with contextlib.suppress(Closed):
                self.send(frame(kind, ACK, 0,
                                payload if kind == PING else b""))
        elif kind == GOAWAY:
            self.goaway = payload[8:]
        return kind, flags, stream, payload

    def take(self, size):
        while len(self.received) < size:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError as error:
                raise Closed from error
            if not piece:
                raise Closed
            self.received += piece
        taken, self.received = self.received[:size], self.received[size:]
        return taken

    def call(self, path=STATUS, body=b""):
        """A whole call; the seconds it took, or None if it brought no
        message."""
        stream = self.next_stream
        self.next_stream += 2
        begin = time.monotonic()
        self.send(request(stream, path, body))
        size = 0
        while True:
            kind, flags, on, payload = self.read_frame()
            if on != stream:
                continue
            if kind == DATA:
                size += len(payload)
            if kind == RST_STREAM:
                return None
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                break
        if size:
            self.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", size)))
        return time.monotonic() - begin if size else None

    def wait_closed(self):
        """Reads, and says nothing, until the server closes."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass

    def goodbye(self):
        """What the server's GOAWAY says; it has to be the next thing."""
        while self.read_frame()[0] != GOAWAY:
            pass
        return self.goaway.decode()
