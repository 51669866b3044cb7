"""Where a secret is tried, or mail caused by anybody, a throttle is declared; at the door none."""

from collections import defaultdict

import pytest

from platform_shared.accounts.throttles import FORGED_TOKENS
from platform_shared.kit.access import Open
from platform_shared.kit.throttles import Counts, Per, Throttle
from platform_shared.kit.views import ApiView
from tests.architecture.test_access import api_views

# What each route is throttled by. A route is here because one can try a secret at it, or because
# anybody can have mail sent to somebody by it.
THROTTLED = {
    "/api/v1/auth/token": [
        "sign-in-address",
        "sign-in",
        "sign-in-day",
        "sign-in-account",
        "sign-in-club",
    ],
    "/api/v1/auth/token/refresh": ["refresh-tokens"],
    "/api/v1/auth/logout": ["refresh-tokens"],
    "/api/v1/auth/password": ["password-links"],
    "/api/v1/auth/password-links": ["mail-address", "mail-recipient", "mail-club"],
    "/api/v1/me/password": ["own-password"],
    "/api/v1/registrations": ["mail-address", "mail-recipient", "mail-club"],
    "/api/v1/registrations/confirm": ["registration-links"],
}
# Open to anybody, and neither a secret nor a mail in it.
HARMLESS = {"/api/v1/catalogue", "/.well-known/jwks.json"}


def declared() -> list[Throttle]:
    return [throttle for _, view in api_views() for throttle in view.throttles] + [FORGED_TOKENS]


def faults(path: str, view: type[ApiView]) -> list[str]:
    """Return what is missing from what the view declares."""
    if Open.PUBLIC in view.access.values() and path not in HARMLESS and not view.throttles:
        return [f"{path} is open to anybody and has no throttle"]
    return []


class TestThrottles:
    def test_are_declared_where_they_must_be(self) -> None:
        found = {path: [t.name for t in view.throttles] for path, view in api_views()}
        assert {path: names for path, names in found.items() if names} == THROTTLED

    def test_are_declared_by_whatever_is_open_to_anybody(self) -> None:
        assert [fault for path, view in api_views() for fault in faults(path, view)] == []

    def test_would_be_missed_there(self) -> None:
        class Bare(ApiView):
            access = {"POST": Open.PUBLIC}

        assert len(faults("/api/v1/bare", Bare)) == 1

    def test_are_asked_about_everywhere(self) -> None:
        (default,) = ApiView.throttle_classes
        assert default.__name__ == "DeclaredThrottles"
        assert [p for p, v in api_views() if v.throttle_classes != ApiView.throttle_classes] == []

    def test_are_not_at_the_door(self) -> None:
        silent = {path for path, view in api_views() if not view.counts_forged_tokens}
        assert silent == {"/api/v1/door/scans"}
        assert "/api/v1/door/scans" not in THROTTLED

    def test_have_one_meaning_a_name(self) -> None:
        by_name = defaultdict(set)
        for throttle in declared():
            by_name[throttle.name].add(throttle)
        assert [name for name, same in by_name.items() if len(same) > 1] == []

    @pytest.mark.parametrize("throttle", sorted(set(declared()), key=lambda t: t.name), ids=str)
    def test_can_be_used_up_and_hold_off_a_guesser(self, throttle: Throttle) -> None:
        assert throttle.name.replace("-", "").isalnum()
        assert throttle.limit > 0
        assert throttle.seconds > 0
        # What is guessed or missed is told by codes; requests count whatever they are about.
        is_requests = throttle.counts is Counts.REQUESTS
        assert bool(throttle.codes) is (not is_requests and throttle is not FORGED_TOKENS)
        if throttle.counts is Counts.MISSES:
            assert throttle.per is Per.ADDRESS  # nobody else is to be shut out
