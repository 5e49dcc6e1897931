"""An integration's `auth`, checked at load: its placeholders, and that a connection can have its own copy of it."""

import copy
import re
from collections.abc import Mapping
from typing import Any

from dazz_assets.authoring import secrecy
from dazz_assets.authoring.config import ConnectionConfig
from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.integration import Integration
from dazz_assets.authoring.naming import suggestion
from dazz_assets.http import ApiKey, Auth, Basic, BearerToken
from dazz_assets.http.auth import config_fields_of, templates_of
from dazz_assets.http.placeholders import PLACEHOLDER, placeholders

_BRACES = re.compile(r"\{[^{}]*\}?|\}")
_WRITTEN: Mapping[type, str] = {
    BearerToken: 'BearerToken("{config.token}")',
    ApiKey: 'ApiKey(format="{config.token}")',
    Basic: 'Basic("{config.username}", "{config.password}")',
}


def auth(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """An auth can be used with this config. Raises DefinitionError."""
    given, where = integration.auth, integration.__name__
    if given is None:
        return
    _placeholders(where, given, config)
    _fields(where, given, config)
    try:
        copy.deepcopy(given)
    except Exception as error:  # noqa: BLE001  (whatever it holds)
        problem = f"{type(error).__name__}: {error}"
    else:
        return
    raise DefinitionError(
        f"{where}: `auth` can't be copied ({problem}), and each connection has a copy of its own; leave out what it "
        "holds of this process. It needs no lock: of a connection's threads one at a time runs its code"
    )


def _placeholders(where: str, auth: Auth, config: type[ConnectionConfig]) -> None:
    """Whatever is in braces is a field of the config."""
    for kind, name in placeholders(templates_of(auth)):
        if kind != "config":
            raise DefinitionError(
                f"{where}: `auth` uses {{{kind}.{name}}}; it signs the requests of all streams, so write a field of "
                f"{config.__name__}, as {{config.token}}"
            )
    for template in templates_of(auth):
        for found in _BRACES.finditer(PLACEHOLDER.sub("", template)):
            name = found[0].strip("{} ")
            if name not in config.model_fields and type(auth) not in _WRITTEN:
                continue  # Of an auth of the author's own, other braces mean what they mean there.
            meant = name if name in config.model_fields else "x"
            raise DefinitionError(
                f"{where}: `auth` holds {found[0]}, which is no placeholder; write {{config.{meant}}}"
                + ("" if meant == name else f" for a field of {config.__name__}{suggestion(name, config.model_fields)}")
            )


def _fields(where: str, auth: Auth, config: type[ConnectionConfig]) -> None:
    """The fields that it names are the config's, and one of them is a secret."""
    names = config_fields_of(auth)
    if not names and type(auth) in _WRITTEN:
        raise DefinitionError(
            f"{where}: `auth` names no field of {config.__name__}, so the text is sent as it is; write the secret's "
            f"field in braces, as `{_WRITTEN[type(auth)]}`"
        )
    for name in names:
        if name not in config.model_fields:
            raise DefinitionError(
                f"{where}: `auth` uses {{config.{name}}}, a field that {config.__name__} does not have"
                f"{suggestion(name, config.model_fields)}"
            )
    if names and not any(secrecy.is_secret(config, name) for name in names):
        raise DefinitionError(
            f"{where}: `auth` uses {config.__name__}.{names[0]}, which is no secret; declare it as "
            f"`{names[0]}: SecretStr`, so that it is masked everywhere"
        )
