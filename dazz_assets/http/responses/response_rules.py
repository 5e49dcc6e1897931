"""What a stream says of the responses that it gets: which mean what, and where the records are in a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dazz_assets.http.json.body_format import Format
from dazz_assets.http.told_limits import Budget

Action = Literal["skip", "keep", "retry", "limit", "end", "split"]
Accept = Mapping[int | tuple[int, str], Action]
"""What responses mean to a stream, by status, or by status and a text in the body (in any case).

`{404: "skip"}` reads a 404 as a page without records, `{200: "keep"}` keeps data that came with errors,
`{(400, "try later"): "retry"}` tries again. A key with a text goes before the status alone.
"""

Absence = Literal["body", "object", "text", "missing"]
Shape = Literal["list", "object", "by_id"]


@dataclass(frozen=True, slots=True)
class ResponseRules:
    """How a stream's responses are to be read. Settings of `Stream`, explained there, but for the last four fields."""

    accept: Accept = field(default_factory=dict)
    records: str = ""
    record: str = ""
    shape: Shape = "list"
    empty: tuple[Absence, ...] = ()
    data_fields: tuple[str, ...] = ()
    format: Format | None = None
    total: str | None = ""
    budget: Budget | None = None
    permissions: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    is_ranged: bool = False
    """Whether the stream has a `Cursor`."""
    is_filtered: bool = False
    """Whether its requests send a bound: a total may then count what lies outside the range."""
    address_fields: tuple[str, ...] = ()
    """The fields of the config that its address is made of. `base_url` is the API's, whatever that is made of."""
    key_paths: tuple[str, ...] = ()
    """The paths of a record that its key is made of."""

    def action(self, status: int, body: bytes) -> Action | None:
        """What the stream says of a response with this status and body; a key with a text goes first."""
        return self.action_by_text(status, body) or self.accept.get(status)

    def action_by_text(self, status: int, body: bytes) -> Action | None:
        """What the stream says of a response with this status and a text in its body."""
        texts = [(key[1], action) for key, action in self.accept.items() if isinstance(key, tuple) and key[0] == status]
        lower = body.lower() if texts else b""
        return next((action for text, action in texts if text.lower().encode() in lower), None)
