"""What an integration to be written is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dazz_assets.authoring.cursor import Cursor
from dazz_assets.authoring.inference.shape import Shape
from dazz_assets.authoring.stream import Scalar
from dazz_assets.http import ApiKey, Basic, BearerToken, Paginator
from dazz_assets.http.auth import config_fields_of
from dazz_assets.http.placeholders import placeholders

SECRETS = ("token", "password")
LONGEST_NAME = 30
"""Of an integration and of a stream: together they name a table, whose name has at most 63 letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An integration with one stream.

    name: of the integration; prefix: of its classes' names. shape: of the stream's records.
    personal: paths of fields that say who a person is. is_ours: whether it is written beside the framework, where its
    imports are first-party.
    """

    name: str
    prefix: str
    base_url: str
    auth: BearerToken | ApiKey | Basic | None
    path: str
    stream: str
    records: str
    primary_key: tuple[str, ...]
    cursor: Cursor | None
    paginator: Paginator | None
    shape: Shape
    params: Mapping[str, Scalar] = field(default_factory=dict)
    personal: tuple[str, ...] = ()
    is_ours: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        """The fields of the connection's config."""
        return settings_of(self.path, self.params, self.auth)


def settings_of(path: str, params: Mapping[str, Scalar], auth: BearerToken | ApiKey | Basic | None) -> tuple[str, ...]:
    """The fields of a connection's config: those that the request names, then those of the auth."""
    of_request = [name for kind, name in placeholders([path, params]) if kind == "config"]
    return tuple(dict.fromkeys([*of_request, *config_fields_of(auth)]))
