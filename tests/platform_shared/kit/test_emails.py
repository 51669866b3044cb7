"""One form for each e-mail address."""

import pytest

from platform_shared.kit import emails


class TestNormalise:
    @pytest.mark.parametrize(
        ("written", "stored"),
        [
            (" Carla@Alpha.TEST\n", "carla@alpha.test"),
            ("carla+tag@alpha.test", "carla+tag@alpha.test"),
            ("info@Müller.example", "info@xn--mller-kva.example"),
            ("info@xn--mller-kva.example", "info@xn--mller-kva.example"),
            ("\u212aelvin@alpha.test", "kelvin@alpha.test"),
            ("nonsense", "nonsense"),
            ("", ""),
            ("a@" + "ü" * 70 + ".test", "a@" + "ü" * 70 + ".test"),
        ],
    )
    def test_gives_every_spelling_the_same_form(self, written: str, stored: str) -> None:
        assert emails.normalise(written) == stored
        assert emails.normalise(stored) == stored
