"""Claims on rows that wait for a worker; what both lists have of it is tested with each."""

from platform_shared.due_work import services
from platform_shared.due_work.models import DueWork
from platform_shared.kit import claims
from platform_shared.kit.ids import new_id
from tests.support.world import BORN, ClubWorld


class TestClaim:
    def test_takes_only_of_the_rows_that_it_is_given(self, bound_a: ClubWorld) -> None:
        for kind in ("tests.one", "tests.two"):
            services.schedule(kind=kind, subject_id=new_id(), due_at=BORN)
        rows = DueWork.objects.filter(kind="tests.one")
        (row,) = claims.claim(rows, now=BORN)
        assert row.kind == "tests.one"
        assert DueWork.objects.get(kind="tests.two").claimed_until is None
