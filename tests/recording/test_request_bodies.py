"""While recording, every kind of body of `requests` is sent unchanged, and kept in its file."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from dazz_assets import Request, Response
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.recording.exchange_file import Exchange, format_exchange, read_exchange
from dazz_assets.recording.normalise import normalise_request
from dazz_assets.recording.redaction_changes import RedactionChanges
from dazz_assets.recording.replay_answers import ReplayScript, format_request
from dazz_assets.recording.requests_adapter import RequestsSeam
from dazz_assets.recording.tape import RecordingTape
from tests.http.loopback import Vendor
from tests.recording.shop import write_integration

BINARY = b"\x89PNG\r\n\x1a\n\x00\xff\xfe canary-7d01 \x00"


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def tape(tmp_path: Path) -> RecordingTape:
    return RecordingTape(write_integration(tmp_path / "vendor"), redactor(), None, RedactionChanges())


def redactor() -> Redactor:
    return Redactor({"token": "canary-7d01"}, b"key")


def binary_chunks() -> Iterator[bytes]:
    yield BINARY[:5]
    yield BINARY[5:]


BODIES: dict[str, tuple[Callable[[], Any], bytes]] = {
    "bytes": (lambda: BINARY, BINARY),
    "a text": (lambda: "ü=1", "ü=1".encode()),
    "a file": (lambda: io.BytesIO(BINARY), BINARY),
    "a file of text": (lambda: io.StringIO("ü"), "ü".encode()),
    "a generator": (binary_chunks, BINARY),
    "a generator of texts": (lambda: iter(["ü", "x"]), "üx".encode()),
    "an empty generator": (lambda: iter([]), b""),
}


@pytest.mark.parametrize("kind", BODIES)
def test_the_vendor_gets_the_same_body_as_without_recording(kind: str, vendor: Vendor, tape: RecordingTape) -> None:
    make, expected = BODIES[kind]
    with RequestsSeam().recording(tape):
        assert requests.post(vendor.url, data=make(), timeout=10).ok
    (received,) = vendor.requests
    assert received.body == expected
    assert "Transfer-Encoding" not in received.headers
    assert received.headers["Content-Length"] == str(len(expected))


@pytest.mark.parametrize("kind", BODIES)
def test_the_same_request_is_answered_from_its_file(
    kind: str, vendor: Vendor, tape: RecordingTape, tmp_path: Path
) -> None:
    make, _ = BODIES[kind]
    with RequestsSeam().recording(tape):
        requests.post(vendor.url, data=make(), timeout=10)
    file = tmp_path / "x.json"
    file.write_text(format_exchange(tape.exchanges[0]), encoding="utf-8")
    with RequestsSeam().replaying(ReplayScript([read_exchange(file)], redactor())):
        assert requests.post(vendor.url, data=make(), timeout=10).ok
    assert len(vendor.requests) == 1


def test_bytes_that_are_not_text_are_redacted_and_kept_in_base64(vendor: Vendor, tape: RecordingTape) -> None:
    with RequestsSeam().recording(tape):
        requests.post(vendor.url, data=BINARY, timeout=10)
    (exchange,) = tape.exchanges
    assert exchange.request.body == BINARY.replace(b"canary-7d01", b"redacted-token")
    assert re.search(r'"base64": "[A-Za-z0-9+/=]+"', format_exchange(exchange))
    # A snapshot's line shows the placeholder.
    assert "redacted-token" in format_request(exchange.request)
    format_request(exchange.request).encode()


def test_a_placeholder_within_such_bytes_is_restored(vendor: Vendor, tape: RecordingTape) -> None:
    with RequestsSeam().recording(tape):
        requests.post(vendor.url, data=BINARY.replace(b"canary-7d01", b"redacted-token"), timeout=10)
    assert vendor.requests[0].body == BINARY


def test_an_adapter_may_be_called_with_positional_options(vendor: Vendor, tape: RecordingTape) -> None:
    prepared = requests.Request("GET", vendor.url).prepare()
    with RequestsSeam().recording(tape):
        by_position = HTTPAdapter().send(prepared, False, 10, True, None, None)
        by_name = HTTPAdapter().send(request=prepared, stream=False, timeout=10)
    assert (by_position.status_code, by_name.status_code, len(vendor.requests)) == (200, 200, 2)


@pytest.mark.parametrize("body", [None, b"plain \xc3\xbc", b'{"a":1.0}', b"\xff\x00", "größe".encode("latin-1")])
def test_a_request_is_read_from_its_file_unchanged(body: bytes | None, tmp_path: Path) -> None:
    headers = {"Content-Type": "text/plain"} if body and b"\xdf" in body else {}
    normalised = normalise_request(
        Request("https://api.shop.example/x", "POST", headers=headers, body=body), redactor()
    )
    assert normalised.body == body
    file = tmp_path / "x.json"
    file.write_text(format_exchange(Exchange("x", normalised, Response(204))), encoding="utf-8")
    assert read_exchange(file).request == normalised
