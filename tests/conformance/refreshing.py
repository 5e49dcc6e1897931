"""Syncs a vendor with a refresh token, in a process of its own that can be held up or killed at its secret store.

    python -m tests.conformance.refreshing URL LAKE

prints the ids that it stored, or the error.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from pydantic import SecretStr

from dazz_assets import ConnectionConfig, Integration, RefreshToken
from dazz_assets.connections import Connection
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, query
from dazz_assets.secret_store import FileSecretStore
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from tests.conformance.integrations import ItemsStream
from tests.http.token_issuer import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH_TOKEN


class RefreshConfig(ConnectionConfig):
    token: SecretStr = SecretStr("none")
    client_id: str = CLIENT_ID
    client_secret: SecretStr = SecretStr(CLIENT_SECRET)
    refresh_token: SecretStr = SecretStr(FIRST_REFRESH_TOKEN)


class RefreshingIntegration(Integration[RefreshConfig]):
    name = "vendor"
    base_url = "https://api.vendor.example"
    auth = RefreshToken(token_url="/oauth/token")
    primary_key = "id"
    records = "data"
    streams = (ItemsStream,)


class AnnouncedStore(FileSecretStore):
    """Says when it is about to lock."""

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        print("locks", flush=True)
        with super().lock(name):
            yield


class DiesBeforeStoring(FileSecretStore):
    """Is killed when it is to store what a refresh brought."""

    def write(self, name: str, text: str) -> None:
        if "canary-access" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        super().write(name, text)


class DiesAfterStoring(FileSecretStore):
    """Is killed when it has stored what a refresh brought."""

    def write(self, name: str, text: str) -> None:
        super().write(name, text)
        if "canary-access" in text:
            os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, lake: Path) -> None:
    """Sync once."""
    spec = read_integration(RefreshingIntegration)
    connection = Connection(id="acme", integration="vendor", start=date(2026, 1, 5), config={"base_url": url})
    try:
        sync_stream(Session(spec, connection, Lake(lake)), spec.streams["items"], SyncRange(from_mark=True))
    except SyncError as error:
        print(error)
    else:
        print(query(Lake(lake), "select key from raw.vendor_items").to_pylist())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
