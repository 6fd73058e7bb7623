"""Signing in and out: a password for a session, as short-lived and as little told as can be.

A wrong username takes as long as a wrong password and is told the same. The cookie's value is kept as an HMAC only; a
session ends by its time, by signing out, and with all others when the password changes.
"""

import secrets
import time
from collections.abc import Awaitable, Callable

import msgspec

from openhearth.accounts.callers import SESSION_PREFIX, Callers
from openhearth.accounts.passwords import MOST_CHARS, Passwords
from openhearth.accounts.principals import Principals
from openhearth.accounts.tries import SharedTries, Tries
from openhearth.accounts.users import NewUser, Users, username_of
from openhearth.config import Access
from openhearth.core.allowance import UNBOUNDED, Allowance
from openhearth.core.call import Principal
from openhearth.core.errors import AccessError, Forbidden, RequestError
from openhearth.stores.access_ports import SessionRecord, UserRecord
from openhearth.stores.counter_ports import Counters
from openhearth.stores.key_ports import AccountRecords

_SECRET_BYTES = 32


class SignedIn(msgspec.Struct, frozen=True):
    """``token`` is the cookie's value."""

    user: UserRecord
    token: str
    expires_at: float
    lasts_s: float


class Sessions:
    """Signs people in and out."""

    def __init__(
        self,
        records: AccountRecords,
        callers: Callers,
        users: Users,
        passwords: Passwords,
        settings: Access,
        *,
        tries: Tries | None = None,
        may_register: Callable[[], Awaitable[bool]] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``may_register`` is asked before anybody registers, instead of the setting."""
        self._records = records
        self._principals = Principals(records)
        self._callers = callers
        self._users = users
        self._passwords = passwords
        self._settings = settings
        self._may_register = may_register
        self._tries = tries or Tries(settings.tries, settings.tries_s)
        self._shared: SharedTries | None = None
        self._now = now

    def share_tries(self, counters: Counters, boot_id: str) -> None:
        """Count wrong passwords together with the other processes that count with ``counters``, if there can be any."""
        if not counters.is_local:
            self._shared = SharedTries(counters, boot_id, self._settings.tries, self._settings.tries_s)

    async def principal(self, token: str) -> Principal:
        """Who is signed in with the cookie's value or an access token. Raises AccessError.

        ``Callers.find`` knows the same, so that a gate needs no other way in.
        """
        return self._callers.find_cached(token.encode()) or await self._callers.find(token.encode())

    async def login(self, username: str, password: str, address: str, before: str = "") -> SignedIn:
        """A new session; ``before``, that of a cookie sent along, ends. Raises AccessError, also where the organisation
        is disabled, and LimitError."""
        name = _name(username)
        await self._try(name, address)
        user = await self._records.user_by_name(name)
        stored = "" if user is None or user.disabled else user.password
        if not await self._passwords.matches(password, stored) or user is None:
            raise AccessError("Username or password is wrong.", code="wrong_password")
        await self._succeeded(name, address)
        await self._principals.of_user(user)  # a session that nothing takes is none
        if before:
            await self.logout(before)
        return await self.begin(user)

    async def logout(self, token: str) -> None:
        """End a session, if it is one."""
        if token.startswith(SESSION_PREFIX):
            await self._records.end_session(self._callers.digest_of(token))
            self._callers.forget_token(token)

    async def change_password(self, by: Principal, old: str, new: str, address: str) -> SignedIn:
        """A new password for whoever is signed in: all their sessions end, and a new one begins.

        Raises AccessError for a wrong ``old``, RequestError for a bad ``new``, LimitError.
        """
        user = await self._users.one(by, by.user_id)
        await self._try(user.username, address)
        if not await self._passwords.matches(old, user.password):
            raise AccessError("The old password is wrong.", code="wrong_password")
        await self._succeeded(user.username, address)
        after, _ = await self._users.set_password(by, user.id, _given(new))
        return await self.begin(after)

    async def register(self, username: str, password: str, address: str) -> SignedIn:
        """A new member of the default organisation. Raises Forbidden when nobody may, and what ``create`` raises."""
        may = self._settings.registration is True if self._may_register is None else await self._may_register()
        if not may:
            raise Forbidden("Nobody can register here. Ask the operator for an account.", code="registration_closed")
        # As often as passwords may be guessed, and by address alone: nobody keeps others from it.
        await self._try(f"\0registered from {address}", address)
        allowance = UNBOUNDED
        if self._settings.starting_micros >= 0:
            allowance = Allowance(quota_micros=self._settings.starting_micros)
        user, _ = await self._users.create(None, NewUser(username, _given(password), allowance=allowance))
        return await self.begin(user)

    async def _try(self, username: str, address: str) -> None:
        self._tries.begin(username, address)
        if self._shared is not None:
            await self._shared.begin(username, address)

    async def _succeeded(self, username: str, address: str) -> None:
        self._tries.succeeded(username, address)
        if self._shared is not None:
            await self._shared.succeeded(username)

    async def begin(self, user: UserRecord) -> SignedIn:
        """A session for ``user``, who has proved who they are."""
        token = SESSION_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        now = self._now()
        session = SessionRecord(
            self._callers.digest_of(token), user.id, user.epoch, now, now + self._settings.session_s
        )
        await self._records.add_session(session)
        return SignedIn(user, token, session.expires_at, self._settings.session_s)


def _name(username: str) -> str:
    """The name to look for; one that no user can have is as good as any that no user has."""
    try:
        return username_of(username)
    except RequestError:
        return username[:MOST_CHARS]


def _given(password: str) -> str:
    if not password:
        raise RequestError("Give a password.", param="password", code="invalid_password")
    return password
