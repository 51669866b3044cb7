from datetime import datetime

import pytest

from platform_shared.kit import clock


@pytest.fixture
def now() -> datetime:
    return clock.now()
