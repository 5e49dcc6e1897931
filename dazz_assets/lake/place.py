"""Where a table lies in the lake, and back from a folder to the table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from dazz_assets.lake.errors import LakeError

Kind = Literal["raw", "domain", "quarantine", "marks"]

#: Folders between the kind's own and the table's, which is what a search has to walk.
DEPTHS: dict[Kind, int] = {"raw": 3, "domain": 4, "quarantine": 3, "marks": 3}

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_CONNECTION = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


@dataclass(frozen=True)
class Place:
    """The address of one table. `name` is the stream of raw and marks, the table of domain, else empty.

    Raises LakeError for names that would need escaping, or would lead out of the lake.
    """

    kind: Kind
    integration: str
    connection: str
    name: str = ""
    parser: str = ""

    def __post_init__(self) -> None:
        check_connection(self.connection)
        _check_name("an integration", self.integration)
        if self.kind != "quarantine":
            _check_name("a table" if self.kind == "domain" else "a stream", self.name)
        if self.kind in ("domain", "quarantine"):
            _check_name("a parser", self.parser)
        if self.kind == "domain" and self.name == "quarantine":
            raise LakeError("A domain table can't be named 'quarantine': the lake has one. Name it otherwise.")

    @property
    def folder(self) -> str:
        """The table's folder, relative to the lake."""
        if self.kind in ("raw", "marks"):
            return f"{self.kind}/{self.integration}/{self.name}/connection={self.connection}"
        head = f"domain/{self.name}" if self.kind == "domain" else "quarantine"
        return f"{head}/integration={self.integration}/parser={self.parser}/connection={self.connection}"

    @property
    def windowed(self) -> bool | None:
        """Whether the table is partitioned by window; None where that is up to the stream."""
        return {"raw": None, "domain": True, "quarantine": True, "marks": False}[self.kind]

    @classmethod
    def of(cls, folder: str) -> Place | None:
        """The place of a folder, relative to the lake; None for one that the lake didn't make."""
        kind, *parts = folder.split("/")
        values = [part.rpartition("=")[2] for part in parts]
        try:
            match kind, values:
                case ("raw" | "marks") as plain, [integration, stream, connection]:
                    place = cls(plain, integration, connection, stream)
                case "domain", [table, integration, parser, connection]:
                    place = cls("domain", integration, connection, table, parser)
                case "quarantine", [integration, parser, connection]:
                    place = cls("quarantine", integration, connection, "", parser)
                case _:
                    return None
        except LakeError:
            return None
        return place if place.folder == folder else None


def check_connection(connection: str) -> None:
    """Raises LakeError unless the id can be part of a path as it is."""
    if not _CONNECTION.fullmatch(connection):
        raise LakeError(
            f"{connection!r} can't be the id of a connection: ids are lower-case letters, digits, '-' and '_', "
            "begin with a letter or digit, and have at most 100 characters."
        )


def _check_name(what: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise LakeError(
            f"{name!r} can't be the name of {what}: names are lower-case letters, digits and '_', begin with a "
            "letter, and have at most 100 characters."
        )
