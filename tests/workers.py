"""How the tests are dealt out to several processes (``make test``): file by file, in the order of their names.

A file's fixtures are made once, and the small files of the last folders fill what the long ones left. The tests of
some folders share a server with all its engines, or one long look at the platform: such a folder stays with one
process, which saves making that twice and keeps its engines in memory once.
"""

import pytest
from typing_extensions import override
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/e2e/", "tests/fuzz/", "tests/permissions/")


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Hands out whole files, and whole folders of ``TOGETHER``."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    @override
    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.partition("::")[0])
