"""Customers from a file: every row gets a fate, nobody comes twice, nothing is half done."""

import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from platform_shared.due_work import services as due_work
from platform_shared.due_work.models import DueWork
from platform_shared.kit import clock
from platform_shared.kit.ids import new_id
from platform_shared.kit.principal import SYSTEM
from platform_shared.tenancy import binding
from tenant_apps.customers import exports, imports, merging, selectors, sheets
from tenant_apps.customers.api import parsers
from tenant_apps.customers.api.serializers import NewImportSerializer
from tenant_apps.customers.models import (
    Customer,
    CustomerImport,
    ImportKey,
    ImportRow,
    SearchTerm,
)
from tests.platform_shared.clubs.limits import limit
from tests.support.api import Caller
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.customers.test_search import found
from tests.tenant_apps.sales.desk import STAFF, new_customer

FILE = """\
name,email,phone,birth_date,address,emergency_name,emergency_phone,notes,tags
Dóra Nagy,Dora@Alpha.test,030 1234567,1990-01-02,Street 1,Emil,1,Knee,vip;late
Jan,,,,,,,,
,nobody@alpha.test,,,,,,,
Kim,nonsense,12345,02.01.1990,,,,,
Carla again,CUSTOMER@alpha.test,,,,,,,
"Nagy, DORA",,,1990-01-02,,,,,
Somebody,,+49 30 123 4567,,,,,,
Jan,,,,,,,,
Jan,,,,Street 2,,,,
Too,many,cells,,,,,,,,
"""
FATES = [
    "created",
    "created",
    "invalid",
    "invalid",
    "duplicate",
    "duplicate",
    "duplicate",
    "duplicate",
    "created",
    "invalid",
]


def start(text: str = FILE, *, dry_run: bool = False) -> UUID:
    file = ContentFile(text.encode(), name="people.csv")
    return imports.start_import(file=file, dry_run=dry_run, now=BORN, actor=SYSTEM).id


def finish(import_id: UUID) -> CustomerImport:
    """Take step after step, as the scheduler does."""
    now = BORN
    while selectors.get_import(import_id).status != "done":
        now += timedelta(seconds=5)
        imports.work_on(import_id, now)
    return selectors.get_import(import_id)


def fates(import_id: UUID) -> list[str]:
    return [row.fate for row in selectors.list_import_rows(import_id).order_by("number")]


def row_of(import_id: UUID, number: int) -> ImportRow:
    return selectors.list_import_rows(import_id).get(number=number)


@pytest.fixture(params=[2_000, 3, 1])
def step(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many rows a step looks at: all, some, one."""
    rows: int = request.param
    monkeypatch.setattr(imports, "ROWS_A_STEP", rows)
    return rows


class TestImport:
    def test_says_what_became_of_each_row(self, bound_a: ClubWorld, step: int) -> None:
        job = finish(start())
        assert fates(job.id) == FATES
        assert (job.total, job.rows) == (10, 10)
        assert (job.created, job.duplicates, job.invalid) == (3, 4, 3)
        assert job.finished_at is not None
        dora, jan = row_of(job.id, 1).customer_id, row_of(job.id, 2).customer_id
        pointers = {n: row_of(job.id, n).customer_id for n in (5, 6, 7, 8)}
        assert pointers == {5: bound_a.customer, 6: dora, 7: dora, 8: jan}
        errors = [(e["field"], e["code"]) for e in row_of(job.id, 4).errors]
        assert errors == [("birth_date", "invalid"), ("email", "invalid")]
        assert row_of(job.id, 3).errors[0]["code"] == "required"
        assert row_of(job.id, 10).errors == [imports.TOO_MANY_CELLS]

    def test_says_that_a_number_is_none(self, bound_a: ClubWorld) -> None:
        job = finish(start("name,phone\nDora,12345\n"))
        (error,) = row_of(job.id, 1).errors
        assert (job.invalid, error["field"], error["code"]) == (1, "phone", "invalid")

    def test_makes_whole_records(self, bound_a: ClubWorld) -> None:
        job = finish(start())
        dora = Customer.objects.get(pk=row_of(job.id, 1).customer_id)
        assert (dora.name, dora.email, dora.phone) == (
            "Dóra Nagy",
            "dora@alpha.test",
            "030 1234567",
        )
        assert (dora.phone_e164, dora.birth_date) == ("+49301234567", date(1990, 1, 2))
        assert (dora.emergency_name, dora.emergency_phone) == ("Emil", "1")
        assert (dora.address, dora.notes, dora.tags) == ("Street 1", "Knee", ["vip", "late"])
        assert found("nagy dora") == found("030 123") == ["Dóra Nagy"]
        assert [
            row["pk"]
            for row in selectors.list_customers()
            .filter(pk__in=selectors.with_tag("VIP"))
            .values("pk")
        ] == [dora.id]

    def test_of_the_same_file_again_adds_nobody(self, bound_a: ClubWorld, step: int) -> None:
        first = finish(start())
        before = sorted(Customer.objects.values_list("id", flat=True))
        again = finish(start())
        assert fates(again.id) == ["duplicate" if fate == "created" else fate for fate in FATES]
        assert row_of(again.id, 2).customer_id == row_of(first.id, 2).customer_id
        assert sorted(Customer.objects.values_list("id", flat=True)) == before

    def test_points_to_the_survivor_of_a_merge(self, bound_a: ClubWorld) -> None:
        first = finish(start("name,email\nDora,dora@alpha.test\nJan,\n"))
        for number in (1, 2):
            duplicate = row_of(first.id, number).customer_id
            assert duplicate is not None
            merging.merge_customers(
                survivor_id=bound_a.other_customer, duplicate_id=duplicate, now=BORN, actor=STAFF
            )
        again = finish(start("name,email\nDora,dora@alpha.test\nJan,\n"))
        assert fates(again.id) == ["duplicate"] * 2
        assert {row_of(again.id, n).customer_id for n in (1, 2)} == {bound_a.other_customer}

    def test_fills_the_plan_and_no_more(self, bound_a: ClubWorld, step: int) -> None:
        limit(bound_a, max_customers=4)
        job = finish(start())
        assert fates(job.id) == [*FATES[:8], "invalid", "invalid"]
        assert row_of(job.id, 9).errors == [imports.PLAN_IS_FULL]
        assert Customer.objects.count() == 4
        limit(bound_a, max_customers=5)
        assert finish(start()).created == 1

    def test_takes_what_an_export_has_written(self, bound_a: ClubWorld, club_b: ClubWorld) -> None:
        new_customer("=Dora", phone="+49 30 1234567", tags=["a", "b"], notes="-\nx")
        written = b"".join(exports.csv_of(selectors.list_customers(), bom=True)).decode()
        assert finish(start(written)).duplicates == 3
        with binding.club(club_b.ref):
            job = finish(start(written))
            assert (job.created, job.invalid) == (3, 0)
            (dora,) = selectors.found_by("030 1234567")
            assert (dora.name, dora.phone, dora.tags, dora.notes) == (
                "=Dora",
                "+49 30 1234567",
                ["a", "b"],
                "-\nx",
            )


class TestDryRun:
    def test_says_the_same_and_writes_nobody(self, bound_a: ClubWorld, step: int) -> None:
        before = list(SearchTerm.objects.values_list("owner_id", "term"))
        job = finish(start(dry_run=True))
        assert fates(job.id) == FATES
        assert (job.created, job.duplicates, job.invalid) == (3, 4, 3)
        assert Customer.objects.count() == 2
        assert list(SearchTerm.objects.values_list("owner_id", "term")) == before
        pointers = [(row_of(job.id, n).customer_id, row_of(job.id, n).duplicate_of) for n in (5, 6)]
        assert pointers == [(bound_a.customer, None), (None, 1)]
        assert not ImportKey.objects.exists()

    def test_is_no_import_to_a_later_one(self, bound_a: ClubWorld) -> None:
        finish(start(dry_run=True))
        assert finish(start()).created == 3

    def test_knows_the_plan(self, bound_a: ClubWorld, step: int) -> None:
        limit(bound_a, max_customers=4)
        assert fates(finish(start(dry_run=True)).id) == [*FATES[:8], "invalid", "invalid"]


class TestSteps:
    def test_are_due_work_from_the_first_to_the_last(
        self,
        bound_a: ClubWorld,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: Callable[..., Any],
    ) -> None:
        monkeypatch.setattr(imports, "ROWS_A_STEP", 4)
        import_id = start()
        job = CustomerImport.objects.get(pk=import_id)
        assert default_storage.exists(job.file)
        now = BORN
        for rows in (4, 8):
            entry = DueWork.objects.get(kind=imports.STEP, subject_id=import_id)
            now += timedelta(seconds=5)
            imports.work_on(entry.subject_id, now)
            job.refresh_from_db()
            assert (job.status, job.rows) == ("running", rows)
            entry.refresh_from_db()
            assert entry.due_at == now
        with django_capture_on_commit_callbacks(execute=True):
            imports.work_on(import_id, now)
        job.refresh_from_db()
        assert job.status == "done"
        assert not default_storage.exists(job.file)
        imports.work_on(import_id, now)  # late, and once more
        imports.work_on(new_id(), now)
        assert fates(import_id) == FATES

    def test_that_die_are_taken_again(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At whatever point it is killed: what the step did is gone, and done by the next."""
        from django.db import transaction

        monkeypatch.setattr(imports, "ROWS_A_STEP", 4)
        import_id = start()
        imports.work_on(import_id, BORN)
        write = ImportRow.objects.bulk_create

        def killed(*args: Any, **kwargs: Any) -> None:
            write(*args, **kwargs)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(ImportRow.objects, "bulk_create", killed)
            with pytest.raises(KeyboardInterrupt), transaction.atomic():
                imports.work_on(import_id, BORN)
        assert len(fates(import_id)) == 4
        finish(import_id)
        assert fates(import_id) == FATES
        assert Customer.objects.count() == 5

    def test_that_forgot_their_place_would_be_refused(self, bound_a: ClubWorld) -> None:
        """Negative control: without the place in the file the rows come again."""
        from django.db import IntegrityError

        import_id = start()
        at = CustomerImport.objects.get(pk=import_id).offset
        imports.work_on(import_id, BORN)
        CustomerImport.objects.filter(pk=import_id).update(
            offset=at, rows=0, created=0, duplicates=0, invalid=0, status="running"
        )
        default_storage.save(f"imports/{import_id}.csv", ContentFile(FILE.encode()))
        with pytest.raises(IntegrityError, match="customers_import_row_once"):
            imports.work_on(import_id, BORN)


ROWS = 10_000


def generated(count: int) -> Iterator[str]:
    yield "name,email,phone,birth_date,notes\n"
    for n in range(count):
        phone = f"+49 30 {1_000_000 + n}"
        yield f"Customer {n} Example,c{n}@many.test,{phone},1990-01-02,{'x' * 50}\n"


class TestManyRows:
    def test_take_no_more_memory_than_few(
        self,
        bound_a: ClubWorld,
        request: pytest.FixtureRequest,
        record_testsuite_property: Callable[[str, object], None],
    ) -> None:
        """Each step holds its own rows and nothing of those before."""
        rows = request.config.getoption("--import-rows", default=ROWS)
        import_id = start("".join(generated(rows)))
        steps = rows // imports.ROWS_A_STEP
        peaks = {}
        for step in range(1, steps + 1):
            if step in (1, steps):  # a step that is watched takes four times as long
                tracemalloc.start()
            imports.work_on(import_id, BORN + timedelta(seconds=5 * step))
            if tracemalloc.is_tracing():
                peaks[step] = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
        assert peaks[steps] < 1.1 * peaks[1] < 50 * 1024 * 1024, peaks
        record_testsuite_property("import_peak_bytes", peaks[steps])
        assert selectors.get_import(import_id).created == rows
        assert Customer.objects.filter(email__endswith="@many.test").count() == rows


class TestApi:
    def upload(self, caller: Caller, query: str = "", **fields: Any) -> Any:
        return Client(raise_request_exception=False).post(
            f"/api/v1/customers/imports{query}",
            fields,
            headers={"Host": caller.host, "Authorization": f"Bearer {caller.access}"},
        )

    @pytest.fixture
    def progress(self, club_a: ClubWorld) -> Callable[[dict[str, Any]], None]:
        """Do what the scheduler finds due for an import."""

        def run(job: dict[str, Any]) -> None:
            with binding.club(club_a.ref):
                imports.work_on(UUID(job["id"]), clock.now())

        return run

    @pytest.mark.parametrize("form", [True, False])
    @pytest.mark.parametrize("dry_run", [True, False])
    def test_takes_a_form_or_the_file_itself(
        self,
        admin_a: Caller,
        form: bool,
        dry_run: bool,
        progress: Callable[[dict[str, Any]], None],
    ) -> None:
        flag = str(dry_run).lower()
        if form:
            file = SimpleUploadedFile("people.csv", FILE.encode(), "text/csv")
            answer = self.upload(admin_a, file=file, dry_run=flag)
        else:
            answer = admin_a.post(f"customers/imports?dry_run={flag}", FILE)
        assert answer.status_code == 202
        job = answer.json()
        assert job == job | {
            "status": "pending",
            "dry_run": dry_run,
            "total": 10,
            "rows": 0,
            "created": 0,
            "duplicates": 0,
            "invalid": 0,
            "finished_at": None,
        }
        progress(job)
        done = admin_a.get(f"customers/imports/{job['id']}").json()
        assert (done["status"], done["rows"], done["created"]) == ("done", 10, 3)
        rows = admin_a.get(f"customers/imports/{job['id']}/rows").json()["results"]
        assert [(row["number"], row["fate"]) for row in rows] == list(enumerate(FATES, 1))
        assert (rows[0]["customer"] is None) is dry_run
        assert [e["field"] for e in rows[3]["errors"]] == ["birth_date", "email"]
        wrong = admin_a.get(f"customers/imports/{job['id']}/rows?fate=invalid&page_size=2").json()
        assert [row["number"] for row in wrong["results"]] == [3, 4]
        rest = admin_a.get(wrong["next"].partition("/api/v1/")[2]).json()["results"]
        assert [row["number"] for row in rest] == [10]

    @pytest.mark.parametrize(
        ("query", "field", "dry_run"),
        [
            ("", None, False),
            ("", "true", True),
            ("", "", False),
            ("?dry_run=true", None, True),
            ("?dry_run=true", "", True),
            ("?dry_run=true", "true", True),
            ("?dry_run=1", "true", True),
            ("?dry_run=false", None, False),
            ("?dry_run=false", "false", False),
        ],
    )
    def test_reads_the_query_of_a_form_as_well(
        self, admin_a: Caller, query: str, field: str | None, dry_run: bool
    ) -> None:
        fields = {} if field is None else {"dry_run": field}
        file = SimpleUploadedFile("people.csv", FILE.encode(), "text/csv")
        answer = self.upload(admin_a, query, file=file, **fields)
        assert (answer.status_code, answer.json()["dry_run"]) == (202, dry_run)

    def test_would_import_what_was_to_be_tried_without_the_query(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(NewImportSerializer, "validate")
        file = SimpleUploadedFile("people.csv", FILE.encode(), "text/csv")
        answer = self.upload(admin_a, "?dry_run=true", file=file)
        assert (answer.status_code, answer.json()["dry_run"]) == (202, False)

    @pytest.mark.parametrize(
        ("query", "fields", "name", "code"),
        [
            ("?dry_run=true", {"dry_run": "false"}, "dry_run", "contradiction"),
            ("?dry_run=false", {"dry_run": "true"}, "dry_run", "contradiction"),
            ("?dry_run=maybe", {"dry_run": "true"}, "dry_run", "invalid"),
            ("?dry_run=maybe", {}, "dry_run", "invalid"),
            ("?dry_run=", {}, "dry_run", "invalid"),
            ("?dryrun=true", {}, "dryrun", "unknown_parameter"),
            ("?file=x", {}, "file", "unknown_parameter"),
        ],
    )
    def test_takes_no_form_whose_query_is_wrong(
        self,
        admin_a: Caller,
        club_a: ClubWorld,
        query: str,
        fields: dict[str, str],
        name: str,
        code: str,
    ) -> None:
        file = SimpleUploadedFile("people.csv", FILE.encode(), "text/csv")
        answer = self.upload(admin_a, query, file=file, **fields)
        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(name, code)]
        with binding.club(club_a.ref):
            assert not CustomerImport.objects.exists()

    def test_is_put_on_the_list_of_due_work(self, admin_a: Caller, club_a: ClubWorld) -> None:
        job = admin_a.post("customers/imports", FILE).json()
        entry = DueWork.objects.get(kind=imports.STEP)
        assert (str(entry.subject_id), entry.club_id) == (job["id"], club_a.ref.id)
        assert due_work._handlers[imports.STEP] is imports.work_on

    @pytest.mark.parametrize(
        ("path", "body", "field", "code"),
        [
            ("customers/imports", "", "file", "required"),
            ("customers/imports", "email\nx\n", "file", "missing_column"),
            ("customers/imports?dry_run=maybe", FILE, "dry_run", "invalid"),
            ("customers/imports?colour=red", FILE, "colour", "unknown_parameter"),
        ],
    )
    def test_names_what_is_wrong(
        self, admin_a: Caller, path: str, body: str, field: str, code: str
    ) -> None:
        answer = admin_a.post(path, body)
        assert answer.status_code == 400
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]

    def test_keeps_nothing_of_a_file_that_is_none(self, admin_a: Caller, club_a: ClubWorld) -> None:
        admin_a.post("customers/imports", "email\nx\n")
        assert not DueWork.objects.filter(kind=imports.STEP).exists()
        with binding.club(club_a.ref):
            assert not CustomerImport.objects.exists()

    @pytest.mark.parametrize("form", [True, False])
    def test_has_a_size_that_it_takes(
        self, admin_a: Caller, monkeypatch: pytest.MonkeyPatch, form: bool
    ) -> None:
        monkeypatch.setattr(parsers, "MAX_BYTES", 100)
        monkeypatch.setattr(parsers, "ENVELOPE", 0)
        if form:
            answer = self.upload(admin_a, file=SimpleUploadedFile("x.csv", FILE.encode()))
        else:
            answer = admin_a.post("customers/imports", FILE)
        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")

    def test_takes_more_than_other_payloads_may_have(self, admin_a: Caller) -> None:
        assert sheets.MAX_BYTES > 1024 * 1024
        answer = admin_a.post("customers/imports", "name,notes\n" + f"x,{'y' * 3000}\n" * 500)
        assert (answer.status_code, answer.json()["total"]) == (202, 500)

    def test_takes_no_json(self, admin_a: Caller) -> None:
        answer = admin_a.post("customers/imports", {"file": "name"})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")

    def test_knows_the_clubs_own_alone(self, admin_a: Caller, club_b: ClubWorld) -> None:
        with binding.club(club_b.ref):
            other = start()
        for path in (f"customers/imports/{other}", f"customers/imports/{other}/rows"):
            assert admin_a.get(path).status_code == 404
