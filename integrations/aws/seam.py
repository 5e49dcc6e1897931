"""Where the requests of boto3 are recorded and replayed: all of them leave through one method of botocore's."""

# pyright: basic
# botocore brings no types.

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from dazz_assets import Request, Response

Send = Callable[[Request], Response]
# What differs each time, and what proves who asks, is left out: the time, the signature.
_RECORDED_HEADERS = ("content-type", "x-amz-account-id", "x-amz-target")
# Accounts are asked for the same, with credentials of their own: this header tells the recorded requests apart.
_ACCOUNT_HEADER = "Signed-For"
_KEY = re.compile(r"Credential=([^/,]+)/")
_ROLE = re.compile(rb"<AccessKeyId>([^<]+)<.*:(\d{12}):assumed-role/", re.DOTALL)
_RECORDED_KEY = "role-in-"
# Names of people: of those who own and are granted something, of the user that we are, and of sessions, which are
# named for the person in single sign-on. Names have these characters, so that the end of a sentence is none of them.
_NAME = rb"[\w+=,.@-]+"
_PERSONAL = re.compile(
    rb"(?<=<DisplayName>)[^<]+|(?<=<EmailAddress>)[^<]+|(?<=:user/)[\w+=,.@/-]+|(?<=:federated-user/)" + _NAME
)
_SESSION = re.compile(
    rb"(:assumed-role/" + _NAME + rb"/|<(?:UserId|AssumedRoleId|FederatedUserId)>[^<:]+:)(" + _NAME + rb")"
)
# Requests by which a profile, or the machine that we run on, gets its credentials. A replay needs none of them.
_SIGNS_IN = re.compile(r"^https?://(?:[\w.-]*\.sso|oidc|[\w.-]*\.signin)\.")


class BotocoreSeam:
    """Implements `Seam`. A replay signs with invented credentials, whatever the connection's are.

    Credentials of a role are recorded without what is secret in them, but the SDK gets them as they came. Names of
    people are replaced here, since the recorder can't tell where they are in XML.
    """

    @contextmanager
    def recording(self, tape: Callable[[Request, Send], Response]) -> Iterator[None]:
        from unittest import mock  # loads asyncio

        from botocore.endpoint import Endpoint

        really_send = Endpoint._send
        roles: dict[str, str] = {}  # accounts by the key of their credentials

        def send(endpoint: Any, signed: Any) -> Any:
            if _signs_in(signed):
                return really_send(endpoint, signed)
            asked, answers = _read(signed, roles), []

            def send_signed(request: Request) -> Response:
                if (request.url, request.body) != (asked.url, asked.body):
                    raise ValueError("a request that names what is redacted can't be sent: its signature covers it")
                answer = really_send(endpoint, signed)
                answers.append(answer)
                return Response(answer.status_code, dict(answer.headers), _redact(answer.content))

            recorded = _answer(signed, tape(asked, send_signed))
            if role := _ROLE.search(answers[0].content):
                roles[role[1].decode()] = role[2].decode()
                return answers[0]
            return recorded

        with mock.patch.object(Endpoint, "_send", send):
            yield

    @contextmanager
    def replaying(self, script: Send) -> Iterator[None]:
        from unittest import mock

        from botocore.credentials import Credentials
        from botocore.endpoint import Endpoint
        from botocore.session import Session

        def send(endpoint: Any, signed: Any) -> Any:
            return _answer(signed, script(_read(signed, {})))

        resolver = mock.Mock(load_credentials=lambda: Credentials("replayed", "replayed"))
        with (
            mock.patch.object(Endpoint, "_send", send),
            mock.patch.object(Session, "_create_credential_resolver", return_value=resolver),
            mock.patch.object(Session, "get_scoped_config", return_value={}),
        ):
            yield


def _signs_in(signed: Any) -> bool:
    from .clients import ROLE_SESSION

    body = _text(signed.body or "")
    assumes = "Action=AssumeRole" in body and f"RoleSessionName={ROLE_SESSION}" not in body
    return assumes or _SIGNS_IN.match(signed.url) is not None


def _read(signed: Any, roles: Mapping[str, str]) -> Request:
    """A request without what differs each time. roles: accounts by their key, besides those that a replay makes up."""
    headers = {name: _text(value) for name, value in signed.headers.items() if name.lower() in _RECORDED_HEADERS}
    found = _KEY.search(_text(signed.headers.get("Authorization", "")))
    key = found[1] if found else ""
    if account := roles.get(key) or (key.removeprefix(_RECORDED_KEY) if key.startswith(_RECORDED_KEY) else ""):
        headers[_ACCOUNT_HEADER] = account
    body = signed.body.encode() if isinstance(signed.body, str) else signed.body
    return Request(signed.url, signed.method, headers=headers, body=body)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _redact(body: bytes) -> bytes:
    """A body without secrets and names. Of a role's credentials the key names the account, and their end is far off."""
    if role := _ROLE.search(body):
        body = re.sub(rb"(?<=<AccessKeyId>)[^<]+", _RECORDED_KEY.encode() + role[2], body)
        body = re.sub(rb"(?<=<SecretAccessKey>)[^<]+|(?<=<SessionToken>)[^<]+", b"redacted", body)
        body = re.sub(rb"(?<=<Expiration>)[^<]+", b"2099-01-01T00:00:00Z", body)
    return _SESSION.sub(_redact_session, _PERSONAL.sub(b"redacted", body))


def _redact_session(found: re.Match[bytes]) -> bytes:
    """A session without its name, unless it is ours."""
    from .clients import ROLE_SESSION

    return found[0] if found[2] == ROLE_SESSION.encode() else found[1] + b"redacted"


def _answer(signed: Any, response: Response) -> Any:
    from botocore.awsrequest import AWSResponse
    from urllib3 import HTTPResponse

    raw = HTTPResponse(BytesIO(response.body), preload_content=False)
    return AWSResponse(signed.url, response.status, dict(response.headers), raw)
