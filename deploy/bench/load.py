"""Send HTTP requests over kept connections and time the answers; a process of its own.

    python -m deploy.bench.load < request.json > result.json

Reads ``{port, head, bodies, connections, seconds, rate}``: ``bodies`` are JSON texts, each sent
once, over as many ``connections``, each with one request on its way. Without ``rate`` each sends
the next as soon as the answer is there; with it, requests are due at that many a second, and are
timed from when they were due, so that a slow answer counts for those that had to wait for it as
well. Only an answer 201 that says ``"accepted"`` counts.

It shares the machine with what it measures, so it does as little as can be: requests are built
before the clock starts, and one thread waits for all connections.
"""

import json
import resource
import select
import socket
import sys
import time
from collections import deque
from contextlib import ExitStack
from typing import Any

GOOD_STATUS = b"HTTP/1.1 201"
GOOD_BODY = b'"result":"accepted"'
LENGTH = b"\r\ncontent-length:"
CHUNKED = b"\r\ntransfer-encoding: chunked"
LAST_CHUNK = b"\r\n0\r\n\r\n"


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Carry out an order and return what happened; times are in milliseconds."""
    head = order["head"]
    requests = deque(
        f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()
        for body in order["bodies"]
    )
    with ExitStack() as opened:
        connections = {}
        for _ in range(order["connections"]):
            one = opened.enter_context(socket.create_connection(("127.0.0.1", order["port"])))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connections[one.fileno()] = one
        used_before = _cpu_seconds()
        result = _exchange(requests, connections, order["seconds"], order.get("rate"))
    return result | {"unsent": len(requests), "cpu_seconds": _cpu_seconds() - used_before}


def _exchange(
    requests: deque[bytes],
    connections: dict[int, socket.socket],
    seconds: float,
    rate: float | None,
) -> dict[str, Any]:
    poller = select.poll()
    for descriptor in connections:
        poller.register(descriptor, select.POLLIN)
    idle = deque(connections.values())
    times: list[float] = []
    wrong: list[str] = []
    sent_at: dict[int, float] = {}
    received: dict[int, bytes] = dict.fromkeys(connections, b"")
    last = now = due = began = time.perf_counter()
    end = began + seconds
    while True:
        while idle and requests and now < end and due <= now:
            connection = idle.popleft()
            sent_at[connection.fileno()] = due if rate else time.perf_counter()
            connection.sendall(requests.popleft())
            due += 1 / rate if rate else 0.0
        if not sent_at and (now >= end or not requests):
            break
        # Only as long as the next one is not due, when there is a connection to send it on.
        is_next_due = idle and requests and rate and now < end
        patience = max(due - now, 0.0) if is_next_due else 1.0
        for descriptor, _ in poller.poll(patience * 1000):
            connection = connections[descriptor]
            data = received[descriptor] + connection.recv(65536)
            if not _is_whole(data):
                received[descriptor] = data
                continue
            received[descriptor] = b""
            last = time.perf_counter()
            times.append((last - sent_at.pop(descriptor)) * 1000)
            if not data.startswith(GOOD_STATUS) or GOOD_BODY not in data:
                wrong.append(data[:600].decode(errors="replace"))
            idle.append(connection)
        now = time.perf_counter()
    return {
        "seconds": last - began,
        "times": times,
        "wrong": len(wrong),
        "first_wrong": wrong[0] if wrong else None,
    }


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _is_whole(data: bytes) -> bool:
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        if not data:
            raise ConnectionError("the server hung up")
        return False
    head = head.lower()
    if CHUNKED in head:
        return body.endswith(LAST_CHUNK)
    at = head.find(LENGTH)
    if at < 0:
        raise ValueError(f"an answer without a length: {head!r}")
    return len(body) >= int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0])


def main() -> int:
    """Read an order, write the result."""
    json.dump(run(json.load(sys.stdin)), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
