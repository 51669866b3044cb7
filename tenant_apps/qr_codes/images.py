"""Door codes drawn as QR codes (ISO/IEC 18004), for screens and for print."""

import io

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.base import BaseImage
from qrcode.image.pil import PilImage
from qrcode.image.svg import SvgPathFillImage
from qrcode.util import ALPHA_NUM, MODE_ALPHA_NUM, QRData

QUIET_ZONE_MODULES = 4
MODULE_PIXELS = 10

_ALPHANUMERIC = frozenset(ALPHA_NUM.decode())


def render_png(code: str) -> bytes:
    """Draw `code` as a black and white PNG, 10 pixels a module, quiet zone of 4 modules included.

    The same code gives the same bytes. A static code is 490 pixels wide.

    Raises:
        ValueError: the code is empty or has characters outside the QR's alphanumeric mode.
    """
    return _saved(_drawing(code).make_image(image_factory=PilImage))


def render_svg(code: str) -> bytes:
    """Draw `code` as an SVG of one path on white, a millimetre a module, quiet zone included.

    The same code gives the same bytes. A static code is 49 mm wide.

    Raises:
        ValueError: the code is empty or has characters outside the QR's alphanumeric mode.
    """
    # White is drawn, not left out: on a dark page the code would not scan.
    return _saved(_drawing(code).make_image(image_factory=SvgPathFillImage))


def _drawing(code: str) -> qrcode.QRCode:
    if not code or not _ALPHANUMERIC.issuperset(code):
        raise ValueError("only codes in the QR's alphanumeric mode are drawn")
    drawing = qrcode.QRCode(
        error_correction=ERROR_CORRECT_M, box_size=MODULE_PIXELS, border=QUIET_ZONE_MODULES
    )
    # One segment in a mode named here: left to itself the library may cut the text into segments
    # of several modes, each with a header, and need a larger version.
    drawing.add_data(QRData(code, mode=MODE_ALPHA_NUM))
    drawing.make(fit=True)
    return drawing


def _saved(image: BaseImage) -> bytes:
    target = io.BytesIO()
    image.save(target)
    return target.getvalue()
