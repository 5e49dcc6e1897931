"""The settings of a connection to Google Cloud."""

from __future__ import annotations

import json
from typing import Any, cast

from pydantic import SecretStr, model_validator

from dazz_assets import ConnectionConfig


class GcpConfig(ConnectionConfig):
    """A service account's key; without one, application default credentials are used, which need `dazz-assets[gcp]`.

    service_account: the text of the key file, as JSON. `client_email` and `private_key` are read from it, or given in
        its place.
    project_query: which projects, as Resource Manager's search has it: `parent:folders/123`. By default all that the
        credentials may see.
    token_url: where tokens are issued.
    asset_url: where the Cloud Asset API is.
    storage_url: where the Cloud Storage API is; `base_url` is where the Resource Manager API is.
    """

    service_account: SecretStr | None = None
    client_email: str | None = None
    private_key: SecretStr | None = None
    project_query: str = ""
    token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    asset_url: str = "https://cloudasset.googleapis.com"
    storage_url: str = "https://storage.googleapis.com"

    @model_validator(mode="before")
    @classmethod
    def _read_key_file(cls, given: object) -> object:
        """Put what the key file says into its fields; the rest of it is of no use."""
        if not isinstance(given, dict):
            return given
        rest = dict(cast("dict[str, Any]", given))
        if (text := rest.pop("service_account", None)) is None:
            return rest
        if rest.get("client_email") is not None or rest.get("private_key") is not None:
            raise ValueError(
                "`config.service_account` holds `client_email` and `private_key` already; set it or these two"
            )
        return {**rest, **_parse_key_file(text)}

    @model_validator(mode="after")
    def _require_pair(self) -> GcpConfig:
        if (self.client_email is None) != (self.private_key is None):
            raise ValueError("`config.client_email` and `config.private_key` belong together; set both, or neither")
        return self


def _parse_key_file(given: object) -> dict[str, str]:
    """The e-mail address and the key in a service account's key file. Raises ValueError, without showing it."""
    text = given.get_secret_value() if isinstance(given, SecretStr) else str(given)
    try:
        content: object = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ValueError(
            "`config.service_account` is not JSON; give the text of the key file, not its path: with "
            '`service_account: ${GCP_KEY}`, export GCP_KEY="$(cat key.json)"'
        )
    key_file = cast("dict[str, Any]", content)
    if key_file.get("type") != "service_account":
        raise ValueError(
            "`config.service_account` is not a service account's key file; leave it out, and name the file in "
            "GOOGLE_APPLICATION_CREDENTIALS: application default credentials take other kinds"
        )
    if missing := [name for name in ("client_email", "private_key") if not isinstance(key_file.get(name), str)]:
        raise ValueError(f"`config.service_account` has no `{missing[0]}`; give the whole text of the key file")
    return {name: key_file[name] for name in ("client_email", "private_key")}
