"""Drawn codes are read back by a decoder of another make, and are as small as they can be."""

import io
import xml.etree.ElementTree as ET
from uuid import UUID

import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from tenant_apps.qr_codes import images, tokens

CODE = tokens.issue_static(
    private_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))),
    code_id=UUID("01979c6e-5a40-7c3e-8d21-4f6b0a9e1c01"),
    expires_at=None,
)
SVG = "{http://www.w3.org/2000/svg}"

# ISO/IEC 18004, table 7: alphanumeric characters that fit at level M.
CAPACITY_OF_VERSION_5 = 122
CAPACITY_OF_VERSION_6 = 154
MODULES_OF_VERSION_6 = 41


def opened(png: bytes) -> Image.Image:
    """Return the picture in a PNG."""
    return Image.open(io.BytesIO(png))


def drawn(code: str) -> ET.Element:
    """Return the root of a code's SVG."""
    return ET.fromstring(images.render_svg(code))  # noqa: S314 - our own output


def read(picture: Image.Image) -> zxingcpp.Barcode:
    """Decode the one code in a picture."""
    (barcode,) = zxingcpp.read_barcodes(picture.convert("L"))
    return barcode


class TestPng:
    def test_reads_back_as_the_code(self) -> None:
        barcode = read(opened(images.render_png(CODE)))
        assert barcode.text == CODE
        assert barcode.ec_level == "M"

    def test_is_the_smallest_version_for_a_static_code(self) -> None:
        assert CAPACITY_OF_VERSION_5 < len(CODE) <= CAPACITY_OF_VERSION_6
        width, height = opened(images.render_png(CODE)).size
        modules = width // images.MODULE_PIXELS - 2 * images.QUIET_ZONE_MODULES
        assert width == height
        assert modules == MODULES_OF_VERSION_6

    @pytest.mark.parametrize(
        "mixed", ["QC1:" + "7" * 60 + "A" * 74, "QC1:" + "A" * 50 + "0" * 25 + "Z" * 59]
    )
    def test_stays_in_one_alphanumeric_segment(self, mixed: str) -> None:
        picture = opened(images.render_png(mixed))
        assert picture.size == opened(images.render_png(CODE)).size
        assert read(picture).text == mixed

    def test_is_crisp_black_on_white_with_its_quiet_zone(self) -> None:
        picture = opened(images.render_png(CODE))
        assert images.MODULE_PIXELS >= 8
        assert picture.mode == "1"
        inverted = picture.convert("L").point(lambda level: 255 - level)
        quiet = 4 * images.MODULE_PIXELS
        assert inverted.getbbox() == (quiet, quiet, picture.width - quiet, picture.height - quiet)

    def test_is_the_same_each_time(self) -> None:
        assert images.render_png(CODE) == images.render_png(CODE)

    @pytest.mark.parametrize("code", ["", "qc1:abc", "QC1:Ä", "QC1:ABC\n", "QC1:#"])
    def test_refuses_what_is_not_alphanumeric(self, code: str) -> None:
        with pytest.raises(ValueError, match="alphanumeric"):
            images.render_png(code)


class TestSvg:
    def test_is_one_path_in_a_view_box_of_modules(self) -> None:
        root = drawn(CODE)
        side = MODULES_OF_VERSION_6 + 2 * images.QUIET_ZONE_MODULES
        assert root.tag == f"{SVG}svg"
        assert root.get("viewBox") == f"0 0 {side} {side}"
        assert len(root.findall(f".//{SVG}path")) == 1

    def test_has_dark_modules_where_the_png_has(self) -> None:
        picture = opened(images.render_png(CODE))
        path = drawn(CODE).find(f"{SVG}path")
        assert path is not None
        side = MODULES_OF_VERSION_6 + 2 * images.QUIET_ZONE_MODULES
        middle = images.MODULE_PIXELS // 2
        dark = {
            f"M{x},{y}H{x + 1}V{y + 1}H{x}z"
            for x in range(side)
            for y in range(side)
            if not picture.getpixel(
                (x * images.MODULE_PIXELS + middle, y * images.MODULE_PIXELS + middle)
            )
        }
        assert {f"{square}z" for square in path.get("d", "").split("z") if square} == dark

    def test_is_the_same_each_time(self) -> None:
        assert images.render_svg(CODE) == images.render_svg(CODE)

    def test_refuses_what_is_not_alphanumeric(self) -> None:
        with pytest.raises(ValueError, match="alphanumeric"):
            images.render_svg("qc1:abc")
