"""Bodies of recorded responses hold no sensitive value, whatever the format, and what can't be searched is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from dazz_assets import ConnectionConfig, Integration, Stream
from dazz_assets.errors import RecordingError
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.recording.sensitive_bodies import hide_sensitive
from dazz_assets.sensitive import HIDDEN
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import StreamSpec
from tests.declaring import declare

LEAK = "LEAK-9d21-aa47"


class Config(ConnectionConfig):
    token: SecretStr


class CodeStream(Stream):
    name = "alerts"
    sensitive = ("secret", "tokens.*.value")

    @classmethod
    def pages(cls, client: Any, params: Mapping[str, Any]) -> Iterator[Any]:
        yield []


def spec(base: type[Stream[Any]] = Stream, **settings: Any) -> StreamSpec:
    given = {
        "sensitive": ("secret", "tokens.*.value"),
        **({} if base is CodeStream else {"path": "/alerts"}),
        **settings,
    }
    stream = declare("AlertsStream", base, **given)
    client = {"connect": lambda self: None} if base is CodeStream else {"base_url": "https://watch.example"}
    integration = declare("WatchIntegration", Integration[Config], streams=(stream,), **client)
    return read_integration(integration).streams["alerts"]


def hide(text: str, stream: StreamSpec, content_type: str = "application/json", *, is_success: bool = True) -> str:
    redactor = Redactor({}, b"key")
    hidden = hide_sensitive(text, stream, content_type, redactor, is_success=is_success)
    again = hide_sensitive(hidden, stream, content_type, Redactor({}, b"key"), is_success=is_success)
    assert again == hidden
    return hidden


def test_json_at_the_place_of_the_records() -> None:
    page = {"data": [{"secret": LEAK, "tokens": {"a": {"value": 7}}}], "secret": "of the page"}
    assert json.loads(hide(json.dumps(page), spec(records="data"))) == {
        "data": [{"secret": HIDDEN, "tokens": {"a": {"value": 0}}}],
        "secret": "of the page",
    }


@pytest.mark.parametrize("content_type", ["application/x-ndjson", "application/json"])
def test_json_a_line(content_type: str) -> None:
    hidden = hide(f'{{"id": 1, "secret": "{LEAK}"}}\n{{"id": 2, "secret": null}}\n', spec(), content_type)
    assert hidden == f'{{"id":1,"secret":"{HIDDEN}"}}\n{{"id":2,"secret":null}}\n'


@pytest.mark.parametrize(("content_type", "mark"), [("text/csv", ","), ("text/csv", ";"), ("application/csv", "\t")])
def test_csv(content_type: str, mark: str) -> None:
    text = mark.join(["id", "secret", "tokens"]) + "\n" + mark.join(["1", f'"{LEAK}\nand more"', "x"])
    text += "\n" + mark.join(["2", "", ""]) + "\n"
    expected = f"id{mark}secret{mark}tokens\n1{mark}{HIDDEN}{mark}{HIDDEN}\n2{mark}{mark}\n"
    assert hide(text, spec(), content_type) == expected


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        (f'{{"secret": "{LEAK}', "application/json"),
        (f"<secret>{LEAK}</secret>", "text/xml"),
        (f'id,secret\n1,"{LEAK}', "text/csv"),
        (f'{{"secret": "{LEAK}", "n": NaN}}', "application/json"),
    ],
)
def test_a_success_that_can_not_be_read_is_hidden_whole(text: str, content_type: str) -> None:
    assert hide(text, spec(), content_type) == HIDDEN


def test_a_refusal_keeps_what_it_says() -> None:
    body = {"message": "Not allowed", "errors": [{"secret": LEAK, "code": 7}]}
    hidden = json.loads(hide(json.dumps(body), spec(), is_success=False))
    assert hidden == {"message": "Not allowed", "errors": [{"secret": HIDDEN, "code": 7}]}
    assert hide("Not allowed", spec(), "text/plain", is_success=False) == "Not allowed"


def test_an_answer_that_code_asked_for_is_searched_everywhere_or_refused() -> None:
    stream = spec(CodeStream)
    answer = {"Result": {"List": [{"secret": LEAK, "tokens": {"x": {"value": LEAK}}}]}}
    assert LEAK not in hide(json.dumps(answer), stream)
    with pytest.raises(RecordingError, match=r"stream alerts has sensitive fields, and an answer .* is not JSON"):
        hide(f"<secret>{LEAK}</secret>", stream, "text/xml")


def test_the_values_are_replaced_elsewhere_too() -> None:
    redactor = Redactor({}, b"key")
    hide_sensitive(json.dumps([{"secret": LEAK}]), spec(), "application/json", redactor, is_success=True)
    assert redactor.redact_json(json.dumps({"url": f"https://x.example/?of={LEAK}"})) == json.dumps(
        {"url": f"https://x.example/?of={HIDDEN}"}
    )
    assert redactor.find_leaks(f"see {LEAK}") == {"sensitive"}
    assert redactor.find_leaks(f"see {HIDDEN}") == set()
