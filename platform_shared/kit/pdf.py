"""PDF pages (ISO 32000) with text in whatever script people write their names in.

The faces are Noto's, from two packages that hold fonts and no code. A document embeds of each face
it needs the glyphs it uses, shaped by HarfBuzz and ordered by the Unicode bidirectional algorithm
(UAX 9).
"""

import re
import unicodedata
from datetime import datetime
from functools import cache
from pathlib import Path

import manimgx_fonts
import noto_cjk_sans_jp_regular
from fontTools.ttLib import TTFont
from fpdf import FPDF

type Size = tuple[float, float]

_SCRIPTS = (
    "",  # Latin, Greek, Cyrillic
    "Arabic",
    "Armenian",
    "Bengali",
    "Devanagari",
    "Ethiopic",
    "Georgian",
    "Gujarati",
    "Gurmukhi",
    "Hebrew",
    "Kannada",
    "Khmer",
    "Lao",
    "Malayalam",
    "Myanmar",
    "Oriya",
    "Sinhala",
    "Tamil",
    "Telugu",
    "Thai",
    "Symbols",
)
_NOTO = Path(manimgx_fonts.__file__).parent
# The first face that has a character draws it; the largest file is opened last.
_FACES = (
    *(_NOTO / f"NotoSans{script}[wght].ttf" for script in _SCRIPTS),
    _NOTO / "NotoEmoji[wght].ttf",
    Path(noto_cjk_sans_jp_regular.__file__).with_name(noto_cjk_sans_jp_regular.FONT_FILE),
)
_MAIN = _FACES[0]

_BREAKS = re.compile(r"(?<=[ -])")
_JOINERS = "\u200c\u200d"  # invisible, and Persian is misspelt without them


def plain(text: str) -> str:
    """Return ``text`` as one line, composed (NFC), without what has no picture of its own.

    Dropped are control and format characters, but for joiners, and variation selectors.
    """
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(
        character
        for character in composed
        if character in _JOINERS
        or not (
            unicodedata.category(character) in ("Cc", "Cf") or "\ufe00" <= character <= "\ufe0f"
        )
    )


def missing(text: str) -> str:
    """Return the characters of ``text`` that no face here draws, each once, in order."""
    return "".join(dict.fromkeys(c for c in text if _face_of(c) is None))


def document(*, page: Size, texts: str, title: str, now: datetime) -> FPDF:
    """Return a document without pages, of one page size (mm), fit to draw what ``texts`` holds.

    What it is given to draw has to be ``plain`` and have nothing ``missing``: another character
    would become an empty box. There are no margins, and text never begins another page by itself.
    """
    pdf = FPDF(unit="mm", format=page)
    pdf.set_margin(0)
    pdf.c_margin = 0
    pdf.set_auto_page_break(False)
    pdf.set_title(title)
    pdf.set_creation_date(now)
    faces = dict.fromkeys(face for c in texts if (face := _face_of(c)) and face != _MAIN)
    for face in (_MAIN, *faces):
        pdf.add_font(_family(face), fname=face)
    pdf.set_fallback_fonts([_family(face) for face in faces])
    pdf.set_text_shaping(True)
    pdf.set_font(_family(_MAIN))
    return pdf


def write_fitting(
    pdf: FPDF, text: str, *, x: float, y: float, box: Size, sizes: tuple[float, ...]
) -> float:
    """Write ``text`` into ``box`` (mm) in the first of ``sizes`` (points) in which it fits.

    Lines break after spaces and hyphens; in the last size also inside a word that is longer than a
    line, and what does not fit is cut off with an ellipsis. Returns where the next text may begin.
    """
    width, height = box
    lines: list[str] = []
    for size in sizes:
        pdf.set_font_size(size)
        lines = _lines(pdf, text, width)
        fits = len(lines) * _leading(pdf) <= height
        if fits and all(pdf.get_string_width(line) <= width for line in lines):
            break
    else:
        lines = _cut(pdf, [part for line in lines for part in _parts(pdf, line, width)], box)
    for number, line in enumerate(lines):
        pdf.set_xy(x, y + number * _leading(pdf))
        pdf.cell(width, _leading(pdf), line)
    return y + len(lines) * _leading(pdf)


def _leading(pdf: FPDF) -> float:
    return pdf.font_size * 1.3


def _lines(pdf: FPDF, text: str, width: float) -> list[str]:
    """Return the lines of ``text``: as many words each as fit, and at least one.

    Words are measured as they are drawn. The library's own line breaking adds up the widths of
    letters that stand alone, and where letters join they have others.
    """
    lines: list[str] = []
    for word in _BREAKS.split(text):
        if lines and pdf.get_string_width(f"{lines[-1]}{word}".rstrip()) <= width:
            lines[-1] += word
        else:
            lines.append(word)
    return [line.rstrip() for line in lines if line]


def _parts(pdf: FPDF, line: str, width: float) -> list[str]:
    """Return ``line`` in pieces that are no longer than ``width``."""
    parts = [""]
    for character in line:
        if parts[-1] and pdf.get_string_width(parts[-1] + character) > width:
            parts.append("")
        parts[-1] += character
    return parts


def _cut(pdf: FPDF, lines: list[str], box: Size) -> list[str]:
    """Return as many of ``lines`` as the box has room for, the last with an ellipsis if needed."""
    room = int(box[1] // _leading(pdf))
    if len(lines) <= room:
        return lines
    last = lines[room - 1]
    while pdf.get_string_width(f"{last}…") > box[0]:
        last = last[:-1]
    return [*lines[: room - 1], f"{last.rstrip()}…"]


def _face_of(character: str) -> Path | None:
    return next((face for face in _FACES if ord(character) in _characters(face)), None)


def _family(face: Path) -> str:
    return face.stem.lower()


@cache
def _characters(face: Path) -> frozenset[int]:
    with TTFont(face, lazy=True) as font:
        return frozenset(font.getBestCmap())
