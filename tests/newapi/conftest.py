"""A platform for each module's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.newapi.serving import Running, serving


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A fresh one."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    async with serving(folder) as built:
        yield built
