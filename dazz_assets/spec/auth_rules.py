"""Checks of an auth: it names fields of the config, one of them a secret, and each connection can have a copy."""

import copy
from collections.abc import Mapping
from typing import Any

from dazz_assets.declare.config import ConnectionConfig
from dazz_assets.declare.integration import Integration
from dazz_assets.errors import DefinitionError
from dazz_assets.http import ApiKey, Auth, Basic, BearerToken
from dazz_assets.http.auth import auth_config_fields, auth_templates
from dazz_assets.names import suggest
from dazz_assets.spec.placeholder_rules import check_config_placeholders, find_other_braces
from dazz_assets.spec.secret_rules import is_secret_field, secret_fields

# With the secret's field in the place of `SECRET`.
_AUTH_EXAMPLES: Mapping[type, str] = {
    BearerToken: 'BearerToken("{config.SECRET}")',
    ApiKey: 'ApiKey(format="{config.SECRET}")',
    Basic: 'Basic("{config.username}", "{config.SECRET}")',
}


def check_auth(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """Check that an auth names fields of the config, one of them a secret, and can be copied for each connection.

    Raises DefinitionError.
    """
    auth, where = integration.auth, integration.__name__
    if auth is None:
        return
    _check_auth_templates(where, auth, config)
    _check_auth_fields(where, auth, config)
    try:
        copy.deepcopy(auth)
    except Exception as error:  # noqa: BLE001  copying may run code of the author's
        raise DefinitionError(
            f"{where}: `auth` can't be copied ({type(error).__name__}: {error}), but each connection has a copy of its "
            "own; remove what belongs to this process from it. It needs no lock: only one of a connection's threads "
            "runs its code at a time"
        ) from None


def _check_auth_templates(where: str, auth: Auth, config: type[ConnectionConfig]) -> None:
    """Refuse braces that are not fields of the config."""
    example = f"{{config.{_secret_field(auth, config)}}}"
    fix = f"it signs the requests of all streams; use a field of {config.__name__}, for example {example}"
    check_config_placeholders(where, "auth", auth_templates(auth), config, fix)
    for template in auth_templates(auth):
        for found in find_other_braces(template):
            name = found.strip("{} ")
            if name in config.model_fields:
                fix = f"write {{config.{name}}}"
            elif type(auth) in _AUTH_EXAMPLES:
                fix = f"write {{config.x}} for a field of {config.__name__}{suggest(name, config.model_fields)}"
            else:
                continue  # The author's own auth may use other braces for something else.
            raise DefinitionError(f"{where}: `auth` holds {found}, which is not a placeholder; {fix}")


def _secret_field(auth: Auth, config: type[ConnectionConfig]) -> str:
    """The config's field for the secret; if it has none yet, a name for it."""
    return next(iter(secret_fields(config)), "password" if isinstance(auth, Basic) else "token")


def _check_auth_fields(where: str, auth: Auth, config: type[ConnectionConfig]) -> None:
    """Check that the auth names a field of the config, and that one of the fields it names is a secret."""
    names = auth_config_fields(auth)
    if not names and type(auth) in _AUTH_EXAMPLES:
        raise DefinitionError(
            f"{where}: `auth` names no field of {config.__name__}, so its text would be sent as it is; put the "
            f"secret's field in braces: `{_AUTH_EXAMPLES[type(auth)].replace('SECRET', _secret_field(auth, config))}`"
        )
    if names and not any(is_secret_field(config, name) for name in names):
        raise DefinitionError(
            f"{where}: `auth` uses {config.__name__}.{names[0]}, which is not a secret; declare it as "
            f"`{names[0]}: SecretStr`, so that it is masked everywhere"
        )
