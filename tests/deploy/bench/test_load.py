"""The load generator counts accepted answers, whatever comes in between."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deploy.bench import load

ACCEPTED = b'{"result":"accepted"}'
CHUNKED = (
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n%s\r\n0\r\n\r\n" % ACCEPTED
)
PLAIN = b"HTTP/1.1 201 Created\r\nContent-Length: 21\r\n\r\n" + ACCEPTED
REFUSED = PLAIN.replace(b"accepted", b"refused ")
BROKEN = PLAIN.replace(b"201 Created", b"500 Oh")


@contextmanager
def server(answer: Callable[[socket.socket, bytes], None]) -> Iterator[tuple[int, list[bytes]]]:
    """Answer every request, and keep what was asked."""
    asked: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with connection:
            while request := connection.recv(65536):
                asked.append(request)
                answer(connection, request)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], asked
        listener.shutdown(socket.SHUT_RDWR)


def order(port: int, **changes: Any) -> dict[str, Any]:
    return {
        "port": port,
        "head": "POST / HTTP/1.1\r\n",
        "bodies": [f"<{n}>" for n in range(20)],
        "connections": 3,
        "seconds": 30,
    } | changes


class TestRun:
    @pytest.mark.parametrize("whole", [PLAIN, CHUNKED])
    def test_sends_each_body_once_and_times_each_answer(self, whole: bytes) -> None:
        with server(lambda connection, _: connection.sendall(whole)) as (port, asked):
            result = load.run(order(port))
        bodies = sorted(request.rpartition(b"\r\n\r\n")[2] for request in asked)
        assert bodies == sorted(b"<%d>" % n for n in range(20))
        assert len(result["times"]) == 20
        assert (result["wrong"], result["unsent"]) == (0, 0)

    def test_puts_an_answer_in_pieces_together(self) -> None:
        def in_pieces(connection: socket.socket, _: bytes) -> None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for sign in CHUNKED:
                connection.sendall(bytes([sign]))

        with server(in_pieces) as (port, _):
            result = load.run(order(port, bodies=["a", "b"], connections=1))
        assert (len(result["times"]), result["wrong"]) == (2, 0)

    @pytest.mark.parametrize("answer", [REFUSED, BROKEN])
    def test_tells_what_was_not_accepted(self, answer: bytes) -> None:
        with server(lambda connection, _: connection.sendall(answer)) as (port, _):
            result = load.run(order(port))
        assert result["wrong"] == 20
        assert result["first_wrong"].encode() == answer

    def test_stops_in_time_with_what_is_left(self) -> None:
        with server(lambda connection, _: connection.sendall(PLAIN)) as (port, asked):
            result = load.run(order(port, seconds=0.0))
        assert (result["unsent"], result["times"], asked) == (20, [], [])

    def test_sends_at_the_rate_asked_for(self) -> None:
        with server(lambda connection, _: connection.sendall(PLAIN)) as (port, _):
            result = load.run(order(port, rate=200.0))
        assert result["seconds"] >= 19 / 200
        assert len(result["times"]) == 20

    def test_says_so_when_the_server_hangs_up(self) -> None:
        with (
            server(lambda connection, _: connection.shutdown(socket.SHUT_RDWR)) as (port, _),
            pytest.raises(ConnectionError),
        ):
            load.run(order(port))
