"""The clients of boto3 for the accounts of a connection. Imports boto3, so it is itself imported when one is made."""

# pyright: basic
# boto3 brings no types.

from __future__ import annotations

import logging
from functools import partial
from threading import Lock
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError

from .config import AwsConfig, role_account

ROLE_SESSION = "dazz-assets"
"""The name of our sessions of roles, which CloudTrail shows."""

# It shows a traceback of each role that we may not assume, which the engine reports.
logging.getLogger("botocore.credentials").setLevel(logging.ERROR)

_OPTIONS: dict[str, Any] = {
    # The SDK repeats single requests; what is still throttled after that, the engine waits for.
    "retries": {"mode": "standard", "total_max_attempts": 4},
    "connect_timeout": 10,
    "read_timeout": 30,
    "max_pool_connections": 16,
}


class AwsClients:
    """A client for each service, region and account, made when it is first needed. Threads may share it.

    Raises what boto3 raises if there are no credentials.
    """

    def __init__(self, config: AwsConfig) -> None:
        self._region, self._endpoint = config.region, config.base_url
        # Hosts for each bucket exist only under AWS's own domain.
        path_style = {"s3": {"addressing_style": "path"}} if config.base_url else {}
        self._options = Config(**_OPTIONS, **path_style)
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._lock = Lock()
        self._core = botocore.session.get_session()
        self._own = sign_in(config, self._core)
        self._roles = {role_account(arn): self._assume(arn, config.external_id) for arn in config.role_arns}

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts of the roles; none if the one is to be read that the connection's own credentials belong to."""
        return tuple(self._roles)

    def of(self, service: str, account: str = "", region: str = "") -> Any:
        """The client of a service for an account: of the connection's region, unless another one is named.

        account: that of a role, or anything if there are no roles.
        """
        session = self._roles[account] if self._roles else self._own
        key = (service, account if self._roles else "", region or self._region)
        with self._lock:  # Sessions may not be shared by threads; their clients may.
            if key not in self._clients:
                self._clients[key] = self._make(session, service, key[2])
            return self._clients[key]

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()

    def _make(self, session: boto3.Session, service: str, region: str) -> Any:
        client = session.client(service, region_name=region, endpoint_url=self._endpoint, config=self._options)
        if self._endpoint and service == "s3control":
            client.meta.events.register("before-sign.s3-control", _drop_account_from_host)
        return client

    def _assume(self, arn: str, external_id: str | None) -> boto3.Session:
        """A session of a role, whose credentials the SDK renews 15 minutes before they end."""
        create = partial(
            self._core.create_client,
            region_name=self._region,
            endpoint_url=self._endpoint,
            config=self._options,
        )
        given = {"RoleSessionName": ROLE_SESSION, **({"ExternalId": external_id} if external_id else {})}
        fetcher = AssumeRoleCredentialFetcher(create, self._own.get_credentials(), arn, extra_args=given)
        session = botocore.session.get_session()
        session.register_component("credential_provider", CredentialResolver([_Role(fetcher)]))
        # Else each session reads the descriptions of all services anew, which takes half a second.
        session.register_component("data_loader", self._core.get_component("data_loader"))
        return boto3.Session(botocore_session=session)


class _Role(CredentialProvider):  # type: ignore[misc]  # botocore brings no types
    """Provides a role's credentials to a session."""

    METHOD = "assume-role"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(self._fetcher.fetch_credentials, self.METHOD)


def sign_in(config: AwsConfig, core: botocore.session.Session) -> boto3.Session:
    """The session of the connection's own credentials. Raises what boto3 raises if there are none."""
    keys = (config.access_key_id, config.secret_access_key, config.session_token)
    # A profile may assume a role by itself, for which the region counts too.
    session = boto3.Session(
        *(key and key.get_secret_value() for key in keys),
        region_name=config.region,
        botocore_session=core,
        profile_name=config.profile,
    )
    if session.get_credentials() is None:
        raise NoCredentialsError
    return session


def _drop_account_from_host(request: Any, **_: Any) -> None:
    """Account-level requests of S3 go to a host for each account, under AWS's own domain; a header names it too."""
    account = request.headers["x-amz-account-id"]
    account = account.decode() if isinstance(account, bytes) else account
    request.url = request.url.replace(f"//{account}.", "//", 1)
