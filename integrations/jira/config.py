"""What a connection to Jira Cloud needs: the site, and what signs in to it."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SecretStr, model_validator

from dazz_assets import ConnectionConfig

GATEWAY = "https://api.atlassian.com/ex/jira"


class JiraConfig(ConnectionConfig):
    """A site, and either a user's e-mail address and API token, or an OAuth 2 app with a refresh token.

    site: its name, `nimbus` of `https://nimbus.atlassian.net`.
    cloud_id: its id, which `https://<site>.atlassian.net/_edge/tenant_info` shows. With it requests go to
    api.atlassian.com, as OAuth and API tokens with scopes require.
    auth_url: where OAuth tokens come from.
    """

    site: str = Field(pattern=r"^[A-Za-z0-9-]+$")
    cloud_id: str | None = None
    email: str | None = None
    token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    auth_url: str = "https://auth.atlassian.com"

    @model_validator(mode="before")
    @classmethod
    def _use_gateway(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("base_url"):
            return values
        if cloud_id := values.get("cloud_id"):
            return {**values, "base_url": f"{GATEWAY}/{cloud_id}"}
        if values.get("refresh_token"):
            raise ValueError("with a refresh_token a cloud_id is needed: OAuth goes to api.atlassian.com, by that id")
        return values
