"""Secrets never show: each test looks for a canary in messages, logs and events (conformance 24)."""

from __future__ import annotations

import html
import json
import logging
import traceback
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets.http import ApiKey, Basic, ClientEvent, CredentialError, FetchError, Mask, Request, Response
from dazz_assets.http.client import Client
from tests.http.loopback import Reply, Vendor

Connect = Callable[..., Client]
CANARY = "canary/+s3cret="


@pytest.mark.parametrize(
    "written",
    [
        CANARY,
        quote(CANARY),
        quote(CANARY, safe=""),
        quote(CANARY, safe="").lower(),
        CANARY.replace("/", "\\/"),
        b64encode(CANARY.encode()).decode(),
        b64encode(f"jo:{CANARY}".encode()).decode(),
        b64encode(f"joe:{CANARY}".encode()).decode(),
        b64encode(f"j@x:{CANARY}!".encode()).decode(),
    ],
)
def test_a_secret_is_masked_in_every_encoding(written: str) -> None:
    assert Mask([CANARY])(f"before {written} after") == "before *** after"


@pytest.mark.parametrize("written", [html.escape, escape, lambda text: escape(text, {'"': "&#34;", "'": "&apos;"})])
def test_a_secret_is_masked_in_a_page_of_html_or_xml(written: Callable[[str], str]) -> None:
    secret = "q&\"canary9'x<long>"
    assert Mask([secret])(f"before {written(secret)} after") == "before *** after"


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_secret_is_masked_in_json_within_json(ascii_only: bool) -> None:
    secret = written = 'p/w "c\\an" é=\n\U0001d11ez'
    for _ in range(4):
        written = json.dumps(written, ensure_ascii=ascii_only)[1:-1]
        for text in (written, written.replace("/", "\\/")):
            assert Mask([secret])(f"before {text} after") == "before *** after"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert Mask(["abc", "abcdef"])("x abcdef y") == "x *** y"


@pytest.mark.parametrize("length", [4, 5, 40, 400])
def test_the_beginning_of_a_secret_that_a_quote_was_cut_off_in_is_masked(length: int) -> None:
    secret = "".join(chr(ord("a") + n % 23) for n in range(500))
    mask = Mask(["other", secret])
    assert mask(f"it says: the token {secret[:length]}... Check it...") == "it says: the token ***... Check it..."
    mask.learn("z" + secret)
    assert mask(f"z{secret[:length]}...") == "***..."


@pytest.mark.parametrize("cut", [12, 30, 60])
def test_so_is_one_that_is_encoded(cut: int) -> None:
    secret = "k/" + "".join(chr(ord("a") + n % 23) for n in range(80))
    written = (b64encode(f"acme:{secret}".encode()).decode(), quote(secret, safe=""), secret.encode().hex())
    for text in written:
        shown = Mask([secret])(f"it says: {text[:cut]}... Check it.")
        assert shown.endswith("***... Check it.")
        assert len(shown) < len("it says: YWNtZTpr***... Check it.") + 4


def test_what_is_no_beginning_of_a_secret_stays_in_front_of_the_end_of_a_quote() -> None:
    mask = Mask(["abcdefgh"])
    assert mask("abc... bcdefgh... ... abcd") == "abc... bcdefgh... ... abcd"


def test_too_short_a_secret_is_not_masked() -> None:
    assert Mask(["", "a"])("a text") == "a text"


@given(st.text(min_size=3, max_size=40, alphabet=st.characters(codec="utf-8")), st.text(max_size=10))
def test_a_masked_text_never_holds_the_secret(secret: str, context: str) -> None:
    assert secret not in Mask([secret])(f"{context}{secret}{context}").replace("***", "")


def echo_canary(status: int) -> Reply:
    body = {"message": f"bad key {CANARY}", "errors": [{"detail": quote(CANARY, safe="")}]}
    return Reply(status, body, {"Deprecation": "true", "Link": f"<https://x.example/{CANARY}>; rel=deprecation"})


@pytest.mark.parametrize(
    "reply",
    [
        echo_canary(401),
        echo_canary(404),
        echo_canary(500),
        echo_canary(200),
        Reply(200, f"<html>{CANARY}".encode()),
        Reply(hang_up=True),
    ],
)
def test_no_error_log_event_or_warning_shows_a_secret(
    vendor: Vendor, connect: Connect, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    caplog.set_level(logging.DEBUG)
    events: list[ClientEvent] = []
    client = connect(
        auth=ApiKey(param="key", format="{config.key}"),
        values={"key": CANARY},
        secrets=[CANARY],
        on_event=events.append,
    )
    vendor.script(reply)
    with pytest.raises(FetchError) as caught:
        client.send(Request(f"{vendor.url}/{quote(CANARY, safe='')}", params={"echo": CANARY}, headers={"X": CANARY}))
    texts = [
        str(caught.value),
        repr(caught.value),
        repr(caught.value.args),
        "".join(traceback.format_exception(caught.value)),
        caplog.text,
        repr(events),
        repr(client.warnings),
        repr(client),
    ]
    for text in texts:
        for form in (CANARY, quote(CANARY), quote(CANARY, safe="")):
            assert form not in text


def test_an_error_has_no_cause_that_could_hold_the_request(connect: Connect) -> None:
    client = connect(
        "http://127.0.0.1:9", auth=Basic("{config.u}", "{config.p}"), values={"u": "jo", "p": CANARY}, secrets=[CANARY]
    )
    with pytest.raises(FetchError) as caught:
        client.send(Request("http://127.0.0.1:9/x"))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_an_error_raised_by_an_auth_loses_its_cause(vendor: Vendor, connect: Connect) -> None:
    class Careless:
        def flow(self, request: Request, config: Mapping[str, str]) -> Generator[Request, Response, None]:
            try:
                raise KeyError(config["key"])
            except KeyError as error:
                raise CredentialError(f"can't use {config['key']}") from error
            yield request

    client = connect(auth=Careless(), values={"key": CANARY}, secrets=[CANARY])
    with pytest.raises(CredentialError) as caught:
        client.send(Request(vendor.url))
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_the_urllib3_log_shows_the_request_without_the_key(
    vendor: Vendor, connect: Connect, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", vendor.url)  # Only requests through a proxy are logged by urllib3.
    monkeypatch.delenv("no_proxy", raising=False)
    caplog.set_level(logging.DEBUG, "urllib3")
    auth = ApiKey(param="key", format="{config.key}")
    client = connect("http://vendor.example", auth=auth, values={"key": CANARY}, secrets=[CANARY])
    client.send(Request("http://vendor.example/issues"))
    assert "/issues?key=***" in caplog.text


@pytest.mark.parametrize("other_path", ["/x", f"/x?key={CANARY}"], ids=["no secret", "a secret"])
def test_urllib3_records_of_other_code_in_the_process_change_only_if_they_hold_a_secret(
    connect: Connect, caplog: pytest.LogCaptureFixture, other_path: str
) -> None:
    caplog.set_level(logging.DEBUG, "urllib3")
    _client = connect(secrets=[CANARY])
    logging.getLogger("urllib3.connectionpool").debug("GET %s", other_path)
    (record,) = caplog.records
    holds_secret = CANARY in other_path
    assert record.getMessage() == ("GET /x?key=***" if holds_secret else "GET /x")
    assert record.args == (() if holds_secret else ("/x",))


def test_the_url_of_a_page_is_masked(vendor: Vendor, connect: Connect) -> None:
    client = connect(auth=ApiKey(param="key", format="{config.key}"), values={"key": CANARY}, secrets=[CANARY])
    page = client.send(Request(f"{vendor.url}/x?echo={quote(CANARY)}", params={"limit": 5}))
    assert page.url == f"{vendor.url}/x?echo=***&limit=5"
    assert CANARY not in repr(page)
