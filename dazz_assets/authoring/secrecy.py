"""Secrets of a config: each a `SecretStr` of its own, so that it is masked everywhere, and none of them in a URL."""

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from dazz_assets.authoring import secret_names, token_shapes
from dazz_assets.authoring.config import ConnectionConfig
from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.integration import Integration
from dazz_assets.authoring.naming import snake_case
from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.authoring.stream import Scalar
from dazz_assets.http.placeholders import placeholders, texts


def fields(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """Each secret of the config is a field of its own: what lies deeper, or is a mere text, would be masked nowhere."""
    where = integration.__name__
    for name, field in config.model_fields.items():
        options = _options(field.annotation)
        if any(option is not SecretStr and _holds_secret(option, ()) for option in options):
            raise DefinitionError(
                f"{where}: {config.__name__}.{name} holds a secret that is no SecretStr of its own, so "
                f"it can't be masked; give each secret a field of its own, as `{name}: SecretStr`"
            )
        if str in options and secret_names.proves(name):
            raise DefinitionError(
                f"{where}: {config.__name__}.{name} is a str and looks like a secret by its name; declare it as "
                f"`{name}: SecretStr`, so that it is masked everywhere"
            )


def url(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """No secret is in the base URL."""
    where = integration.__name__
    _not_in_url(where, "base_url", integration.base_url, config)
    # Of a login in it `checks` tells.
    if token_shapes.kind_in(integration.base_url or "") != "url-login":
        _no_token(where, "base_url", integration.base_url, config)
    if is_secret(config, "base_url"):
        raise DefinitionError(
            f"{where}: {config.__name__}.base_url is a secret, and a base URL is shown in messages; "
            "leave it as it is in ConnectionConfig, and give the secret a field of its own"
        )


def requests(integration: type[Integration[Any]], stream: StreamSpec, config: type[ConnectionConfig]) -> None:
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


def is_secret(config: type[ConnectionConfig], name: str) -> bool:
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
        is_literal = not any(placeholders(value)) and secret_names.can_be_secret(str(value))
        if is_literal and secret_names.proves(name):
            field = re.sub(r"\W+", "_", snake_case(name))
            raise DefinitionError(
                f"{where}: `params` gives {name!r} a value, which is a secret by its name, and code is read by many; "
                f"declare `{field}: SecretStr` in {config.__name__}, and send it by the integration's auth: "
                f'`ApiKey(param="{name}", format="{{config.{field}}}")`'
            )


def _no_token(where: str, setting: str, value: object, config: type[ConnectionConfig]) -> None:
    """No text of a setting has a secret in it that is known by its shape."""
    for text in texts(value):
        if kind := token_shapes.kind_in(text):
            raise DefinitionError(
                f"{where}: `{setting}` holds a secret by its shape ({kind}), and code is read by many; declare "
                f"`token: SecretStr` in {config.__name__}, and send it by the integration's auth"
            )


def _secrets_in(value: object, config: type[ConnectionConfig]) -> list[str]:
    return [
        name
        for kind, name in placeholders(value)
        if kind == "config" and name in config.model_fields and is_secret(config, name)
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
