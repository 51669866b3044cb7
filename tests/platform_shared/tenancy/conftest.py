"""What tests of tenancy need beside the two clubs."""

from collections.abc import Iterator

import pytest

from platform_shared.tenancy import binding, process


@pytest.fixture
def unbound_by_default(db: None) -> Iterator[None]:
    """As in web and worker processes: bound to nobody until somebody says to whom.

    The end is put right before the database is torn down, which happens as under ``manage.py``.
    """
    before, process.default_schema = process.default_schema, None
    binding.release()
    yield
    binding.release()
    process.default_schema = before
