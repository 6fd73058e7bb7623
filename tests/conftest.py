"""Fixtures for all tests: servers that are started when a test asks for one. How tests are dealt out to processes."""

import hypothesis
import pytest

from tests.servers.fixtures import made_postgres, own_postgres, own_valkey, postgres, valkey

__all__ = ["made_postgres", "own_postgres", "own_valkey", "postgres", "valkey"]

# No time limit for one example: what it takes says more about the machine than about the code. pytest has one for all.
hypothesis.settings.register_profile(
    "openhearth", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("openhearth")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Used by ``pytest -n``."""
    # Imported here: without -n, pytest-xdist is not needed.
    from tests.workers import ByFile

    return ByFile(config, log)
