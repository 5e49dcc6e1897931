"""What the integrations of these tests have in common: the vendor's address, their config, and its list of items."""

from __future__ import annotations

from pydantic import BaseModel, SecretStr

from dazz_assets import ConnectionConfig, Integration, Stream

CANARY = "canary-7f3a"


class Token(ConnectionConfig):
    """The config of the integrations in these tests."""

    token: SecretStr = SecretStr(CANARY)


class Item(BaseModel):
    """A record with an id and any other fields."""

    id: int


class ItemsStream(Stream[Item]):
    path = "/items"


class PartsStream(Stream[Item]):
    """The parts of each item."""

    parent = ItemsStream
    path = "/items/{parent.id}/parts"
    primary_key = ("{parent.id}", "id")


class CommonIntegration(Integration[Token]):
    """Each test adds the streams that it syncs, and what its API does."""

    name = "vendor"
    base_url = "https://api.vendor.example"
    primary_key = "id"
