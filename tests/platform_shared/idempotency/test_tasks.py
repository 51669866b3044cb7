from datetime import timedelta

import pytest

from platform_shared.idempotency import services, tasks
from platform_shared.idempotency.models import KeptAnswer
from platform_shared.kit import clock
from platform_shared.tenancy import binding
from tests.platform_shared.idempotency.test_services import DONE, Deed, once
from tests.support.background import eagerly
from tests.support.world import ClubWorld


class TestForgetExpired:
    def test_deletes_the_platforms_answers_that_are_too_old(
        self, club_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "BATCH", 2)
        now = clock.now()
        old = now - timedelta(hours=24)
        with binding.platform():
            for key in "abc":
                once(lambda: DONE, key=key, now=old)
            once(lambda: DONE, key="young", now=now)
        with binding.club(club_a.ref):
            once(Deed(), now=old)
        with eagerly():
            assert tasks.forget_expired.delay().get() == 3
        with binding.platform():
            assert KeptAnswer.objects.count() == 1
        with binding.club(club_a.ref):  # due work's
            assert KeptAnswer.objects.count() == 1
