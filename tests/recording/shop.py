"""A vendor on loopback with paged lists, and an integration for it, written to a folder of its own."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from dazz_assets.connections import Connection
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec
from tests.http.loopback import ReceivedRequest, Reply, Vendor

TOKEN = "canary-5c1f0e77a2"
KEY = b"the key of these tests"

INTEGRATION = '''
"""A web shop."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, SecretStr

from dazz_assets import (
    BearerToken, ConnectionConfig, Cursor, FullRefresh, Incremental, Integration, NextLink, Stream, parser
)
from dazz_assets.domain import DomainObject


class ShopConfig(ConnectionConfig):
    token: SecretStr


class Account(BaseModel):
    id: str
    login: str


class Order(BaseModel):
    id: str
    login: str
    total: Decimal
    updated_at: datetime


class Invoice(DomainObject):
    account: str
    total: Decimal
    issued_at: datetime


class AccountsStream(Stream[Account]):
    """Accounts of the shop."""

    path = "/accounts"
    personal = ("login", "name")


class OrdersStream(Stream[Order]):
    """Orders of an account."""

    parent = AccountsStream
    path = "/accounts/{parent.login}/orders"
    cursor = Cursor("updated_at", since="since")
    personal = "login"


class ShopIntegration(Integration[ShopConfig]):
    """A web shop."""

    base_url = "https://api.shop.example"
    auth = BearerToken("{config.token}")
    records = "items"
    primary_key = "id"
    paginator = NextLink("next")
    window = "month"
    streams = (AccountsStream, OrdersStream)

    @parser
    def invoices(
        self, accounts: FullRefresh[AccountsStream], orders: Incremental[OrdersStream]
    ) -> Iterator[Invoice]:
        """Orders as invoices."""
        ids = {account.login: account.id for account in accounts}
        for order in orders:
            yield Invoice(
                id=self.object_id(order.id), account=ids[order.login], total=order.total, issued_at=order.updated_at
            )
'''


class Shop:
    """`/accounts` and `/accounts/<login>/orders`, in pages of `size` with a link to the next one."""

    def __init__(self, size: int = 2) -> None:
        self.size = size
        self.accounts = [self._account(number) for number in range(1, 6)]
        self.orders: dict[str, list[dict[str, Any]]] = {account["login"]: [] for account in self.accounts}
        for number in range(1, 11):
            self.set_order(f"o{number}", f"user-{number % 2 + 1}", f"2026-01-{number + 10:02}T08:00:00Z")
        self.extra_headers: dict[str, str] = {}
        self.vendor = Vendor()
        self.vendor.handler = self.answer
        self.url = self.vendor.url

    def set_order(self, id_: str, login: str, updated_at: str, total: str = "12.50") -> None:
        """Add an order, or replace the one with this id."""
        kept = [item for item in self.orders[login] if item["id"] != id_]
        self.orders[login] = [*kept, {"id": id_, "login": login, "total": total, "updated_at": updated_at}]

    def change_orders(self) -> None:
        """Add an order, and change one."""
        self.set_order("o9", "user-2", "2026-01-21T08:00:00Z")
        self.set_order("o11", "user-1", "2026-01-22T08:00:00Z")

    def answer(self, asked: ReceivedRequest) -> Reply:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"message": "this token opens nothing"})
        if asked.path == "/accounts":
            return self._page(asked, self.accounts)
        login = unquote(asked.path.split("/")[2])
        if login not in self.orders:
            return Reply(404, {"message": f"no account {login}"})
        since = asked.query.get("since", [""])[0]
        found = [item for item in self.orders[login] if item["updated_at"] >= since]
        return self._page(asked, sorted(found, key=lambda item: str(item["updated_at"])))

    def _page(self, asked: ReceivedRequest, items: list[dict[str, Any]]) -> Reply:
        start = int(asked.query.get("after", ["0"])[0])
        page = items[start : start + self.size]
        since = "".join(f"&since={quote(value)}" for value in asked.query.get("since", []))
        rest = start + self.size < len(items)
        link = f"{self.url}{asked.path}?after={start + self.size}{since}" if rest else None
        # Send amounts as JSON numbers whose digits a float would lose.
        text = json.dumps({"items": page, "next": link, "total": len(items)}).replace('"12.50"', "12.50")
        return Reply(200, text.encode(), {"Content-Type": "application/json", **self.extra_headers})

    @staticmethod
    def _account(number: int) -> dict[str, Any]:
        return {
            "id": f"a{number}",
            "login": f"user-{number}",
            "name": f"Jane Doe {number}",
            "email": f"jane{number}@corp.test",
            "avatar_url": f"https://cdn.corp.test/avatars/{number}.png",
        }


def write_integration(folder: Path, text: str = INTEGRATION, name: str = "shop.py") -> IntegrationSpec:
    """Write the integration to a file of this name in a folder, and load it from there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return find_integration(str(folder / name))


def connection_to(url: str, integration: str = "shop", **config: Any) -> Connection:
    """Return a connection to the shop."""
    return Connection(
        id="acme", integration=integration, start=date(2026, 1, 5), config={"token": TOKEN, "base_url": url, **config}
    )
