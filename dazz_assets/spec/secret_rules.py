"""Checks of secrets: each is a `SecretStr` of its own, and in no URL or code."""

import dataclasses
import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from dazz_assets.declare.config import ConnectionConfig, config_field_types
from dazz_assets.declare.integration import Integration
from dazz_assets.declare.stream import Scalar
from dazz_assets.errors import DefinitionError
from dazz_assets.http.placeholders import find_placeholders, find_texts
from dazz_assets.names import snake_case
from dazz_assets.privacy import secret_names, token_patterns
from dazz_assets.spec.specs import StreamSpec

_LIST_OF_SECRETS = tuple[SecretStr, ...]
_DECLARED_AS: frozenset[Any] = frozenset({SecretStr, _LIST_OF_SECRETS})


def check_secret_fields(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """Check that each secret of a config is a SecretStr field of its own: anything else would not be masked."""
    where = integration.__name__
    for name, annotation in config_field_types(config).items():
        options = _union_members(annotation)
        if any(option not in _DECLARED_AS and _holds_secret(option, ()) for option in options):
            is_list = any(typing.get_origin(option) in (list, tuple, set, frozenset) for option in options)
            several = f", or several tokens of one account a list: `{name}: tuple[SecretStr, ...]`" if is_list else ""
            raise DefinitionError(
                f"{where}: {config.__name__}.{name} holds a secret that is not a SecretStr of its own, so it can't be "
                f"masked; give each secret a field of its own: `{name}: SecretStr`{several}"
            )
        if str in options and secret_names.is_credential_name(name):
            raise DefinitionError(
                f"{where}: {config.__name__}.{name} is a str and looks like a secret by its name; declare it as "
                f"`{name}: SecretStr`, so that it is masked everywhere"
            )


def check_one_list(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """Check that at most one field is a list of secrets: each request is sent with one of them."""
    lists = [name for name in config.model_fields if is_list_of_secrets(config, name)]
    if len(lists) > 1:
        raise DefinitionError(
            f"{integration.__name__}: {config.__name__}.{lists[0]} and {config.__name__}.{lists[1]} are lists of "
            "secrets, but each request is sent with one of a single list; make one of them a SecretStr"
        )


def check_request_secrets(where: str, stream: StreamSpec, config: type[ConnectionConfig]) -> None:
    """Check that a stream's URL holds no secret, and its settings none that is written out in code.

    Headers and bodies may name a secret of the config: some vendors want two, or want one there.
    """
    check_not_in_url(where, "path", stream.path, config)
    check_not_in_url(where, "params", stream.params, config)
    _check_secret_params(where, stream.params, config)
    for setting, value in stream.request.items():
        check_no_token(where, setting, value, config)
        for kind, name in find_placeholders(value):
            if kind == "config" and name in config_field_types(config) and is_list_of_secrets(config, name):
                raise DefinitionError(
                    f"{where}: `{setting}` uses {{config.{name}}}, a list of secrets, of which only the integration's "
                    "`auth` sends one with each request; name it there"
                )


def is_secret_field(config: type[ConnectionConfig], name: str) -> bool:
    """Whether a field of a config is a secret, or a list of them."""
    return not _DECLARED_AS.isdisjoint(_union_members(config_field_types(config)[name]))


def is_list_of_secrets(config: type[ConnectionConfig], name: str) -> bool:
    """Whether a field of a config is a list of secrets."""
    return _LIST_OF_SECRETS in _union_members(config_field_types(config)[name])


def secret_fields(config: type[ConnectionConfig]) -> list[str]:
    """The fields of a config that are secrets."""
    return [name for name in config_field_types(config) if is_secret_field(config, name)]


def check_not_in_url(where: str, setting: str, value: object, config: type[ConnectionConfig]) -> None:
    """Refuse secrets of the config in a part of the URL."""
    for kind, name in find_placeholders(value):
        if kind == "config" and name in config_field_types(config) and is_secret_field(config, name):
            raise DefinitionError(
                f"{where}: `{setting}` holds {{config.{name}}}, a secret, but URLs end up in logs everywhere; send it "
                f'with the integration\'s auth: `ApiKey(format="{{config.{name}}}")` as a header, or '
                f'`ApiKey(param="{name}", format="{{config.{name}}}")` if the vendor takes it nowhere else'
            )


def _check_secret_params(
    where: str, params: Mapping[str, Scalar | Sequence[Scalar]], config: type[ConnectionConfig]
) -> None:
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


def check_no_token(where: str, setting: str, value: object, config: type[ConnectionConfig]) -> None:
    """Refuse texts that hold a secret of a known shape."""
    for text in find_texts(value):
        if kind := token_patterns.find_token_kind(text):
            fields = secret_fields(config)
            declare = "" if fields else f"declare `token: SecretStr` in {config.__name__}, and "
            raise DefinitionError(
                f"{where}: `{setting}` holds what looks like a secret ({kind}), and code is no place for secrets; "
                f"{declare}send it with the integration's auth, as {{config.{fields[0] if fields else 'token'}}}"
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
