"""Batches: what comes back is what the querysets would have given, and failures undo everything."""

from typing import Any, ClassVar

import pytest
from django.db import DataError, Error, IntegrityError, connection, transaction
from django.db.models import Count, F, Value
from django.db.models.expressions import DatabaseDefault, RawSQL
from django.db.models.sql.compiler import SQLCompiler

from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding, pipeline
from platform_shared.tenancy.pipeline import Batch, Param, Rows, Statement
from tenant_apps.customers.models import Customer
from tenant_apps.locations.models import Location
from tenant_apps.subscriptions.models import Subscription
from tests.conftest import LiveDatabase
from tests.support.world import BORN, ClubWorld


def location(name: str) -> Location:
    """Return a location that is not stored yet."""
    return Location(name=name, created_at=BORN)


def names() -> list[str]:
    """Return the names of the bound club's locations."""
    return list(Location.objects.order_by("id").values_list("name", flat=True))


def prepared() -> int:
    """Return how many of this connection's prepared statements are about customers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s",
            ["%customers_customer%"],
        )
        (count,) = cursor.fetchone()
        return int(count)


@pytest.mark.usefixtures("bound_a")
class TestFetch:
    def test_gives_models(self, club_a: ClubWorld) -> None:
        with transaction.atomic(), pipeline.batch() as batch:
            rows = batch.fetch(Statement(Customer.objects.order_by("id")))
        assert rows.all() == list(Customer.objects.order_by("id"))
        assert [row.id for row in rows.all()] == [club_a.customer, club_a.other_customer]

    def test_gives_models_that_are_as_good_as_loaded(self) -> None:
        with transaction.atomic(), pipeline.batch() as batch:
            rows = batch.fetch(Statement(Location.objects.all()))
        (row,) = rows.all()
        row.name = "Exit"
        row.save()
        assert names() == ["Exit"]

    @pytest.mark.parametrize(
        "queryset",
        [
            lambda: Subscription.objects.select_related("customer"),
            lambda: Customer.objects.annotate(n=Count("subscriptions")),
            lambda: Location.objects.values("name"),
        ],
    )
    def test_refuses_what_is_more_than_plain_rows(self, queryset: Any) -> None:
        with (
            pytest.raises(TypeError, match="plain models"),
            transaction.atomic(),
            pipeline.batch() as batch,
        ):
            batch.fetch(Statement(queryset()))

    def test_converts_as_the_fields_do(self) -> None:
        with transaction.atomic(), pipeline.batch() as batch:
            rows = batch.fetch(Statement(Subscription.objects.all()))
        (row,) = rows.all()
        again = Subscription.objects.get()
        for field in Subscription._meta.concrete_fields:
            assert getattr(row, field.attname) == getattr(again, field.attname)
        assert row.access_rules == []
        assert row.starts_at.tzinfo is not None

    def test_gives_values(self, club_a: ClubWorld) -> None:
        with transaction.atomic(), pipeline.batch() as batch:
            flat = batch.fetch(Statement(Location.objects.values_list("id", flat=True)))
            pairs = batch.fetch(Statement(Location.objects.values_list("name", "is_active")))
            counted = batch.fetch(
                Statement(
                    Customer.objects.annotate(n=Count("subscriptions"))
                    .order_by(F("n").desc())
                    .values_list("n", flat=True)
                )
            )
        assert flat.all() == [club_a.location]
        assert pairs.all() == [("Entrance", True)]
        assert counted.all() == [1, 0]

    def test_gives_one_or_none(self, club_a: ClubWorld) -> None:
        with transaction.atomic(), pipeline.batch() as batch:
            there = batch.fetch(Statement(Location.objects.filter(pk=club_a.location)))
            missing = batch.fetch(Statement(Location.objects.filter(pk=new_id())))
            first = batch.fetch(Statement(Customer.objects.order_by("-id")[:1]))
        assert there.one() == Location.objects.get()
        assert (missing.one(), missing.all()) == (None, [])
        assert [row.id for row in first.all()] == [club_a.other_customer]

    def test_leaves_the_queryset_as_it_was(self) -> None:
        rows = Location.objects.filter(name__startswith="E")
        with transaction.atomic(), pipeline.batch() as batch:
            deferred = batch.fetch(Statement(rows))
        Location.objects.filter(name="Entrance").update(name="Exit")
        assert [row.name for row in deferred.all()] == ["Entrance"]
        assert [row.name for row in rows] == ["Exit"]
        assert list(rows.filter(name="Entrance")) == []

    def test_sees_what_statements_before_it_wrote(self) -> None:
        with transaction.atomic(), pipeline.batch() as batch:
            before = batch.fetch(Statement(Location.objects.order_by("id")))
            batch.insert(location("Roof"))
            after = batch.fetch(Statement(Location.objects.order_by("id")))
        assert [row.name for row in before.all()] == ["Entrance"]
        assert [row.name for row in after.all()] == ["Entrance", "Roof"]

    def test_refuses_to_be_read_before_the_end(self) -> None:
        with transaction.atomic(), pipeline.batch() as batch:
            rows = batch.fetch(Statement(Location.objects.all()))
            with pytest.raises(RuntimeError, match="not ended"):
                rows.all()
            with pytest.raises(RuntimeError, match="not ended"):
                rows.one()
        assert len(rows.all()) == 1

    def test_stays_unread_when_the_block_raises(self) -> None:
        kept: list[Rows[Location]] = []

        def fetch_and_fail(batch: Batch) -> None:
            kept.append(batch.fetch(Statement(Location.objects.all())))
            raise LookupError("something else")

        with pytest.raises(LookupError), transaction.atomic(), pipeline.batch() as batch:
            fetch_and_fail(batch)
        with pytest.raises(RuntimeError, match="not ended"):
            kept[0].all()


@pytest.mark.usefixtures("bound_a")
class TestStatement:
    BY_NAME: ClassVar[Statement[Any]] = Statement(
        Location.objects.filter(name=Param("name")).values_list("name", flat=True)
    )

    def test_is_sent_with_other_values_each_time(self) -> None:
        with transaction.atomic(), pipeline.batch() as batch:
            batch.insert(location("Roof"))
            found = [batch.fetch(self.BY_NAME, name=name) for name in ("Roof", "Entrance", "No")]
        assert [rows.all() for rows in found] == [["Roof"], ["Entrance"], []]

    def test_is_compiled_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with transaction.atomic(), pipeline.batch() as batch:
            batch.fetch(self.BY_NAME, name="Roof")
        monkeypatch.setattr(SQLCompiler, "as_sql", None)
        with transaction.atomic(), pipeline.batch() as batch:
            rows = batch.fetch(self.BY_NAME, name="Entrance")
        assert rows.all() == ["Entrance"]

    def test_refuses_to_go_without_a_value(self) -> None:
        with pytest.raises(KeyError), transaction.atomic(), pipeline.batch() as batch:
            batch.fetch(self.BY_NAME, nome="Entrance")

    def test_takes_values_as_values(self) -> None:
        with transaction.atomic(), pipeline.batch() as batch:
            rows = batch.fetch(self.BY_NAME, name="x' OR true --")
        assert rows.all() == []

    def test_puts_them_into_subqueries_and_raw_sql_too(self, club_a: ClubWorld) -> None:
        shared = Subscription.objects.filter(customer_id=Param("who")).values("customer_id")
        statement: Statement[Any] = Statement(
            Customer.objects.filter(pk__in=shared).values_list(
                "name", RawSQL("%s::text", (Param("what"),))
            )
        )
        with transaction.atomic(), pipeline.batch() as batch:
            rows = batch.fetch(statement, who=club_a.customer, what="said")
        assert rows.all() == [("Carla of alpha", "said")]

    def test_is_prepared_once_and_serves_whichever_club_is_bound(
        self, club_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        statement: Statement[str] = Statement(
            Customer.objects.filter(name__startswith="Carla").values_list("name", flat=True)
        )
        said, before = [], prepared()
        for club in (club_a, club_b, club_a, club_b):
            with binding.club(club.ref):
                with transaction.atomic(), pipeline.batch() as batch:
                    rows = batch.fetch(statement)
                said += rows.all()
        assert said == ["Carla of alpha", "Carla of beta"] * 2
        assert prepared() == before + 1


@pytest.mark.usefixtures("bound_a")
class TestExecute:
    def test_sends_a_statement_whose_rows_nobody_wants(self, club_a: ClubWorld) -> None:
        with transaction.atomic(), pipeline.batch() as batch:
            batch.execute("SELECT generate_series(1, 3)")
            batch.execute("UPDATE locations_location SET name = %s", ("Gate",))
            rows = batch.fetch(Statement(Location.objects.values_list("name", flat=True)))
        assert rows.all() == ["Gate"]

    def test_goes_by_what_watches_the_connection(self) -> None:
        seen = []

        def watch(execute: Any, sql: str, *rest: Any) -> Any:
            seen.append(sql)
            return execute(sql, *rest)

        with connection.execute_wrapper(watch), transaction.atomic(), pipeline.batch() as batch:
            batch.execute("SELECT 1")
        assert "SELECT 1" in seen

    def test_works_on_the_bound_club_alone(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        with transaction.atomic(), pipeline.batch() as batch:
            batch.execute("UPDATE locations_location SET name = %s", ("Gate",))
        with binding.club(club_b.ref), transaction.atomic(), pipeline.batch() as batch:
            rows = batch.fetch(Statement(Location.objects.values_list("name", flat=True)))
        assert rows.all() == ["Entrance"]


@pytest.mark.usefixtures("bound_a")
class TestInsert:
    def test_adds_a_row(self) -> None:
        roof = location("Roof")
        with transaction.atomic(), pipeline.batch() as batch:
            batch.insert(roof)
        assert Location.objects.get(name="Roof") == roof
        assert not roof._state.adding

    def test_writes_what_a_save_would(self, club_a: ClubWorld) -> None:
        kept = Subscription.objects.get()
        kept.pk, kept._state.adding = new_id(), True
        kept.features = ["sauna"]
        with transaction.atomic(), pipeline.batch() as batch:
            batch.insert(kept)
        again = Subscription.objects.get(pk=kept.pk)
        for field in Subscription._meta.concrete_fields:
            assert getattr(again, field.attname) == getattr(kept, field.attname)

    def test_leaves_to_the_database_what_it_fills_in(self) -> None:
        added = Location(name="Roof", created_at=BORN, address=DatabaseDefault(Value("?")))
        with transaction.atomic(), pipeline.batch() as batch:
            batch.insert(added)
        assert Location.objects.get(name="Roof").address == ""


@pytest.mark.usefixtures("bound_a")
class TestBatch:
    def test_raises_the_first_error_and_rolls_back(self) -> None:
        def fill() -> None:
            with transaction.atomic(), pipeline.batch() as batch:
                batch.insert(location("Roof"))
                batch.insert(location("Entrance"))
                batch.execute("SELECT 1 / 0")

        before = names()
        with pytest.raises(IntegrityError, match="name"):
            fill()
        assert names() == before

    def test_turns_driver_errors_into_djangos(self) -> None:
        with pytest.raises(DataError), transaction.atomic(), pipeline.batch() as batch:
            batch.execute("SELECT 1 / 0")

    def test_lets_the_connection_go_on(self) -> None:
        with pytest.raises(Error), transaction.atomic(), pipeline.batch() as batch:
            batch.execute("SELECT nonsense")
        with transaction.atomic(), pipeline.batch() as batch:
            rows = batch.fetch(Statement(Location.objects.values_list("name", flat=True)))
        assert rows.all() == names()

    def test_may_be_empty(self) -> None:
        with transaction.atomic(), pipeline.batch():
            pass
        assert names() == ["Entrance"]

    def test_would_keep_a_row_without_the_transaction_around_it(self) -> None:
        # Negative control: the batch itself undoes nothing, its transaction does.
        with transaction.atomic(), pipeline.batch() as batch:
            batch.insert(location("Roof"))
        with pytest.raises(IntegrityError), transaction.atomic(), pipeline.batch() as batch:
            batch.insert(location("Roof"))
        assert names() == ["Entrance", "Roof"]


class TestRealTransactions:
    """The same with a transaction of one's own, whose BEGIN travels with the batch."""

    @pytest.fixture(autouse=True)
    def _club(self, live_database: LiveDatabase, world: Any) -> Any:
        with binding.club(world.a.ref):
            yield
            Location.objects.filter(name__startswith="Live").delete()

    @staticmethod
    def is_clean() -> bool:
        """Return whether the connection is between transactions, for psycopg and for Django."""
        raw: Any = connection.connection
        return (
            raw.autocommit
            and connection.get_autocommit()
            and raw.info.transaction_status.name == "IDLE"
        )

    def test_commit_what_was_sent(self) -> None:
        with transaction.atomic(durable=True):
            with pipeline.batch() as batch:
                batch.insert(location("Live 1"))
            with pipeline.batch() as batch:
                batch.insert(location("Live 2"))
        assert self.is_clean()
        connection.close()
        assert {"Live 1", "Live 2"} <= set(names())

    @pytest.mark.parametrize("when", ["in the batch", "after it", "in the next"])
    def test_leave_nothing_when_anything_fails(self, when: str) -> None:
        def fill() -> None:
            with pipeline.batch() as batch:
                batch.insert(location("Live 1"))
                if when == "in the batch":
                    batch.execute("SELECT 1 / 0")
            if when == "after it":
                raise DataError
            with pipeline.batch() as batch:
                batch.execute("SELECT 1 / 0")

        with pytest.raises(DataError), transaction.atomic(durable=True):
            fill()
        assert self.is_clean()
        assert "Live 1" not in names()

    def test_see_nothing_of_another_club_bound_before(self, world: Any) -> None:
        with binding.club(world.b.ref):
            assert Customer.objects.filter(name="Otto of beta").exists()
        with transaction.atomic(durable=True), pipeline.batch() as batch:
            rows = batch.fetch(Statement(Customer.objects.filter(name__startswith="Otto of")))
        assert [row.name for row in rows.all()] == ["Otto of alpha"]

    def test_run_hooks_after_the_commit(self) -> None:
        said: list[bool] = []
        with transaction.atomic(durable=True):
            transaction.on_commit(lambda: said.append("Live 1" in names()))
            with pipeline.batch() as batch:
                batch.insert(location("Live 1"))
            assert said == []
        assert said == [True]
