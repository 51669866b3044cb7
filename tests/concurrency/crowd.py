"""Many at once: clients of a real server, and threads with connections of their own."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx
from django.db import connection, connections

from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from tests.support.live import WebServer

Ask = Callable[[httpx.Client], httpx.Response]

# How long one waits for the others to get to the same place. With the guard there they cannot,
# because they wait for a lock that the first one holds; so this is what a guarded race costs.
MEETING_SECONDS = 1.0


class Crowd:
    """So many clients, each with a connection of its own, that start at the same moment."""

    def __init__(self, clients: Sequence[httpx.Client], pool: ThreadPoolExecutor) -> None:
        self._clients = clients
        self._pool = pool

    def ask(self, *asked: Ask) -> list[httpx.Response]:
        """Send one request by each client at once; given one, all of them send the same."""
        start = threading.Barrier(len(self._clients))

        def one(client: httpx.Client, question: Ask) -> httpx.Response:
            start.wait(timeout=60)
            return question(client)

        questions = asked * len(self._clients) if len(asked) == 1 else asked
        return list(self._pool.map(one, self._clients, questions))

    def post(self, path: str, *bodies: Any) -> list[httpx.Response]:
        """Post one body by each client at once; given one, all of them post the same."""
        return self.ask(
            *(lambda client, body=body: client.post(path, json=body) for body in bodies)
        )


@contextmanager
def crowd(web: WebServer, host: str, access: str | None, size: int) -> Iterator[Crowd]:
    """Gather ``size`` clients of a host, connected already."""
    with ExitStack() as stack:
        clients = [stack.enter_context(web.client(host, access)) for _ in range(size)]
        pool = stack.enter_context(ThreadPoolExecutor(size))
        list(pool.map(lambda client: client.get("/health/live"), clients))
        yield Crowd(clients, pool)


def statuses(answers: Sequence[httpx.Response]) -> Counter[int]:
    """Return how often each status came."""
    return Counter(answer.status_code for answer in answers)


def meeting(people: int) -> Callable[[], None]:
    """Return a place at which ``people`` threads wait for each other, or give up after a while."""
    barrier = threading.Barrier(people)

    def meet() -> None:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=MEETING_SECONDS)

    return meet


def race[T](target: ClubRef | str, *jobs: Callable[[], T]) -> list[T | str]:
    """Run the jobs at once, each with a connection of its own; errors come as their names."""
    start = threading.Barrier(len(jobs))

    def one(job: Callable[[], T]) -> T | str:
        try:
            binding.bind(target)
            connection.ensure_connection()  # connecting takes longer than many a race
            start.wait(timeout=60)
            return job()
        except Exception as error:
            return type(error).__name__
        finally:
            binding.release()
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(one, jobs))
