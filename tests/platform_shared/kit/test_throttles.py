"""What is counted, where, and by whom it can be read."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pytest_django import Settings
from redis.exceptions import RedisError

from platform_shared.accounts.throttles import SIGN_IN
from platform_shared.kit import throttles, valkey
from platform_shared.kit.throttles import Budget, Counts, Limiter, Per, Throttle
from tests.support.throttling import Address, take_valkey_away
from tests.support.world import PASSWORD, ClubWorld

FEW = Throttle("few", Per.ADDRESS, 3, 60, Counts.GUESSES, frozenset({"wrong"}))


@pytest.fixture(autouse=True)
def _one_address_each(settings: Settings) -> None:
    settings.THROTTLE_SHARED_FACTOR = 1


@pytest.fixture(params=["valkey", "process"])
def budget(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Budget]:
    """A budget of three, counted by Valkey or, without it, by the process."""
    if request.param == "process":
        take_valkey_away(settings, monkeypatch)
    yield Budget(FEW, throttles.key_of("club", "somebody"))
    throttles._own.cache_clear()


def takes(budget: Budget, times: int) -> list[bool]:
    return [budget.take() is not None for _ in range(times)]


class TestBudget:
    def test_is_used_up_after_so_many(self, budget: Budget) -> None:
        assert takes(budget, 5) == [True, True, True, False, False]

    def test_is_each_subjects_own(self, budget: Budget) -> None:
        takes(budget, 3)
        assert takes(Budget(FEW, throttles.key_of("club", "another")), 1) == [True]
        assert takes(Budget(FEW, throttles.key_of("other", "somebody")), 1) == [True]

    def test_has_one_more_when_one_is_given_back(self, budget: Budget) -> None:
        limiter = budget.take()
        takes(budget, 2)
        assert limiter is not None
        budget.give_back(limiter)
        assert takes(budget, 2) == [True, False]

    def test_is_whole_again_when_it_is_forgotten(self, budget: Budget) -> None:
        takes(budget, 3)
        budget.forget()
        assert takes(budget, 4) == [True, True, True, False]

    def test_says_how_much_is_left_and_when_there_is_more(self, budget: Budget) -> None:
        takes(budget, 1)
        headers = budget.headers()
        assert headers["RateLimit-Policy"] == '"few";q=3;w=60'
        name, left, seconds = headers["RateLimit"].split(";")
        assert (name, left) == ('"few"', "r=2")
        assert 0 < int(seconds.removeprefix("t=")) <= 60
        takes(budget, 2)
        error = budget.used_up()
        assert (error.status, error.code) == (429, "too_many_requests")
        assert 0 < int(error.headers["Retry-After"]) <= 60
        assert error.headers["RateLimit"].startswith('"few";r=0;t=')

    def test_that_was_never_used_says_so(self, budget: Budget) -> None:
        assert budget.headers()["RateLimit"] == '"few";r=3;t=0'


class TestManyAtOnce:
    def taken(self, budget: Budget) -> int:
        start = threading.Barrier(20)

        def one(_: int) -> bool:
            start.wait(timeout=30)
            return budget.take() is not None

        with ThreadPoolExecutor(20) as pool:
            return sum(pool.map(one, range(20)))

    def test_take_no_more_than_there_is(self, budget: Budget) -> None:
        assert self.taken(budget) == 3

    def test_would_take_more_if_one_looked_first_and_took_later(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control: everybody has looked before anybody takes.
        budget = Budget(FEW, throttles.key_of("club", "somebody"))
        hit, looked = Limiter.hit, threading.Barrier(20)

        def look_then_take(limiter: Limiter, item: Any, *key: str, cost: int = 1) -> bool:
            there_is = limiter.test(item, *key)
            looked.wait(timeout=30)
            hit(limiter, item, *key)
            return there_is

        monkeypatch.setattr(Limiter, "hit", look_then_take)
        assert self.taken(budget) == 20


class TestTurns:
    def test_are_waited_for_while_tries_are_under_way(self, budget: Budget) -> None:
        under_way = [budget.take() for _ in range(3)]
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(budget.take_in_turn)
            limiter = under_way[0]
            assert limiter is not None
            budget.give_back(limiter)
            assert waiting.result(timeout=10) is not None

    def test_are_not_waited_for_by_whoever_was_wrong_too_often(
        self, budget: Budget, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        takes(budget, 3)
        for _ in range(3):
            budget.was_wrong()
        monkeypatch.setattr(throttles, "TURN", None)  # what would wait fails
        assert budget.take_in_turn() is None
        budget.forget()
        assert budget.take_in_turn() is not None

    def test_are_not_waited_for_for_ever(
        self, budget: Budget, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        takes(budget, 3)
        with monkeypatch.context() as patch:
            patch.setattr(throttles, "LONGEST_TURN", -1.0)
            assert [budget.take_in_turn() for _ in range(3)] == [None] * 3
        monkeypatch.setattr(throttles, "TURN", None)  # what would wait fails
        assert budget.take_in_turn() is None  # the three that never came back are written off

    def test_would_be_missed_if_nobody_waited(
        self, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Negative control: the right password is refused for the sake of others under way.
        here = Address(club_a.host)
        key = throttles.key_of(str(club_a.ref.id), "staff@alpha.test", "127.0.0.1")
        (pair,) = [throttle for throttle in SIGN_IN if throttle.name == "sign-in"]
        under_way = Budget(pair, key)
        monkeypatch.setattr(throttles, "LONGEST_TURN", -1.0)
        takes(under_way, 10)
        assert here.sign_in("staff@alpha.test", PASSWORD).status_code == 429


class TestWithoutValkey:
    def test_it_is_left_alone_for_a_while(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        take_valkey_away(settings, monkeypatch)
        asked = []

        def ask() -> None:
            asked.append(1)
            raise RedisError

        assert [throttles._with_valkey(ask) for _ in range(3)] == [None] * 3
        assert len(asked) == 1
        monkeypatch.setattr(throttles, "_away_until", 0.0)
        throttles._with_valkey(ask)
        assert len(asked) == 2

    def test_what_it_has_counted_is_not_given_back_elsewhere(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Or the process's own budget would be larger by it."""
        budget = Budget(FEW, throttles.key_of("club", "somebody"))
        limiter = budget.take()
        assert limiter is not None
        take_valkey_away(settings, monkeypatch)
        budget.give_back(limiter)
        assert takes(budget, 4) == [True, True, True, False]

    def test_nobody_is_known(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        throttles.remember("club:somebody")
        assert throttles.is_known("club:somebody")
        assert not throttles.is_known("club:another")
        take_valkey_away(settings, monkeypatch)
        assert not throttles.is_known("club:somebody")
        throttles.remember("club:somebody")


class TestKeys:
    def test_name_the_club_and_nobody_else(self) -> None:
        key = throttles.key_of("0199-club", "ada@alpha.test", "203.0.113.1")
        Budget(FEW, key).take()
        throttles.remember(key)
        stored = valkey.client().keys("*")
        assert len(stored) == 2
        for name in stored:
            assert "0199-club" in name
            assert "ada" not in name
            assert "203" not in name

    def test_cannot_be_found_by_hashing_who_might_be_meant(self, settings: Settings) -> None:
        key = throttles.key_of("club", "ada@alpha.test")
        settings.SECRET_KEY = "another"
        assert throttles.key_of("club", "ada@alpha.test") != key

    def test_keep_apart_what_only_reads_alike(self) -> None:
        assert throttles.key_of("c", "a", "b") != throttles.key_of("c", "ab")
        assert throttles.key_of("c", "a\nb") != throttles.key_of("c", "a", "b")

    def test_take_whatever_text_a_client_sends(self) -> None:
        assert throttles.key_of("c", "\ud800\x00") != throttles.key_of("c", "\ud801\x00")

    def test_end(self) -> None:
        Budget(FEW, throttles.key_of("club", "somebody")).take()
        throttles.remember("club:somebody")
        for name in valkey.client().keys("*"):
            assert 0 < valkey.client().ttl(name) <= throttles.KNOWN_SECONDS
