"""Listen in on a connection to PostgreSQL: what a client says, message by message.

The client connects to the tap instead of the server. What goes by is the protocol itself (version
3, PostgreSQL's documentation, "Message Formats"), so it is told exactly what was sent and when the
client waited, whichever library it used.
"""

import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from deploy.bench.errors import Unfit
from deploy.local import ports

CHUNK = 65536
# After one of these the server answers what came before: Query, Sync, Flush.
ASKS = b"QSH"
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
ENCRYPTION = tuple(struct.pack(">I", code) for code in (80877103, 80877104))
VARIABLE = re.compile(":[A-Za-z_]")
INTEGERS = {20: ">q", 21: ">h", 23: ">i", 26: ">I"}
CASTS = {
    16: "boolean",
    17: "bytea",
    20: "bigint",
    21: "smallint",
    23: "integer",
    25: "text",
    26: "oid",
    114: "json",
    700: "real",
    701: "double precision",
    1043: "varchar",
    1082: "date",
    1114: "timestamp",
    1184: "timestamptz",
    1700: "numeric",
    2950: "uuid",
    3802: "jsonb",
}


@dataclass(frozen=True)
class Statement:
    """A statement as it was executed, its parameters written into it as literals."""

    sql: str


@dataclass
class Recording:
    """What was sent while it was recorded: one list of statements for each round trip."""

    round_trips: list[list[Statement]] = field(default_factory=list)

    @property
    def statements(self) -> list[Statement]:
        return [statement for trip in self.round_trips for statement in trip]


class _Conversation:
    """One client's connection, decoded as it goes by."""

    def __init__(self, tap: "Tap") -> None:
        self.tap = tap
        self.pending = b""
        self.started = False
        self.prepared: dict[str, tuple[str, tuple[int, ...]]] = {}
        self.portals: dict[str, str] = {}
        self.trip: list[Statement] = []
        self.asked = False

    def said(self, data: bytes) -> None:
        """Take in what the client sent."""
        self.pending += data
        while True:
            head = 1 if self.started else 0  # the first message has no type
            if len(self.pending) < head + 4:
                return
            (length,) = struct.unpack_from(">I", self.pending, head)
            if len(self.pending) < head + length:
                return
            kind = self.pending[:head]
            body = self.pending[head + 4 : head + length]
            self.pending = self.pending[head + length :]
            if self.started:
                self._message(kind, body)
            else:
                # Asking for encryption comes first, and is refused; then the start.
                self.started = body[:4] not in ENCRYPTION

    def answered(self) -> None:
        """Take in that the server sent something: the client may have waited for it."""
        if self.asked:
            self.tap.record(self.trip)
            self.trip, self.asked = [], False

    def _message(self, kind: bytes, body: bytes) -> None:
        if kind == b"P":
            name, rest = _string(body)
            sql, rest = _string(rest)
            (count,) = struct.unpack_from(">H", rest)
            self.prepared[name] = (sql, struct.unpack_from(f">{count}I", rest, 2))
        elif kind == b"B":
            portal, rest = _string(body)
            name, rest = _string(rest)
            sql, types = self.prepared[name]
            self.portals[portal] = inlined(sql, _parameters(rest, types))
        elif kind == b"E":
            portal, _ = _string(body)
            self.trip.append(Statement(self.portals[portal]))
        elif kind == b"Q":
            sql, _ = _string(body)
            self.trip.append(Statement(sql))
        if kind in ASKS:
            self.asked = True


class Tap:
    """Passes connections on to a server, and records what their clients say."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._lock = threading.Lock()
        self._recording: Recording | None = None
        self._listener = socket.create_server((ports.LOOPBACK, 0))
        self._sockets: list[socket.socket] = [self._listener]

    @property
    def port(self) -> int:
        """Where clients connect instead of the server's own port."""
        port: int = self._listener.getsockname()[1]
        return port

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        """Record what every client says in the block."""
        recording = Recording()
        with self._lock:
            self._recording = recording
        try:
            yield recording
        finally:
            with self._lock:
                self._recording = None

    def record(self, trip: list[Statement]) -> None:
        """Add a round trip, if anybody wants to know."""
        with self._lock:
            if self._recording is not None:
                self._recording.round_trips.append(trip)

    def __enter__(self) -> "Tap":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection((ports.LOOPBACK, self._server_port))
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets.append(each)
            conversation = _Conversation(self)
            for source, target, answers in ((client, server, False), (server, client, True)):
                threading.Thread(
                    target=self._pass_on, args=(source, target, conversation, answers), daemon=True
                ).start()

    def _pass_on(
        self,
        source: socket.socket,
        target: socket.socket,
        conversation: _Conversation,
        answers: bool,
    ) -> None:
        try:
            with suppress(OSError):
                while data := source.recv(CHUNK):
                    if answers:
                        conversation.answered()
                    else:
                        conversation.said(data)
                    target.sendall(data)
        finally:  # whoever waits for an answer that cannot come is told at once
            for each in (source, target):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


def inlined(sql: str, literals: list[str]) -> str:
    """Return ``sql`` with each ``$n`` outside of quotes replaced by its literal."""
    parts, quote, at = [], "", 0
    while at < len(sql):
        sign = sql[at]
        if quote or sign in "'\"":
            quote = "" if sign == quote else quote or sign
        elif sign == "$" and sql[at + 1 : at + 2].isdigit():
            end = at + 1
            while sql[end : end + 1].isdigit():
                end += 1
            parts.append(literals[int(sql[at + 1 : end]) - 1])
            at = end
            continue
        parts.append(sign)
        at += 1
    return "".join(parts)


def literal(value: str | None, cast: str | None = None) -> str:
    """Return a value as SQL writes it, safe where a colon begins a variable (pgbench)."""
    if value is None:
        text = "NULL"
    elif "\\" in value or VARIABLE.search(value):
        escaped = value.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a")
        text = f"E'{escaped}'"
    else:
        text = "'" + value.replace("'", "''") + "'"
    return text if cast is None else f"{text}::{cast}"


def _parameters(data: bytes, types: tuple[int, ...]) -> list[str]:
    (count,) = struct.unpack_from(">H", data)
    formats = struct.unpack_from(f">{count}H", data, 2)
    at = 2 + 2 * count
    (count,) = struct.unpack_from(">H", data, at)
    at += 2
    if len(formats) < 2:
        formats = (formats or (0,)) * count
    literals = []
    for index in range(count):
        oid = types[index] if index < len(types) else 0
        (length,) = struct.unpack_from(">i", data, at)
        at += 4
        value: str | None = None
        if length >= 0:
            raw = data[at : at + length]
            value = _binary(raw, oid) if formats[index] else raw.decode()
            at += length
        cast = CASTS.get(oid)
        # A bare number is what the planner sees in a simple query, too.
        if cast in ("integer", "bigint", "smallint") and value is not None:
            literals.append(
                value if cast == "integer" and value.isdigit() else f"'{value}'::{cast}"
            )
        else:
            literals.append(literal(value, cast))
    return literals


def _binary(raw: bytes, oid: int) -> str:
    """Return the text form of a parameter in binary."""
    if oid in INTEGERS:
        return str(struct.unpack(INTEGERS[oid], raw)[0])
    decode: dict[int, Any] = {
        0: lambda: raw.decode(),
        16: lambda: "t" if raw[0] else "f",
        17: lambda: "\\x" + raw.hex(),
        25: lambda: raw.decode(),
        114: lambda: raw.decode(),
        1043: lambda: raw.decode(),
        1082: lambda: str((POSTGRES_EPOCH + timedelta(struct.unpack(">i", raw)[0])).date()),
        1184: lambda: str(POSTGRES_EPOCH + timedelta(0, 0, struct.unpack(">q", raw)[0])),
        2950: lambda: str(UUID(bytes=raw)),
        3802: lambda: raw[1:].decode(),
    }
    if oid not in decode:
        raise Unfit(f"a scan has a parameter of type {oid}, whose binary form is not known here")
    return str(decode[oid]())


def _string(data: bytes) -> tuple[str, bytes]:
    text, _, rest = data.partition(b"\0")
    return text.decode(), rest
