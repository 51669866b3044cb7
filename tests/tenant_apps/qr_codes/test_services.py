"""QR codes: issued, reused while they open something, revoked for good."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from platform_shared.kit import pdf
from platform_shared.kit.errors import InvalidInput, NotFound
from platform_shared.tenancy import binding
from tenant_apps.qr_codes import keys, selectors, services, tokens
from tenant_apps.qr_codes.enums import Paper
from tenant_apps.qr_codes.errors import CodeNotActive, CodeRevoked, ExpiryIsSigned
from tenant_apps.qr_codes.models import QRCode
from tests.support.world import BORN, ClubWorld
from tests.tenant_apps.checkins.door import reason
from tests.tenant_apps.qr_codes import paper
from tests.tenant_apps.sales.desk import STAFF, new_customer, new_pass

WEEK = timedelta(weeks=1)
LAST = datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC)


def issue(customer: UUID, *, expires_at: datetime | None = None) -> QRCode:
    """Issue a code at the world's beginning."""
    return services.issue_code(customer_id=customer, expires_at=expires_at, now=BORN, actor=STAFF)


def find_or_issue(club: ClubWorld, *, at: datetime = BORN) -> QRCode:
    """Ask for the code of the club's customer."""
    return services.find_or_issue(
        customer_id=club.customer, subscription_id=club.subscription, now=at, actor=STAFF
    )


class TestIssueCode:
    def test_leaves_the_others_as_they_are(self, bound_a: ClubWorld) -> None:
        new = issue(bound_a.customer)
        assert {row.id for row in selectors.list_of_customer(bound_a.customer)} == {
            bound_a.qr_code,
            new.id,
        }
        assert all(row.is_active_at(BORN) for row in selectors.list_of_customer(bound_a.customer))
        assert (new.subscription_id, new.expires_at, new.actor) == (None, None, STAFF)

    def test_cuts_the_expiry_to_whole_seconds(self, bound_a: ClubWorld) -> None:
        code = issue(bound_a.customer, expires_at=BORN + WEEK + timedelta(microseconds=7))
        assert code.expires_at == BORN + WEEK
        token = tokens.decode(services.draw(code))
        assert token.expires_at == int((BORN + WEEK).timestamp())

    @pytest.mark.parametrize("expires_at", [BORN + timedelta(seconds=1), LAST])
    def test_takes_every_expiry_that_a_code_can_say(
        self, bound_a: ClubWorld, expires_at: datetime
    ) -> None:
        code = issue(bound_a.customer, expires_at=expires_at)
        assert tokens.decode(services.draw(code)).expires_at == int(expires_at.timestamp())

    @pytest.mark.parametrize(
        "expires_at",
        [
            BORN - WEEK,
            BORN,
            BORN + timedelta(microseconds=999_999),
            LAST + timedelta(seconds=1),
            datetime.max.replace(tzinfo=UTC),
            datetime.min.replace(tzinfo=UTC),
        ],
    )
    def test_refuses_any_other(self, bound_a: ClubWorld, expires_at: datetime) -> None:
        with pytest.raises(InvalidInput) as caught:
            issue(bound_a.customer, expires_at=expires_at)
        assert [(e.field, e.code) for e in caught.value.errors] == [("expires_at", "out_of_range")]

    def test_knows_no_customer_of_another_club(self, bound_a: ClubWorld, club_b: ClubWorld) -> None:
        for unknown in (uuid4(), club_b.customer):
            with pytest.raises(InvalidInput, match="customer"):
                issue(unknown)


class TestFindOrIssue:
    def test_finds_the_newest_that_is_active(self, bound_a: ClubWorld) -> None:
        assert find_or_issue(bound_a).id == bound_a.qr_code
        newer = issue(bound_a.customer)
        assert find_or_issue(bound_a).id == newer.id
        services.change_code(code_id=newer.id, is_active=False, now=BORN)
        assert find_or_issue(bound_a).id == bound_a.qr_code

    @pytest.mark.parametrize("why", ["revoked", "key retired"])
    def test_issues_one_when_nothing_opens_the_door(self, bound_a: ClubWorld, why: str) -> None:
        if why == "revoked":
            services.change_code(code_id=bound_a.qr_code, is_active=False, now=BORN)
        else:
            old = keys.signing_key()
            keys.rotate(now=BORN)
            keys.retire(key_id=bytes(old.key_id), now=BORN)
        new = find_or_issue(bound_a)
        assert new.id != bound_a.qr_code
        assert new.subscription_id == bound_a.subscription
        assert reason(services.draw(new), at=BORN) == "ok"
        assert find_or_issue(bound_a).id == new.id

    def test_passes_over_what_has_expired(self, bound_a: ClubWorld) -> None:
        services.change_code(code_id=bound_a.qr_code, is_active=False, now=BORN)
        weekly = issue(bound_a.customer, expires_at=BORN + WEEK)
        assert find_or_issue(bound_a, at=BORN + WEEK - timedelta(seconds=1)).id == weekly.id
        assert find_or_issue(bound_a, at=BORN + WEEK).id != weekly.id


class TestChangeCode:
    def test_revokes_for_good(self, bound_a: ClubWorld) -> None:
        code = services.change_code(code_id=bound_a.qr_code, is_active=False, now=BORN)
        assert code.revoked_at == BORN
        with pytest.raises(CodeRevoked):
            services.change_code(code_id=bound_a.qr_code, is_active=True, now=BORN)
        assert not selectors.get_code(bound_a.qr_code).is_active_at(BORN)

    def test_keeps_the_moment_of_the_first_revocation(self, bound_a: ClubWorld) -> None:
        for at in (BORN, BORN + WEEK):
            code = services.change_code(code_id=bound_a.qr_code, is_active=False, now=at)
        assert code.revoked_at == BORN

    def test_changes_nothing_on_an_active_one(self, bound_a: ClubWorld) -> None:
        code = services.change_code(code_id=bound_a.qr_code, is_active=True, now=BORN)
        assert code.revoked_at is None

    def test_knows_no_code_of_another_club(self, bound_a: ClubWorld, club_b: ClubWorld) -> None:
        with pytest.raises(NotFound):
            services.change_code(code_id=club_b.qr_code, is_active=False, now=BORN)

    def test_relabels_and_leaves_the_rest(self, bound_a: ClubWorld) -> None:
        code = services.change_code(code_id=bound_a.qr_code, label="spare key", now=BORN)
        assert (code.label, code.revoked_at) == ("spare key", None)

    @pytest.mark.parametrize("wanted", [None, BORN + 2 * WEEK])
    def test_leaves_the_expiry_that_the_text_carries(
        self, bound_a: ClubWorld, wanted: datetime | None
    ) -> None:
        code = issue(bound_a.customer, expires_at=BORN + WEEK)
        with pytest.raises(ExpiryIsSigned, match=f"{code.id}/reissue"):
            services.change_code(code_id=code.id, expires_at=wanted, label="new", now=BORN)
        kept = selectors.get_code(code.id)
        assert (kept.expires_at, kept.label) == (BORN + WEEK, "")

    def test_would_draw_another_text_than_is_printed_with_another_expiry(
        self, bound_a: ClubWorld
    ) -> None:
        code = issue(new_customer().id, expires_at=BORN + WEEK)
        printed = services.draw(code)
        QRCode.objects.filter(pk=code.id).update(expires_at=BORN + 2 * WEEK)
        drawn = services.draw(selectors.get_code(code.id))
        assert drawn != printed
        at = BORN + WEEK
        assert (reason(printed, at=at), reason(drawn, at=at)) == (
            "code_expired",
            "no_subscription",
        )

    @pytest.mark.parametrize("expires_at", [None, BORN + WEEK])
    def test_takes_the_expiry_that_it_has(
        self, bound_a: ClubWorld, expires_at: datetime | None
    ) -> None:
        code = issue(bound_a.customer, expires_at=expires_at)
        changed = services.change_code(
            code_id=code.id, expires_at=expires_at, label="new", now=BORN
        )
        assert (changed.expires_at, changed.label) == (expires_at, "new")


class TestReissueCode:
    def test_replaces_a_code_by_one_like_it(self, bound_a: ClubWorld) -> None:
        lost = services.issue_code(
            customer_id=bound_a.customer,
            expires_at=BORN + WEEK,
            label="card",
            now=BORN,
            actor=STAFF,
        )
        new = services.reissue_code(code_id=lost.id, now=BORN, actor=STAFF)
        assert new.id != lost.id
        assert (new.customer_id, new.label, new.expires_at) == (
            bound_a.customer,
            "card",
            BORN + WEEK,
        )
        assert not selectors.get_code(lost.id).is_active_at(BORN)
        assert selectors.get_code(bound_a.qr_code).is_active_at(BORN)  # another code of theirs

    @pytest.mark.parametrize("expires_at", [None, BORN + 2 * WEEK])
    def test_gives_the_new_one_another_expiry_and_label(
        self, bound_a: ClubWorld, expires_at: datetime | None
    ) -> None:
        old = issue(bound_a.customer, expires_at=BORN + WEEK)
        new = services.reissue_code(
            code_id=old.id, expires_at=expires_at, label="card", now=BORN, actor=STAFF
        )
        assert (new.expires_at, new.label) == (expires_at, "card")
        assert tokens.decode(services.draw(new)).expires_at == int(
            expires_at.timestamp() if expires_at else 0
        )

    def test_renews_what_has_expired(self, bound_a: ClubWorld) -> None:
        old = issue(bound_a.customer, expires_at=BORN + WEEK)
        later = BORN + 2 * WEEK
        new = services.reissue_code(code_id=old.id, expires_at=None, now=later, actor=STAFF)
        assert new.is_active_at(later)

    def test_shuts_the_door_to_the_lost_one_alone(self, bound_a: ClubWorld) -> None:
        lost = services.draw(selectors.get_code(bound_a.qr_code))
        new = services.reissue_code(code_id=bound_a.qr_code, now=BORN, actor=STAFF)
        assert reason(lost, at=BORN + WEEK) == "code_revoked"
        assert reason(services.draw(new), at=BORN + WEEK) == "ok"

    def test_replaces_once(self, bound_a: ClubWorld) -> None:
        services.reissue_code(code_id=bound_a.qr_code, now=BORN, actor=STAFF)
        before = selectors.list_of_customer(bound_a.customer).count()
        with pytest.raises(CodeRevoked):
            services.reissue_code(code_id=bound_a.qr_code, now=BORN, actor=STAFF)
        assert selectors.list_of_customer(bound_a.customer).count() == before

    def test_leaves_an_expired_one_as_it_is(self, bound_a: ClubWorld) -> None:
        old = issue(bound_a.customer, expires_at=BORN + WEEK)
        with pytest.raises(InvalidInput, match="expires_at"):
            services.reissue_code(code_id=old.id, now=BORN + 2 * WEEK, actor=STAFF)
        assert selectors.get_code(old.id).revoked_at is None

    def test_knows_no_code_of_another_club(self, bound_a: ClubWorld, club_b: ClubWorld) -> None:
        with pytest.raises(NotFound):
            services.reissue_code(code_id=club_b.qr_code, now=BORN, actor=STAFF)


class TestLockCode:
    def test_knows_no_code_of_another_club(self, bound_a: ClubWorld, club_b: ClubWorld) -> None:
        with pytest.raises(NotFound):
            selectors.lock_code(club_b.qr_code)


class TestDraw:
    def test_gives_the_same_text_each_time(self, bound_a: ClubWorld) -> None:
        first, again = (services.draw(selectors.get_code(bound_a.qr_code)) for _ in range(2))
        assert first == again
        assert tokens.decode(first).code_id == bound_a.qr_code

    def test_keeps_the_text_when_the_key_is_rotated(self, bound_a: ClubWorld) -> None:
        before = services.draw(selectors.get_code(bound_a.qr_code))
        keys.rotate(now=BORN)
        assert services.draw(selectors.get_code(bound_a.qr_code)) == before

    def test_is_another_text_at_every_club(self, club_a: ClubWorld, club_b: ClubWorld) -> None:
        texts = set()
        for club in (club_a, club_b):
            with binding.club(club.ref):
                texts.add(tokens.decode(new_pass().code).key_id)
        assert len(texts) == 2


class TestPrintCards:
    def test_notes_what_was_printed(self, bound_a: ClubWorld) -> None:
        other = issue(bound_a.customer)
        document = services.print_cards(code_ids=[bound_a.qr_code], paper=Paper.CARD, now=BORN)
        assert paper.codes(document) == [services.draw(selectors.get_code(bound_a.qr_code))]
        assert selectors.get_code(bound_a.qr_code).printed_at == BORN
        assert selectors.get_code(other.id).printed_at is None

    def test_prints_in_the_order_asked_for_and_as_often(self, bound_a: ClubWorld) -> None:
        first, second = issue(bound_a.customer), issue(bound_a.other_customer)
        wanted = [second.id, first.id, second.id]
        document = services.print_cards(code_ids=wanted, paper=Paper.A4, now=BORN)
        drawn = {code.id: services.draw(code) for code in (first, second)}
        assert paper.codes(document) == [drawn[code_id] for code_id in wanted]

    def test_refuses_all_when_some_open_no_door(
        self, bound_a: ClubWorld, club_b: ClubWorld
    ) -> None:
        good, revoked = issue(bound_a.customer), issue(bound_a.customer)
        expired = issue(bound_a.customer, expires_at=BORN + WEEK)
        services.change_code(code_id=revoked.id, is_active=False, now=BORN)
        asked = [good.id, revoked.id, expired.id, uuid4(), club_b.qr_code]
        with pytest.raises(InvalidInput) as caught:
            services.print_cards(code_ids=asked, paper=Paper.A4, now=BORN + WEEK)
        assert [(e.field, e.code) for e in caught.value.errors] == [
            ("codes.1", "code_not_active"),
            ("codes.2", "code_not_active"),
            ("codes.3", "does_not_exist"),
            ("codes.4", "does_not_exist"),
        ]
        assert selectors.get_code(good.id).printed_at is None

    def test_would_print_a_revoked_code_without_the_guard(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        services.change_code(code_id=bound_a.qr_code, is_active=False, now=BORN)
        monkeypatch.setattr(QRCode, "is_active_at", lambda *_: True)
        services.print_cards(code_ids=[bound_a.qr_code], paper=Paper.A4, now=BORN)

    def test_says_which_characters_it_cannot_draw(self, bound_a: ClubWorld) -> None:
        code = issue(new_customer(name="Ꮳ Sequoyah \ue000").id)
        with pytest.raises(InvalidInput, match="Ꮳ \ue000") as caught:
            services.print_cards(code_ids=[bound_a.qr_code, code.id], paper=Paper.A4, now=BORN)
        assert [(e.field, e.code) for e in caught.value.errors] == [
            ("codes.1", "text_not_printable")
        ]

    def test_would_print_boxes_without_the_guard(
        self, bound_a: ClubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        code = issue(new_customer(name="Ꮳ").id)
        monkeypatch.setattr(pdf, "missing", lambda _: "")
        services.print_cards(code_ids=[code.id], paper=Paper.CARD, now=BORN)

    def test_locks_in_the_order_of_ids_and_keeps_no_scan_waiting(self, bound_a: ClubWorld) -> None:
        """Scans refer to codes, which takes a key share: only FOR UPDATE would block that."""
        statement = str(selectors.lock_codes([bound_a.qr_code]).query)
        assert "FOR NO KEY UPDATE" in statement
        assert statement.index("ORDER BY") < statement.index("FOR NO KEY UPDATE")


class TestDrawCard:
    def test_is_one_card_in_its_own_size(self, bound_a: ClubWorld) -> None:
        code = selectors.get_code(bound_a.qr_code)
        document = services.draw_card(code, now=BORN)
        assert paper.sizes(document) == [(85.6, 54.0)]
        assert paper.codes(document) == [services.draw(code)]
        assert paper.texts(document) == ["Club alpha\nCarla of alpha"]
        assert selectors.get_code(code.id).printed_at is None  # the club printed nothing

    def test_is_refused_for_a_code_that_opens_no_door(self, bound_a: ClubWorld) -> None:
        code = services.change_code(code_id=bound_a.qr_code, is_active=False, now=BORN)
        with pytest.raises(CodeNotActive):
            services.draw_card(code, now=BORN)


class TestIsActiveAt:
    def test_is_what_the_door_says_of_the_code(self, bound_a: ClubWorld) -> None:
        customer = new_customer().id
        weekly, forever = issue(customer, expires_at=BORN + WEEK), issue(customer)
        services.change_code(code_id=forever.id, is_active=False, now=BORN)
        for code_id, at in (
            (weekly.id, BORN + WEEK - timedelta(seconds=1)),
            (weekly.id, BORN + WEEK),
            (forever.id, BORN),
        ):
            code = selectors.get_code(code_id)
            said = reason(services.draw(code), at=at)
            assert code.is_active_at(at) == (said == "no_subscription")

    def test_is_the_same_in_sql(self, bound_a: ClubWorld) -> None:
        customer = new_customer().id
        issue(customer, expires_at=BORN + WEEK)
        services.change_code(code_id=issue(customer).id, is_active=False, now=BORN)
        services.change_code(
            code_id=issue(customer, expires_at=BORN + WEEK).id, is_active=False, now=BORN
        )
        keys.rotate(now=BORN)
        issue(customer)
        old = bytes(selectors.get_code(bound_a.qr_code).signing_key.key_id)
        seen = set()
        for retired in (False, True):
            if retired:
                keys.retire(key_id=old, now=BORN)
            for at in (BORN, BORN + WEEK - timedelta(seconds=1), BORN + WEEK):
                by_row = {c.id for c in selectors.list_codes() if c.is_active_at(at)}
                by_query = {c.id for c in selectors.list_codes().filter(selectors.active_at(at))}
                others = {c.id for c in selectors.list_codes().filter(~selectors.active_at(at))}
                assert by_query == by_row
                assert others == {c.id for c in selectors.list_codes()} - by_row
                seen.add(len(by_row))
        assert len(seen) > 2
