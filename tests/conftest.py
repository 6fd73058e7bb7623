"""Fixtures for all tests: servers that are started when a test asks for one."""

from tests.servers.fixtures import made_postgres, own_postgres, own_valkey, postgres, valkey

__all__ = ["made_postgres", "own_postgres", "own_valkey", "postgres", "valkey"]
