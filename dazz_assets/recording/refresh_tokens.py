"""Keeps a connection's refresh token working while it is recorded.

The engine has stand-ins in place of what is secret, and may be started again from the beginning, while each refresh at
the vendor may replace the token for good. So what is stored for later syncs is the token as the vendor sent it, and
what is sent is the newest one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote_plus

from dazz_assets.connections import Connection
from dazz_assets.declare.config import ConnectionConfig, config_texts, secrets_by_field
from dazz_assets.errors import RecordingError
from dazz_assets.http import RefreshToken, Request
from dazz_assets.http.auth.auth import fill_template
from dazz_assets.http.auth.auth_choice import choose_auth
from dazz_assets.http.auth.oauth import StoredToken, stored_name
from dazz_assets.secret_store import MemorySecretStore, SecretStore, SecretStoreError, open_secret_store
from dazz_assets.spec.specs import IntegrationSpec


class RecordedRefreshToken:
    """The refresh token of a connection that is recorded.

    store, name: where it is kept for the connection's syncs. given: the one in the config.
    restore: puts originals in the place of stand-ins.
    """

    def __init__(self, store: SecretStore, name: str, given: str, restore: Callable[[str], str]) -> None:
        self._store = store
        self._name = name
        self._restore = restore
        self._spent: list[str] = []
        self._newest = given
        self._is_live = False
        if (text := store.read(name)) is not None:
            self._note(StoredToken.from_text(text).refresh_token)

    def engine_store(self) -> SecretStore:
        """An empty store for the engine, as a replay has it. What is written is also kept for the connection."""
        return _EngineStore(self._keep)

    @contextmanager
    def live(self) -> Iterator[None]:
        """While open, requests reach the vendor, so that what the engine stores is new."""
        self._is_live = True
        try:
            yield
        finally:
            self._is_live = False

    def replace_spent(self, request: Request) -> Request:
        """A request of the auth, as it is sent, with the newest token in the place of an earlier one."""
        if request.source or not isinstance(request.body, bytes):
            return request
        body = request.body
        for spent in self._spent:
            body = body.replace(quote_plus(spent).encode(), quote_plus(self._newest).encode())
        return replace(request, body=body)

    def _keep(self, text: str) -> None:
        if self._is_live:
            stored = StoredToken.from_text(self._restore(text))
            self._note(stored.refresh_token)
            self._store.write(self._name, replace(stored, refresh_token=self._newest).to_text())

    def _note(self, token: str) -> None:
        if token != self._newest and token not in self._spent:
            self._spent.append(self._newest)
            self._newest = token


class _EngineStore(MemorySecretStore):
    """See `RecordedRefreshToken.engine_store`."""

    def __init__(self, keep: Callable[[str], None]) -> None:
        super().__init__()
        self._keep = keep

    def write(self, name: str, text: str) -> None:
        """See `SecretStore`."""
        super().write(name, text)
        self._keep(text)


@contextmanager
def hold_refresh_token(
    spec: IntegrationSpec, connection: Connection, config: ConnectionConfig, restore: Callable[[str], str]
) -> Iterator[RecordedRefreshToken]:
    """The connection's refresh token, if its auth has one. No other process renews it while the context is open.

    Raises RecordingError: the secret store can't be used.
    """
    auth = choose_auth(spec.integration.auth, config_texts(config), secrets_by_field(config))
    if not isinstance(auth, RefreshToken):
        yield RecordedRefreshToken(MemorySecretStore(), "", "", restore)
        return
    given = fill_template(auth.refresh_token, config_texts(config))
    name = stored_name(f"{spec.name}/{connection.id}", given)
    try:
        store = open_secret_store()
        with store.lock(name):
            yield RecordedRefreshToken(store, name, given, restore)
    except SecretStoreError as error:
        raise RecordingError(f"{spec.name}/{connection.id} can't be recorded: {error}") from None
