"""What a connection to Jira Cloud needs: the site, and what signs in to it."""

from __future__ import annotations

import re

from pydantic import SecretStr, computed_field, field_validator, model_validator

from dazz_assets import ConnectionConfig


class JiraConfig(ConnectionConfig):
    """A site, and either a user's e-mail address and API token, or an OAuth 2 app with a refresh token.

    site: its name, `nimbus` of `https://nimbus.atlassian.net`.
    cloud_id: its id, which `https://<site>.atlassian.net/_edge/tenant_info` shows. With it requests go to
    api.atlassian.com, as OAuth and API tokens with scopes require.
    auth_url: where OAuth tokens come from.
    """

    site: str
    cloud_id: str | None = None
    email: str | None = None
    token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    auth_url: str = "https://auth.atlassian.com"

    @field_validator("site")
    @classmethod
    def _check_site(cls, site: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9-]+", site):
            raise ValueError("write the site's name alone, which is `nimbus` of https://nimbus.atlassian.net")
        return site

    @computed_field  # type: ignore[prop-decorator]
    @property
    def api_url(self) -> str:
        """Where the API is."""
        if self.cloud_id:
            return f"https://api.atlassian.com/ex/jira/{self.cloud_id}"
        return f"https://{self.site}.atlassian.net"

    @model_validator(mode="after")
    def _require_cloud_id(self) -> JiraConfig:
        if self.refresh_token and not self.cloud_id:
            raise ValueError("a refresh_token needs a cloud_id: OAuth goes to api.atlassian.com, by the site's id")
        return self
