"""The typed settings of a connection."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr


class ConnectionConfig(BaseModel):
    """A vendor's settings for one connection: subclass it, with secrets as `SecretStr`.

    `base_url` replaces the integration's (GitHub Enterprise Server, a vendor's other regions, a test server).
    Unknown fields are refused, so that a misspelt setting is an error.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str | None = None


Config = TypeVar("Config", bound=ConnectionConfig)


def config_texts(config: ConnectionConfig) -> dict[str, str]:
    """The fields of a config as plain text, secrets included: for auth and templates, never for people."""
    return {name: _plain(value) for name, value in config if value is not None}


def config_secrets(config: ConnectionConfig) -> tuple[str, ...]:
    """The secrets of a config as plain text, to be masked wherever text leaves the process."""
    return tuple(secrets_by_field(config).values())


def secrets_by_field(config: ConnectionConfig) -> dict[str, str]:
    """The secrets of a config as plain text, by field."""
    return {name: value.get_secret_value() for name, value in config if isinstance(value, SecretStr)}


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
