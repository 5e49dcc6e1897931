"""Secrets of a config: each a `SecretStr` of its own, named by the auth, and never in a URL or in code."""

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
from dazz_assets.http.placeholders import PLACEHOLDER, find_placeholders, find_texts
from dazz_assets.names import snake_case, suggest
from dazz_assets.privacy import secret_names, token_patterns
from dazz_assets.spec.specs import StreamSpec


def check_secret_fields(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """Each secret of the config is a field of its own: what lies deeper, or is a mere text, would be masked nowhere."""
    where = integration.__name__
    for name, field in config.model_fields.items():
        options = _options(field.annotation)
        if any(option is not SecretStr and _holds_secret(option, ()) for option in options):
            raise DefinitionError(
                f"{where}: {config.__name__}.{name} holds a secret that is no SecretStr of its own, so "
                f"it can't be masked; give each secret a field of its own, as `{name}: SecretStr`"
            )
        if str in options and secret_names.is_credential_name(name):
            raise DefinitionError(
                f"{where}: {config.__name__}.{name} is a str and looks like a secret by its name; declare it as "
                f"`{name}: SecretStr`, so that it is masked everywhere"
            )


def check_base_url(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """No secret is in the base URL."""
    where = integration.__name__
    _not_in_url(where, "base_url", integration.base_url, config)
    # Of a login in it `checks` tells.
    if token_patterns.find_token_kind(integration.base_url or "") != "url-login":
        _no_token(where, "base_url", integration.base_url, config)
    if is_secret_field(config, "base_url"):
        raise DefinitionError(
            f"{where}: {config.__name__}.base_url is a secret, and a base URL is shown in messages; "
            "leave it as it is in ConnectionConfig, and give the secret a field of its own"
        )


def check_requests(integration: type[Integration[Any]], stream: StreamSpec, config: type[ConnectionConfig]) -> None:
    """No secret is in a stream's URL, and none stands in code.

    Headers and bodies may name one of the config: a vendor may ask for two, or for one there.
    """
    where = f"{integration.__name__}: {stream.stream.__name__}"
    _not_in_url(where, "path", stream.path, config)
    _not_in_url(where, "params", stream.params, config)
    _no_secret_params(where, stream.params, config)
    settings = {"path": stream.path, "params": stream.params, "headers": stream.headers, "body": stream.body}
    for setting, value in settings.items():
        _no_token(where, setting, value, config)


def is_secret_field(config: type[ConnectionConfig], name: str) -> bool:
    """Whether a field of a config is a secret."""
    return SecretStr in _options(config.model_fields[name].annotation)


def _not_in_url(where: str, setting: str, value: object, config: type[ConnectionConfig]) -> None:
    for name in _secrets_in(value, config):
        raise DefinitionError(
            f"{where}: `{setting}` holds {{config.{name}}}, a secret, and URLs are written to logs everywhere; send it "
            f'by the integration\'s auth: `ApiKey(format="{{config.{name}}}")` as a header, or '
            f'`ApiKey(param="{name}", format="{{config.{name}}}")` where the vendor takes it nowhere else'
        )


def _no_secret_params(where: str, params: Mapping[str, Scalar], config: type[ConnectionConfig]) -> None:
    """Of a parameter that proves who asks no value stands in code."""
    for name, value in params.items():
        is_literal = not any(find_placeholders(value)) and secret_names.may_be_secret(str(value))
        if is_literal and secret_names.is_credential_name(name):
            field = re.sub(r"\W+", "_", snake_case(name))
            raise DefinitionError(
                f"{where}: `params` gives {name!r} a value, which is a secret by its name, and code is read by many; "
                f"declare `{field}: SecretStr` in {config.__name__}, and send it by the integration's auth: "
                f'`ApiKey(param="{name}", format="{{config.{field}}}")`'
            )


def _no_token(where: str, setting: str, value: object, config: type[ConnectionConfig]) -> None:
    """No text of a setting has a secret in it that is known by its shape."""
    for text in find_texts(value):
        if kind := token_patterns.find_token_kind(text):
            raise DefinitionError(
                f"{where}: `{setting}` holds a secret by its shape ({kind}), and code is read by many; declare "
                f"`token: SecretStr` in {config.__name__}, and send it by the integration's auth"
            )


def _secrets_in(value: object, config: type[ConnectionConfig]) -> list[str]:
    return [
        name
        for kind, name in find_placeholders(value)
        if kind == "config" and name in config.model_fields and is_secret_field(config, name)
    ]


def _options(annotation: Any) -> tuple[Any, ...]:
    """The types that a union allows; of anything else itself."""
    is_union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return typing.get_args(annotation) if is_union else (annotation,)


def _holds_secret(annotation: Any, above: tuple[Any, ...]) -> bool:
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


_BRACES = re.compile(r"\{[^{}]*\}?|\}")
_WRITTEN: Mapping[type, str] = {
    BearerToken: 'BearerToken("{config.token}")',
    ApiKey: 'ApiKey(format="{config.token}")',
    Basic: 'Basic("{config.username}", "{config.password}")',
}


def check_auth(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
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
    for kind, name in find_placeholders(auth_templates(auth)):
        if kind != "config":
            raise DefinitionError(
                f"{where}: `auth` uses {{{kind}.{name}}}; it signs the requests of all streams, so write a field of "
                f"{config.__name__}, as {{config.token}}"
            )
    for template in auth_templates(auth):
        for found in _BRACES.finditer(PLACEHOLDER.sub("", template)):
            name = found[0].strip("{} ")
            if name not in config.model_fields and type(auth) not in _WRITTEN:
                continue  # Of an auth of the author's own, other braces mean what they mean there.
            meant = name if name in config.model_fields else "x"
            raise DefinitionError(
                f"{where}: `auth` holds {found[0]}, which is no placeholder; write {{config.{meant}}}"
                + ("" if meant == name else f" for a field of {config.__name__}{suggest(name, config.model_fields)}")
            )


def _fields(where: str, auth: Auth, config: type[ConnectionConfig]) -> None:
    """The fields that it names are the config's, and one of them is a secret."""
    names = auth_config_fields(auth)
    if not names and type(auth) in _WRITTEN:
        raise DefinitionError(
            f"{where}: `auth` names no field of {config.__name__}, so the text is sent as it is; write the secret's "
            f"field in braces, as `{_WRITTEN[type(auth)]}`"
        )
    for name in names:
        if name not in config.model_fields:
            raise DefinitionError(
                f"{where}: `auth` uses {{config.{name}}}, a field that {config.__name__} does not have"
                f"{suggest(name, config.model_fields)}"
            )
    if names and not any(is_secret_field(config, name) for name in names):
        raise DefinitionError(
            f"{where}: `auth` uses {config.__name__}.{names[0]}, which is no secret; declare it as "
            f"`{names[0]}: SecretStr`, so that it is masked everywhere"
        )
