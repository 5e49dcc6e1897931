"""Where the requests of boto3 are recorded and replayed: all of them leave through one method of botocore's."""

# pyright: basic
# botocore brings no types.

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from unittest import mock

from dazz_assets import Request, Response

Send = Callable[[Request], Response]
# What differs each time, and what proves who asks, is left out: the time, the signature.
_RECORDED_HEADERS = ("content-type", "x-amz-account-id", "x-amz-target")
# Of a role's credentials what is secret, and when they end, which a replay is not to reach.
_EXPIRATION = re.compile(rb"(?<=<Expiration>)[^<]+")
_CREDENTIALS = re.compile(rb"(?<=<)(AccessKeyId|SecretAccessKey|SessionToken)>[^<]*(?=</)")
# Names of people: of those who own and are granted something, and of the user that we are.
_PERSONAL = re.compile(rb"(?<=<DisplayName>)[^<]+|(?<=<EmailAddress>)[^<]+|(?<=:user/)[^<]+")
# Requests by which a profile, or the machine that we run on, gets its credentials. A replay needs none of them.
_SIGNS_IN = re.compile(r"^https?://(?:[\w.-]*\.sso|oidc|[\w.-]*\.signin)\.")


class BotocoreSeam:
    """Implements `Seam`. A replay signs with invented credentials, whatever the connection's are.

    Credentials of a role are recorded without what is secret in them, but the SDK gets them as they came. Names of
    people are replaced here, since the recorder can't tell where they are in XML.
    """

    @contextmanager
    def recording(self, tape: Callable[[Request, Send], Response]) -> Iterator[None]:
        from botocore.endpoint import Endpoint

        really_send = Endpoint._send

        def send(endpoint: Any, signed: Any) -> Any:
            if _signs_in(signed):
                return really_send(endpoint, signed)
            asked, answers = _read(signed), []

            def send_signed(request: Request) -> Response:
                if (request.url, request.body) != (asked.url, asked.body):
                    raise ValueError("a request that names what is redacted can't be sent: its signature covers it")
                answer = really_send(endpoint, signed)
                answers.append(answer)
                return Response(answer.status_code, dict(answer.headers), _redact(answer.content))

            recorded = _answer(signed, tape(asked, send_signed))
            return answers[0] if _CREDENTIALS.search(answers[0].content) else recorded

        with mock.patch.object(Endpoint, "_send", send):
            yield

    @contextmanager
    def replaying(self, script: Send) -> Iterator[None]:
        from botocore.credentials import Credentials
        from botocore.endpoint import Endpoint
        from botocore.session import Session

        def send(endpoint: Any, signed: Any) -> Any:
            return _answer(signed, script(_read(signed)))

        resolver = mock.Mock(load_credentials=lambda: Credentials("replayed", "replayed"))
        with (
            mock.patch.object(Endpoint, "_send", send),
            mock.patch.object(Session, "_create_credential_resolver", return_value=resolver),
            mock.patch.object(Session, "get_scoped_config", return_value={}),
        ):
            yield


def _signs_in(signed: Any) -> bool:
    from .clients import ROLE_SESSION

    body = signed.body.decode() if isinstance(signed.body, bytes) else str(signed.body or "")
    assumes = "Action=AssumeRole" in body and f"RoleSessionName={ROLE_SESSION}" not in body
    return assumes or _SIGNS_IN.match(signed.url) is not None


def _read(signed: Any) -> Request:
    headers = {name: _text(value) for name, value in signed.headers.items() if name.lower() in _RECORDED_HEADERS}
    body = signed.body.encode() if isinstance(signed.body, str) else signed.body
    return Request(signed.url, signed.method, headers=headers, body=body)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _redact(body: bytes) -> bytes:
    body = _EXPIRATION.sub(b"2099-01-01T00:00:00Z", _CREDENTIALS.sub(rb"\1>redacted", body))
    return _PERSONAL.sub(b"redacted", body)


def _answer(signed: Any, response: Response) -> Any:
    from botocore.awsrequest import AWSResponse
    from urllib3 import HTTPResponse

    raw = HTTPResponse(BytesIO(response.body), preload_content=False)
    return AWSResponse(signed.url, response.status, dict(response.headers), raw)
