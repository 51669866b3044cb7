"""Reading back what was printed: the text by one library, the codes by rasteriser and decoder."""

import io
from typing import Any

import pypdfium2
import zxingcpp
from PIL import Image
from pypdf import PdfReader

PRINTER_DPI = 300
POINTS_PER_MM = 72 / 25.4


def pages(document: bytes) -> list[Image.Image]:
    """Return the pages as an ordinary printer would put them on paper."""
    opened = pypdfium2.PdfDocument(document)
    return [
        page.render(scale=PRINTER_DPI / 72).to_pil().convert("L")  # one pixel a dot
        for page in opened
    ]


def sizes(document: bytes) -> list[tuple[float, float]]:
    """Return the pages' sizes in millimetres."""
    boxes = [page.mediabox for page in PdfReader(io.BytesIO(document)).pages]
    return [
        (round(float(box.width) / POINTS_PER_MM, 1), round(float(box.height) / POINTS_PER_MM, 1))
        for box in boxes
    ]


def texts(document: bytes) -> list[str]:
    """Return the text of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(document)).pages]


def barcodes(document: bytes) -> list[Any]:
    """Return the codes on all pages, from left to right and top to bottom."""
    found = []
    for page in pages(document):
        on_page = zxingcpp.read_barcodes(page)
        # A line of cards is far higher than codes are askew.
        on_page.sort(key=lambda b: (round(b.position.top_left.y / 100), b.position.top_left.x))
        found += on_page
    return found


def codes(document: bytes) -> list[str]:
    """Return the texts of the codes on all pages, in the order in which they are read."""
    return [barcode.text for barcode in barcodes(document)]
