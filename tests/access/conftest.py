"""One platform per test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.access.desk import Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    folder = tmp_path / "data"
    async with open_desk(folder) as opened:
        yield opened
