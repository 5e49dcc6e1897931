"""The typed settings of a connection."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr


class ConnectionConfig(BaseModel):
    """A pydantic model of what one connection to a vendor needs: subclass it, one field for each setting.

    ```python
    class SnykConfig(ConnectionConfig):
        token: SecretStr
        org: str | None = None
    ```

    Declare every secret as a `SecretStr` of its own, so that it is masked in messages, logs and recordings. Templates
    name the fields, for example `{config.org}`. Fields that are not declared are refused, so a misspelt setting is an
    error.

    base_url: replaces the integration's `base_url` for this connection, for example for GitHub Enterprise Server,
        another region or a test server.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str | None = None


Config = TypeVar("Config", bound=ConnectionConfig)


def config_texts(config: ConnectionConfig) -> dict[str, str]:
    """The fields of a config as plain text, secrets included: for auth and templates, never for people."""
    return {name: _plain_text(value) for name, value in config if value is not None}


def config_secrets(config: ConnectionConfig) -> tuple[str, ...]:
    """The secrets of a config as plain text, to be masked wherever text leaves the process."""
    return tuple(secrets_by_field(config).values())


def secrets_by_field(config: ConnectionConfig) -> dict[str, str]:
    """The secrets of a config as plain text, by field."""
    return {name: value.get_secret_value() for name, value in config if isinstance(value, SecretStr)}


def _plain_text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
