"""Cards on paper: their size, their place, what is on them, and that they scan."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenant_apps.qr_codes import cards, tokens
from tenant_apps.qr_codes.enums import Paper
from tests.tenant_apps.qr_codes import paper

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SHORTEST_SIDE = 25.0  # what a phone reads at arm's length


def card(number: int = 0) -> cards.Card:
    """Return a card with a code of its own."""
    return cards.Card(
        club="Club alpha",
        holder=f"Łukasz Žižka {number}",
        label="spare key",
        expiry="Valid until 31.12.2026",
        code=tokens.issue_static(private_key=KEY, code_id=UUID(int=number), expires_at=None),
    )


def render(*, count: int = 1, on: Paper = Paper.A4) -> bytes:
    """Draw ``count`` cards."""
    return cards.render([card(n) for n in range(count)], paper=on, title="Cards", now=NOW)


class TestGrid:
    @pytest.mark.parametrize("on", Paper)
    def test_lies_in_the_middle_of_the_page(self, on: Paper) -> None:
        grid = cards.grid(on)
        assert grid.page[0] == pytest.approx(2 * grid.left + grid.columns * cards.CARD[0])
        assert grid.page[1] == pytest.approx(2 * grid.top + grid.rows * cards.CARD[1])

    @pytest.mark.parametrize("on", [Paper.A4, Paper.LETTER])
    def test_leaves_room_for_its_marks(self, on: Paper) -> None:
        grid = cards.grid(on)
        assert min(grid.left, grid.top) >= cards.EDGE > cards.GAP + cards.MARK

    def test_holds_as_many_as_the_page_has_room_for(self) -> None:
        held = {on: (cards.grid(on).columns, cards.grid(on).rows) for on in Paper}
        assert held == {Paper.A4: (2, 5), Paper.LETTER: (2, 4), Paper.CARD: (1, 1)}


class TestRender:
    @pytest.mark.parametrize(
        ("on", "size", "on_a_page"),
        [
            (Paper.A4, (210.0, 297.0), 10),
            (Paper.LETTER, (215.9, 279.4), 8),
            (Paper.CARD, (85.6, 54.0), 1),
        ],
    )
    def test_fills_page_after_page_in_order(
        self, on: Paper, size: tuple[float, float], on_a_page: int
    ) -> None:
        count = 2 * on_a_page + 1
        document = render(count=count, on=on)
        assert paper.sizes(document) == [size] * 3
        assert paper.codes(document) == [card(n).code for n in range(count)]

    def test_writes_on_each_card_whose_it_is(self) -> None:
        (text,) = paper.texts(render(count=2))
        assert text.splitlines() == [
            *("Club alpha", "Łukasz Žižka 0", "spare key", "Valid until 31.12.2026"),
            *("Club alpha", "Łukasz Žižka 1", "spare key", "Valid until 31.12.2026"),
        ]

    def test_leaves_empty_what_is(self) -> None:
        bare = replace(card(), label="", expiry="")
        document = cards.render([bare], paper=Paper.CARD, title="Cards", now=NOW)
        assert paper.texts(document) == ["Club alpha\nŁukasz Žižka 0"]

    @pytest.mark.parametrize("on", Paper)
    def test_draws_codes_large_enough_to_scan(self, on: Paper) -> None:
        (barcode,) = paper.barcodes(render(on=on))
        corner, other = barcode.position.top_left, barcode.position.bottom_right
        for length in (other.x - corner.x, other.y - corner.y):
            assert length / paper.PRINTER_DPI * 25.4 >= SHORTEST_SIDE
        assert barcode.ec_level == "M"

    def test_keeps_text_out_of_the_codes_quiet_zone(self) -> None:
        long = replace(card(), club="W" * 120, holder="W" * 160, label="W" * 80)
        document = cards.render([long], paper=Paper.CARD, title="Cards", now=NOW)
        assert paper.codes(document) == [long.code]
        (barcode,) = paper.barcodes(document)
        (page,) = paper.pages(document)
        quiet = 4 * (barcode.position.top_right.x - barcode.position.top_left.x) // 41
        left = barcode.position.top_left.x
        assert set(page.crop((left - quiet + 2, 0, left - 2, page.height)).tobytes()) == {255}

    @pytest.mark.parametrize("on", [Paper.A4, Paper.LETTER])
    def test_marks_outside_the_cards_where_to_cut(self, on: Paper) -> None:
        grid = cards.grid(on)
        (page,) = paper.pages(render(on=on))
        dots = paper.PRINTER_DPI / 25.4
        middle_of_marks = (grid.top - cards.GAP - cards.MARK / 2) * dots
        row = page.crop((0, int(middle_of_marks), page.width, int(middle_of_marks) + 1))
        dark = [x for x, level in enumerate(row.tobytes()) if level < 128]
        cuts = [(grid.left + n * cards.CARD[0]) * dots for n in range(grid.columns + 1)]
        assert dark
        assert all(min(abs(x - cut) for cut in cuts) <= 2 for x in dark)
        assert all(min(abs(x - cut) for x in dark) <= 2 for cut in cuts)

    def test_marks_nothing_on_a_card_of_its_own(self) -> None:
        (page,) = paper.pages(render(on=Paper.CARD))
        edge = int(cards.PADDING / 2 / 25.4 * paper.PRINTER_DPI)
        assert set(page.crop((0, 0, page.width, edge)).tobytes()) == {255}


class TestExpiryText:
    @pytest.mark.parametrize(
        ("expires_at", "locale", "expected"),
        [
            (None, "en", ""),
            # Half-open: at midnight in Berlin the code is over, and the 31st was its last day.
            (datetime(2026, 12, 31, 23, tzinfo=UTC), "en", "Valid until Dec 31, 2026"),
            (datetime(2026, 12, 31, 23, tzinfo=UTC), "de-CH", "Valid until 31.12.2026"),
            (datetime(2026, 12, 31, 22, 30, tzinfo=UTC), "de", "Valid until 31.12.26, 23:30"),
            (datetime(2026, 12, 31, 23, tzinfo=UTC), "qq-ZZ", "Valid until Dec 31, 2026"),
        ],
    )
    def test_is_the_last_day_by_the_clubs_clock(
        self, expires_at: datetime | None, locale: str, expected: str
    ) -> None:
        assert cards.expiry_text(expires_at, time_zone="Europe/Berlin", locale=locale) == expected
