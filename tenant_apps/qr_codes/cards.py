"""Codes on paper: cards of the size of a bank card (ID-1, ISO/IEC 7810), on sheets or singly."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import batched
from zoneinfo import ZoneInfo

from babel import Locale, localedata
from babel.dates import format_date, format_datetime
from fpdf import FPDF

from platform_shared.kit import pdf
from tenant_apps.qr_codes import images
from tenant_apps.qr_codes.enums import Paper

# All in millimetres.
CARD: pdf.Size = (85.6, 54.0)
PAGES: dict[Paper, pdf.Size] = {
    Paper.A4: (210.0, 297.0),
    Paper.LETTER: (215.9, 279.4),
    Paper.CARD: CARD,
}
EDGE = 10.0  # room for the crop marks, in what printers can reach
MARK, GAP = 5.0, 1.5
QR_SIDE = 42.0  # with the quiet zone that the image has
PADDING = 5.0
TEXT_WIDTH = CARD[0] - QR_SIDE - PADDING - 1.5

_BLACK, _GREY, _HAIRLINE = 0, 95, 215


@dataclass(frozen=True, slots=True)
class Card:
    """What one card says; every text but ``code`` is ``plain``."""

    club: str
    holder: str
    label: str
    expiry: str
    code: str

    @property
    def texts(self) -> str:
        """All that is written on it for people to read."""
        return self.club + self.holder + self.label + self.expiry


@dataclass(frozen=True, slots=True)
class Grid:
    """How cards lie on a page: side by side, so that one cut parts two of them."""

    page: pdf.Size
    columns: int
    rows: int

    @property
    def left(self) -> float:
        """The distance of the first column from the page's edge."""
        return (self.page[0] - self.columns * CARD[0]) / 2

    @property
    def top(self) -> float:
        """The distance of the first row from the page's edge."""
        return (self.page[1] - self.rows * CARD[1]) / 2


def grid(paper: Paper) -> Grid:
    """Return the grid with as many cards as the page holds; on a card itself there is one."""
    page = PAGES[paper]
    if paper == Paper.CARD:
        return Grid(page, 1, 1)
    columns, rows = (int((page[i] - 2 * EDGE) // CARD[i]) for i in (0, 1))
    return Grid(page, columns, rows)


def expiry_text(expires_at: datetime | None, *, time_zone: str, locale: str) -> str:
    """Return until when a code opens doors, by the club's clock; nothing when it does for ever.

    A code that ends with a day names that day, any other its last minute's end. ``locale`` is a
    BCP 47 tag; dates of one that is unknown are English.
    """
    if expires_at is None:
        return ""
    known = Locale.negotiate([locale], localedata.locale_identifiers(), sep="-") or Locale("en")
    local = expires_at.astimezone(ZoneInfo(time_zone))
    if local.time() == time.min:
        day = local.date() - timedelta(days=1)
        return f"Valid until {pdf.plain(format_date(day, 'medium', locale=known))}"
    written = format_datetime(local.replace(tzinfo=None), "short", locale=known)
    return f"Valid until {pdf.plain(written)}"


def render(cards: Sequence[Card], *, paper: Paper, title: str, now: datetime) -> bytes:
    """Draw the cards in their order, on as many pages as they need.

    Sheets have crop marks; on paper of a card's own size there is one card a page and no mark.
    """
    on = grid(paper)
    texts = "".join(card.texts for card in cards) + "…"
    target = pdf.document(page=on.page, texts=texts, title=title, now=now)
    for page in batched(cards, on.columns * on.rows):
        target.add_page()
        if paper != Paper.CARD:
            _draw_cuts(target, on)
        for place, card in enumerate(page):
            row, column = divmod(place, on.columns)
            _draw_card(target, card, on.left + column * CARD[0], on.top + row * CARD[1])
    return bytes(target.output())


def _draw_card(target: FPDF, card: Card, x: float, y: float) -> None:
    image = io.BytesIO(images.render_png(card.code))
    top = y + (CARD[1] - QR_SIDE) / 2
    target.image(image, x + CARD[0] - QR_SIDE - 1.5, top, QR_SIDE, QR_SIDE)
    left = x + PADDING
    target.set_text_color(_GREY)
    pdf.write_fitting(
        target, card.club, x=left, y=y + 6, box=(TEXT_WIDTH, 8), sizes=(8.5, 7.5, 6.5)
    )
    target.set_text_color(_BLACK)
    below = pdf.write_fitting(
        target, card.holder, x=left, y=y + 17, box=(TEXT_WIDTH, 18), sizes=(14, 12, 10, 8)
    )
    pdf.write_fitting(
        target, card.label, x=left, y=below + 1, box=(TEXT_WIDTH, 7.5), sizes=(9, 8, 7)
    )
    target.set_text_color(_GREY)
    pdf.write_fitting(
        target, card.expiry, x=left, y=y + 45, box=(TEXT_WIDTH, 6), sizes=(7.5, 6.5, 5.5)
    )


def _draw_cuts(target: FPDF, on: Grid) -> None:
    """Draw where to cut: marks outside the cards, for a guillotine, and hairlines for scissors."""
    right, bottom = on.page[0] - on.left, on.page[1] - on.top
    target.set_line_width(0.1)
    target.set_draw_color(_HAIRLINE)
    target.rect(on.left, on.top, right - on.left, bottom - on.top)
    for column in range(on.columns + 1):
        x = on.left + column * CARD[0]
        target.set_draw_color(_HAIRLINE)
        target.line(x, on.top, x, bottom)
        target.set_draw_color(_BLACK)
        target.line(x, on.top - GAP - MARK, x, on.top - GAP)
        target.line(x, bottom + GAP, x, bottom + GAP + MARK)
    for row in range(on.rows + 1):
        y = on.top + row * CARD[1]
        target.set_draw_color(_HAIRLINE)
        target.line(on.left, y, right, y)
        target.set_draw_color(_BLACK)
        target.line(on.left - GAP - MARK, y, on.left - GAP, y)
        target.line(right + GAP, y, right + GAP + MARK, y)
