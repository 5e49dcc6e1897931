"""The typed settings of a connection."""

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr


class ConnectionConfig(BaseModel):
    """A pydantic model of what one connection to a vendor needs: subclass it, one field for each setting.

    ```python
    class DeskConfig(ConnectionConfig):
        token: SecretStr
        org: str | None = None
    ```

    Declare every secret as a `SecretStr` of its own, so that it is masked in messages, logs and recordings. Templates
    name the fields, for example `{config.org}`, and what is computed from them by pydantic's `@computed_field`. Fields
    that are not declared are refused, so a misspelt setting is an error. `dazz explain` lists the fields, with the
    first sentence that a line of the docstring (`token: ...`) or pydantic's `Field(description=...)` says of each.

    One field may be a list of secrets, `tokens: tuple[SecretStr, ...]`, for several tokens of one account: the auth
    names it as any other, and each request is sent with the token that may be used soonest.

    base_url: replaces the integration's `base_url` for this connection, for example for a server of the customer's
        own, another region or a test server.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str | None = None


Config = TypeVar("Config", bound=ConnectionConfig)


def config_texts(config: ConnectionConfig, place: int = 0) -> dict[str, str]:
    """The fields of a config as plain text, secrets included: for auth and templates, never for people.

    place: which one of a list of secrets.
    """
    values = {
        name: value[place] if is_secret_list(value) else value
        for name, value in _all_values(config)
        if value not in (None, ())
    }
    return {name: _plain_text(value) for name, value in values.items()}


def config_secrets(config: ConnectionConfig) -> tuple[str, ...]:
    """The secrets of a config as plain text, to be masked wherever text leaves the process."""
    return tuple(secrets_by_field(config).values())


def secrets_by_field(config: ConnectionConfig) -> dict[str, str]:
    """The secrets of a config as plain text, by field; those of a list by field and place (`tokens.1`)."""
    found = {name: value for name, value in _all_values(config) if isinstance(value, SecretStr)}
    for name, values in config:
        if is_secret_list(values):
            found |= {f"{name}.{place}": value for place, value in enumerate(values, 1)}
    return {name: value.get_secret_value() for name, value in found.items()}


def config_field_types(config: type[ConnectionConfig]) -> dict[str, Any]:
    """The types of a config's fields, the computed ones included, by name: what `{config.x}` may name."""
    declared = {name: field.annotation for name, field in config.model_fields.items()}
    return declared | {name: field.return_type for name, field in config.model_computed_fields.items()}


def secret_list(config: ConnectionConfig) -> tuple[str, int]:
    """The field that is a list of secrets, and how many it has; no name and 0 if there is none."""
    return next(((name, len(value)) for name, value in config if is_secret_list(value)), ("", 0))


def is_secret_list(value: object) -> bool:
    """Whether the value of a field is a list of secrets."""
    return isinstance(value, tuple) and bool(value) and all(isinstance(item, SecretStr) for item in value)


def _all_values(config: ConnectionConfig) -> Iterator[tuple[str, Any]]:
    """The fields of a config and what is computed from them."""
    yield from config
    for name in type(config).model_computed_fields:
        yield name, getattr(config, name)


def _plain_text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
