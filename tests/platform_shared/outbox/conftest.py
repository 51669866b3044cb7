import pytest

from tests.platform_shared.outbox.listening import Heard, Listen, listener


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Listen:
    return listener(monkeypatch)


@pytest.fixture
def heard(listen: Listen) -> Heard:
    """What the one listener hears of."""
    return listen()
