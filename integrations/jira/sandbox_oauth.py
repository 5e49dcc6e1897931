"""Atlassian's token endpoint: refresh tokens that work once.

https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/#use-a-refresh-token-to-get-another-access-token-and-refresh-token-pair
"""

from __future__ import annotations

from urllib.parse import parse_qs

from dazz_assets.sandbox import SandboxRequest, SandboxResponse, json_response


class TokenEndpoint:
    """Issues access tokens for the newest refresh token, which it replaces. scopes: what the user consented to."""

    client_id = "sandboxclient0000000000000000000"
    client_secret = "ATOAsandbox-secret-0000000000000"  # noqa: S105 - opens nothing but this sandbox

    def __init__(self) -> None:
        self.scopes = {"read:jira-work", "read:jira-user", "offline_access"}
        self.reset()

    def reset(self) -> None:
        """Begin with the refresh token that the user's consent brought."""
        self._issued = 0
        self._access_token = ""

    @property
    def refresh_token(self) -> str:
        """The only refresh token that works now."""
        return f"sandbox-refresh-token-{self._issued:06}"

    def accepts(self, access_token: str) -> bool:
        """Whether an access token is the newest."""
        return bool(access_token) and access_token == self._access_token

    def respond(self, request: SandboxRequest) -> SandboxResponse:
        """A pair of tokens, or why there is none."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return _refusal(401, "access_denied", "Unauthorized")
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != self.refresh_token:
            return _refusal(403, "invalid_grant", "Unknown or invalid refresh token.")
        self._issued += 1
        self._access_token = f"sandbox-access-token-{self._issued:06}"
        answer = {"access_token": self._access_token, "refresh_token": self.refresh_token, "expires_in": 3_600}
        return json_response({**answer, "token_type": "Bearer", "scope": " ".join(sorted(self.scopes))})


def _refusal(status: int, error: str, description: str) -> SandboxResponse:
    return json_response({"error": error, "error_description": description}, status=status)
