"""Checks of secrets: each is a `SecretStr` of its own, sent by the auth, and never in a URL or in code."""

import copy
import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from dazz_assets.declare.config import ConnectionConfig
from dazz_assets.declare.integration import Integration
from dazz_assets.declare.stream import Scalar
from dazz_assets.errors import DefinitionError
from dazz_assets.http import ApiKey, Auth, Basic, BearerToken
from dazz_assets.http.auth import auth_config_fields, auth_templates
from dazz_assets.http.placeholders import find_placeholders, find_texts
from dazz_assets.names import snake_case, suggest
from dazz_assets.privacy import secret_names, token_patterns
from dazz_assets.spec.placeholder_rules import check_config_field, find_other_braces
from dazz_assets.spec.specs import StreamSpec

_AUTH_EXAMPLES: Mapping[type, str] = {
    BearerToken: 'BearerToken("{config.token}")',
    ApiKey: 'ApiKey(format="{config.token}")',
    Basic: 'Basic("{config.username}", "{config.password}")',
}


def check_secret_fields(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """Check that each secret of a config is a SecretStr field of its own: anything else would not be masked."""
    where = integration.__name__
    for name, field in config.model_fields.items():
        options = _union_members(field.annotation)
        if any(option is not SecretStr and _holds_secret(option, ()) for option in options):
            raise DefinitionError(
                f"{where}: {config.__name__}.{name} holds a secret that is not a SecretStr of its own, so it can't be "
                f"masked; give each secret a field of its own: `{name}: SecretStr`"
            )
        if str in options and secret_names.is_credential_name(name):
            raise DefinitionError(
                f"{where}: {config.__name__}.{name} is a str and looks like a secret by its name; declare it as "
                f"`{name}: SecretStr`, so that it is masked everywhere"
            )


def check_base_url_secrets(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """Check that the base URL neither is nor holds a secret."""
    where = integration.__name__
    _check_not_in_url(where, "base_url", integration.base_url, config)
    _check_no_token(where, "base_url", integration.base_url, config)
    if is_secret_field(config, "base_url"):
        raise DefinitionError(
            f"{where}: {config.__name__}.base_url is a secret, but base URLs are shown in messages; leave it as "
            "ConnectionConfig declares it, and give the secret a field of its own"
        )


def check_request_secrets(
    integration: type[Integration[Any]], stream: StreamSpec, config: type[ConnectionConfig]
) -> None:
    """Check that a stream's URL holds no secret, and its settings none that is written out in code.

    Headers and bodies may name a secret of the config: some vendors want two, or want one there.
    """
    where = f"{integration.__name__}: {stream.stream.__name__}"
    _check_not_in_url(where, "path", stream.path, config)
    _check_not_in_url(where, "params", stream.params, config)
    _check_secret_params(where, stream.params, config)
    for setting, value in stream.request.items():
        _check_no_token(where, setting, value, config)


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


def is_secret_field(config: type[ConnectionConfig], name: str) -> bool:
    """Whether a field of a config is a secret."""
    return SecretStr in _union_members(config.model_fields[name].annotation)


def _check_not_in_url(where: str, setting: str, value: object, config: type[ConnectionConfig]) -> None:
    for kind, name in find_placeholders(value):
        if kind == "config" and name in config.model_fields and is_secret_field(config, name):
            raise DefinitionError(
                f"{where}: `{setting}` holds {{config.{name}}}, a secret, but URLs end up in logs everywhere; send it "
                f'with the integration\'s auth: `ApiKey(format="{{config.{name}}}")` as a header, or '
                f'`ApiKey(param="{name}", format="{{config.{name}}}")` if the vendor takes it nowhere else'
            )


def _check_secret_params(where: str, params: Mapping[str, Scalar], config: type[ConnectionConfig]) -> None:
    """Refuse a value written out for a parameter whose name is that of a credential."""
    for name, value in params.items():
        is_literal = not any(find_placeholders(value)) and secret_names.may_be_secret(str(value))
        if is_literal and secret_names.is_credential_name(name):
            field = re.sub(r"\W+", "_", snake_case(name))
            raise DefinitionError(
                f"{where}: `params` gives {name!r} a value, which is a secret by its name, and code is no place for "
                f"secrets; declare `{field}: SecretStr` in {config.__name__}, and send it with the integration's auth: "
                f'`ApiKey(param="{name}", format="{{config.{field}}}")`'
            )


def _check_no_token(where: str, setting: str, value: object, config: type[ConnectionConfig]) -> None:
    """Refuse texts that hold a secret of a known shape."""
    for text in find_texts(value):
        if kind := token_patterns.find_token_kind(text):
            raise DefinitionError(
                f"{where}: `{setting}` holds what looks like a secret ({kind}), and code is no place for secrets; "
                f"declare `token: SecretStr` in {config.__name__}, and send it with the integration's auth"
            )


def _check_auth_templates(where: str, auth: Auth, config: type[ConnectionConfig]) -> None:
    """Refuse braces that are not fields of the config."""
    for kind, name in find_placeholders(auth_templates(auth)):
        subject = f"{where}: `auth` uses {{{kind}.{name}}}"
        if kind != "config":
            raise DefinitionError(
                f"{subject}, but it signs the requests of all streams; use a field of {config.__name__}, for example "
                "{config.token}"
            )
        check_config_field(subject, name, config)
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


def _check_auth_fields(where: str, auth: Auth, config: type[ConnectionConfig]) -> None:
    """Check that the auth names a field of the config, and that one of the fields it names is a secret."""
    names = auth_config_fields(auth)
    if not names and type(auth) in _AUTH_EXAMPLES:
        raise DefinitionError(
            f"{where}: `auth` names no field of {config.__name__}, so its text would be sent as it is; put the "
            f"secret's field in braces: `{_AUTH_EXAMPLES[type(auth)]}`"
        )
    if names and not any(is_secret_field(config, name) for name in names):
        raise DefinitionError(
            f"{where}: `auth` uses {config.__name__}.{names[0]}, which is not a secret; declare it as "
            f"`{names[0]}: SecretStr`, so that it is masked everywhere"
        )


def _union_members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union; any other type by itself."""
    is_union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return typing.get_args(annotation) if is_union else (annotation,)


def _holds_secret(annotation: Any, above: tuple[Any, ...]) -> bool:
    """Whether a type is a secret or holds one, at any depth. `above`: the types it is inside of, to end recursion."""
    origin = typing.get_origin(annotation) or annotation
    if isinstance(origin, type) and issubclass(origin, (SecretStr, SecretBytes, Secret)):
        return True
    inner = list(typing.get_args(annotation))
    if isinstance(origin, type) and origin not in above:
        if issubclass(origin, BaseModel):
            inner += [field.annotation for field in origin.model_fields.values()]
        elif dataclasses.is_dataclass(origin) or typing.is_typeddict(origin):
            inner += typing.get_type_hints(origin).values()
    return any(_holds_secret(item, (*above, origin)) for item in inner)
