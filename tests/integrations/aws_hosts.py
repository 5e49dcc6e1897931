"""Requests to the hosts of AWS, answered by the sandbox: for recordings, which then hold the hosts that boto3 finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from botocore.httpsession import URLLib3Session

# A bucket's host, and an account's: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
_BUCKET = re.compile(r"(?P<bucket>[\w.-]+)\.s3\.(?:[\w-]+\.)?amazonaws\.com")
_SERVICE = re.compile(r"(?:\d{12}\.s3-control|sts|iam|s3)\.(?:[\w-]+\.)?amazonaws\.com")


@contextmanager
def answered_by(origin: str) -> Iterator[list[str]]:
    """Send what boto3 sends to hosts of AWS to a sandbox instead. Gives the hosts that it was sent to, in order."""
    really_send, hosts = URLLib3Session.send, []

    def send(session: Any, request: Any) -> Any:
        parts = urlsplit(request.url)
        bucket = _BUCKET.fullmatch(parts.netloc)
        assert bucket or _SERVICE.fullmatch(parts.netloc), f"{request.url} is no host of AWS that is known here"
        hosts.append(parts.netloc)
        path = f"/{bucket['bucket']}{parts.path.rstrip('/')}" if bucket else parts.path
        request.url = f"{origin}{path}" + (f"?{parts.query}" if parts.query else "")
        return really_send(session, request)

    with mock.patch.object(URLLib3Session, "send", send):
        yield hosts
