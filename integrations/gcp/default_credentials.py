"""Application default credentials, through google-auth: https://cloud.google.com/docs/authentication/application-default-credentials

They are, in this order: the file that GOOGLE_APPLICATION_CREDENTIALS names (a service account, a workload identity
federation), those of `gcloud auth application-default login`, and the service account of the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dazz_assets import Request, Response
from dazz_assets.http.errors import CredentialError, FetchError, UnavailableError

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.auth.exceptions import GoogleAuthError

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_INSTALL = "Install it: pip install 'dazz-assets[gcp]'. Or set `config.service_account`."
_ADVICE = "Give this process credentials that Google takes, or set `config.service_account`."


class ApplicationDefaultCredentials:
    """Signs requests with a token of these credentials, and with the project that their quota is counted for.

    google-auth fetches the tokens itself, over connections of its own: they are not recorded, and not paced.
    """

    _credentials: Credentials | None = None

    def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
        """See `Auth`. A token is replaced some minutes before it ends, and once when it is refused.

        Raises CredentialError: google-auth is missing, or there are no credentials, or they bring no token.
        """
        credentials = self._credentials = self._credentials or find_credentials()
        if not credentials.valid:
            fetch_token(credentials)
        used = credentials.token
        response = yield _sign(request, credentials)
        if response.status != 401:
            return
        if credentials.token == used:  # else another thread has replaced it
            fetch_token(credentials)
        yield _sign(request, credentials)


def find_credentials() -> Credentials:
    """The credentials of this process. Raises CredentialError: google-auth is missing, or there are none."""
    try:
        auth: Any = import_module("google.auth")
    except ImportError:
        raise CredentialError("application default credentials need google-auth.", advice=_INSTALL) from None
    credentials: Credentials
    try:
        credentials, _ = auth.default(scopes=[SCOPE])
    except auth.exceptions.GoogleAuthError as error:
        raise _explain(error) from None
    return credentials


def fetch_token(credentials: Credentials) -> None:
    """Get a new token, in whichever way these credentials do. Raises CredentialError; UnavailableError if it may pass.

    urllib3 sends the requests: what goes through the library `requests` would be recorded.
    """
    import urllib3
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.urllib3 import Request as AuthRequest

    try:
        with urllib3.PoolManager() as pool:
            credentials.refresh(AuthRequest(pool))  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise _explain(error) from None


def _explain(error: GoogleAuthError) -> FetchError:
    """What an exception of google-auth says, without the response that it may have beside that."""
    from google.auth.exceptions import TransportError

    said = str(error.args[0] if error.args else type(error).__name__).rstrip(".")
    problem = f"application default credentials: {said}."
    if isinstance(error, TransportError) or getattr(error, "retryable", False):
        return UnavailableError(problem)
    return CredentialError(problem, advice=_ADVICE)


def _sign(request: Request, credentials: Credentials) -> Request:
    headers: dict[str, str] = {}
    credentials.apply(headers)  # type: ignore[no-untyped-call]
    for name, value in headers.items():
        request = request.with_header(name, value)
    return request


class DefaultCredentialsSeam:
    """Lets recordings be replayed where there are no credentials. What google-auth sends is never recorded."""

    @contextmanager
    def recording(self, tape: Callable[[Request, Callable[[Request], Response]], Response]) -> Generator[None]:
        """See `Seam`."""
        yield

    @contextmanager
    def replaying(self, script: Callable[[Request], Response]) -> Generator[None]:
        """See `Seam`. Requests are signed with a token that opens nothing."""
        from unittest import mock  # loads asyncio

        def flow(
            _: ApplicationDefaultCredentials, request: Request, config: Mapping[str, str]
        ) -> Generator[Request, Response, None]:
            yield request.with_header("Authorization", "Bearer replayed")

        with mock.patch.object(ApplicationDefaultCredentials, "flow", flow):
            yield
