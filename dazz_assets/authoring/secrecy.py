"""Secrets of a config: each a `SecretStr` of its own, so that it is masked everywhere, and none of them in a URL."""

import dataclasses
import types
import typing
from typing import Any

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from dazz_assets.authoring import secret_names
from dazz_assets.authoring.config import ConnectionConfig
from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.integration import Integration
from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.authoring.templates import placeholders


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
    _not_in_url(integration.__name__, "base_url", integration.base_url, config)
    if is_secret(config, "base_url"):
        raise DefinitionError(
            f"{integration.__name__}: {config.__name__}.base_url is a secret, and a base URL is shown in messages; "
            "leave it as it is in ConnectionConfig, and give the secret a field of its own"
        )


def requests(integration: type[Integration[Any]], stream: StreamSpec, config: type[ConnectionConfig]) -> None:
    """No secret is in a stream's URL. Headers and bodies may hold one: a vendor may ask for two, or for one there."""
    where = f"{integration.__name__}: {stream.stream.__name__}"
    _not_in_url(where, "path", stream.path, config)
    _not_in_url(where, "params", stream.params, config)


def is_secret(config: type[ConnectionConfig], name: str) -> bool:
    """Whether a field of a config is a secret."""
    return SecretStr in _options(config.model_fields[name].annotation)


def _not_in_url(where: str, setting: str, value: object, config: type[ConnectionConfig]) -> None:
    for name in _secrets_in(value, config):
        raise DefinitionError(
            f"{where}: `{setting}` holds {{config.{name}}}, a secret, and URLs are written to logs everywhere; send it "
            f'by the integration\'s auth: `ApiKey(format="{{{name}}}")` as a header, or '
            f'`ApiKey(param="{name}", format="{{{name}}}")` where the vendor takes it nowhere else'
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
