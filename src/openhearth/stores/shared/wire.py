"""The connection to a Valkey or Redis server, with its client library: many commands to a round trip, and what has to
happen on every new connection before anything else does.
"""

import hashlib
import logging
import re
from collections.abc import Sequence
from typing import Any

from valkey.asyncio import Valkey
from valkey.asyncio.connection import AbstractConnection
from valkey.exceptions import NoScriptError, ValkeyError

from openhearth.core.errors import StoreAway
from openhearth.stores.shared.scripts import FRESH, GIVE, HELLO, SPENT, TAKE

_LOG = logging.getLogger(__name__)
_SCRIPTS = {
    script: hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest() for script in (GIVE, HELLO, SPENT, TAKE)
}
_RUN = re.compile(r"^run_id:(\S+)", re.MULTILINE)
_POLICY = re.compile(r"^maxmemory_policy:(\S+)", re.MULTILINE)
_MOST = re.compile(r"^maxmemory:([1-9]\d*)", re.MULTILINE)

Command = tuple[Any, ...]
"""A script with its keys and arguments, or the words of a plain command."""


class Wire:
    """One server at ``url`` (``valkey://…``, ``valkeys://…``). Used by one task at a time."""

    def __init__(self, url: str, timeout_s: float = 2.0) -> None:
        secure: dict[str, Any] = {"ssl_check_hostname": True} if url.startswith("valkeys://") else {}
        self._client = Valkey.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            socket_keepalive=True,
            valkey_connect_func=self._greet,
            **secure,
        )
        self._run_id = ""

    async def run_id(self) -> str:
        """Which run of the server we talk to. Raises StoreAway."""
        if not self._run_id:
            await self.send([("PING",)])
        return self._run_id

    async def send(self, commands: Sequence[Command]) -> list[Any]:
        """The answer to each command, in one round trip. Raises StoreAway."""
        if not commands:
            return []
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                for command in commands:
                    _put(pipe, command)
                return list(await pipe.execute())
        except NoScriptError as error:
            # Somebody made the server forget its scripts; the next connection brings them again.
            await self.close()
            raise _away(error) from error
        except (TimeoutError, ValkeyError, OSError) as error:
            raise _away(error) from error

    async def close(self) -> None:
        try:
            await self._client.aclose()
        except (ValkeyError, OSError):
            pass  # it is gone already

    async def _greet(self, connection: AbstractConnection) -> None:
        """Before a new connection is used: who is there, our scripts, and no counts of an earlier run of the server."""
        await connection.on_connect()
        about = str(await _ask(connection, "INFO"), "utf-8", "replace")
        found = _RUN.search(about)
        run_id = found.group(1) if found else "unknown"
        for script in _SCRIPTS:
            await _ask(connection, "SCRIPT LOAD", script)
        await _ask(connection, "EVAL", FRESH, 1, "{openhearth}:era", f"{run_id}:")
        if run_id != self._run_id:
            self._run_id = run_id
            _check_policy(about)


async def _ask(connection: AbstractConnection, *words: Any) -> Any:
    await connection.send_command(*words)
    return await connection.read_response()


def _put(pipe: Any, command: Command) -> None:
    sha = _SCRIPTS.get(command[0])
    if sha is None:
        pipe.execute_command(*command)
    else:
        _, keys, args = command
        pipe.evalsha(sha, len(keys), *keys, *args)


def _check_policy(about: str) -> None:
    policy = _POLICY.search(about)
    if policy and policy.group(1) != "noeviction" and _MOST.search(about):
        _LOG.warning(
            "The server of the shared counters drops keys when its memory is full (maxmemory-policy %s), "
            "and limits with them. Set maxmemory-policy to noeviction.",
            policy.group(1),
        )


def _away(error: BaseException) -> StoreAway:
    return StoreAway(f"{type(error).__name__}", code="counters_unavailable", retry_after_s=1.0)
