"""A mistake fails when definitions load, in a sentence that names the class, the setting and the fix.

More in `test_mistakes_in_settings`, `_in_parsers`, `_in_templates`, `_in_files`, `_with_secrets` and `_without_effect`.
"""

from typing import Any

import pytest
from pydantic import BaseModel

from dazz_assets import BearerToken, Integration, Stream
from dazz_assets.spec.read import read_integration
from tests.spec.mistakes import Make, OtherStream, Thing, ThingsStream, integration, load_error, stream, with_stream


class LoopA(Stream[Thing]):
    path = "/a/{parent.id}"


class LoopB(Stream[Thing]):
    path = "/b/{parent.id}"
    parent = LoopA


LoopA.parent = LoopB


class Own(Stream[Thing]):
    path = "/own"


Own.parent = Own


class Unfinished(BaseModel):
    thing: "Quux"  # type: ignore[name-defined]  # noqa: F821


class NumbersStream(Stream[int]):  # type: ignore[type-var]
    path = "/numbers"


class UnfinishedStream(Stream[Unfinished]):
    path = "/unfinished"


WrongConfig: Any = Integration[Thing]  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: integration(Integration),
            (
                "BadIntegration has no config; declare it as `class "
                "BadIntegration(Integration[YourConfig])`, where YourConfig is a ConnectionConfig"
            ),
        ),
        (
            lambda: integration(WrongConfig),
            (
                "BadIntegration has the config Thing, which is not a ConnectionConfig; declare it as `class "
                "BadIntegration(Integration[YourConfig])`, where YourConfig is a ConnectionConfig"
            ),
        ),
        (
            lambda: integration(streams=(NumbersStream,)),
            (
                "BadIntegration: NumbersStream has the model int, which is neither a pydantic model nor a "
                "msgspec.Struct; declare it as `class NumbersStream(Stream[YourModel])`, where YourModel is a "
                "pydantic model of its records, or remove the brackets if no parser reads it"
            ),
        ),
        (
            lambda: integration(streams=(UnfinishedStream,)),
            (
                "BadIntegration: UnfinishedStream: Unfinished names 'Quux', which can't be found; import it "
                "outside `if TYPE_CHECKING`, or define it in the model's module"
            ),
        ),
        (
            lambda: integration(base_url=""),
            'BadIntegration has no base_url; set it, for example `base_url = "https://api.vendor.com"`',
        ),
        (
            lambda: integration(base_url="api.test"),
            (
                "BadIntegration: `base_url` is 'api.test', which is not an absolute URL; write it as "
                "`https://api.vendor.com`"
            ),
        ),
        (
            lambda: integration(base_url="https://api.test?v=1"),
            "BadIntegration: `base_url` holds credentials or a query; set them with `auth` or `params`",
        ),
        (
            lambda: integration(base_url="https://{config.ogr}.test"),
            "BadIntegration: `base_url` uses {config.ogr}, but Config has no such field; did you mean 'org'?",
        ),
        (
            lambda: integration(base_url="https://{org}.test"),
            (
                "BadIntegration: `base_url` holds {org}, which is not a placeholder; write {config.x} for a field of "
                "Config; did you mean {config.org}?"
            ),
        ),
        (
            lambda: integration(hosts=("https://x",)),
            (
                "BadIntegration: `hosts` is ('https://x',); it must be a tuple of host names, without `https://` or a "
                'path, for example `hosts = ("files.vendor.com",)`'
            ),
        ),
        (lambda: integration(recrods="data"), "BadIntegration.recrods is not a setting; did you mean `records`?"),
        (lambda: integration(pagniator=None), "BadIntegration.pagniator is not a setting; did you mean `paginator`?"),
        (lambda: with_stream(primary_kye="id"), "BadStream.primary_kye is not a setting; did you mean `primary_key`?"),
        (
            lambda: integration(streams=(stream(name="things"), ThingsStream)),
            ("BadIntegration: BadStream and ThingsStream are both named 'things'; set `name` of one of them"),
        ),
        (
            lambda: integration(check=OtherStream),
            "BadIntegration: `check` is OtherStream, which is not among `streams`; add it there",
        ),
        (
            lambda: with_stream(parent=OtherStream),
            "BadIntegration: `BadStream.parent` is OtherStream, which is not among `streams`; add it there",
        ),
        (
            lambda: integration(streams=(LoopA, LoopB)),
            "BadIntegration: the parents of its streams form a loop: loop_a -> loop_b -> loop_a",
        ),
        (lambda: integration(streams=(Own,)), "BadIntegration: the parents of its streams form a loop: own -> own"),
        (
            lambda: with_stream(path="/x/{parent.id}"),
            "BadIntegration: BadStream: `path` uses {parent.id}, but the stream has no parent; set `parent`",
        ),
        (
            lambda: with_stream(path="/{config.ogr}"),
            ("BadIntegration: BadStream: `path` uses {config.ogr}, but Config has no such field; did you mean 'org'?"),
        ),
        (
            lambda: with_stream(path="/{config.tenant}"),
            (
                "BadIntegration: BadStream: `path` uses {config.tenant}, but Config has no such field; there are: "
                "base_url, org, token"
            ),
        ),
        (
            lambda: with_stream(path="/{org}/things"),
            (
                "BadIntegration: BadStream: `path` holds {org}, which is not a placeholder; write {config.x} for a "
                "field of Config, or {parent.x} for one of the parent's record; did you mean {config.org}?"
            ),
        ),
        (
            lambda: with_stream(path="/{parent}/things"),
            (
                "BadIntegration: BadStream: `path` holds {parent}, which is not a placeholder; write {config.x} for a "
                "field of Config, or {parent.x} for one of the parent's record"
            ),
        ),
        (
            lambda: with_stream(path="/{ config.org }/things"),
            (
                "BadIntegration: BadStream: `path` holds { config.org }, which is not a placeholder; write {config.x} "
                "for a field of Config, or {parent.x} for one of the parent's record; did you mean {config.org}?"
            ),
        ),
        (
            lambda: with_stream(path="/{config.org/things"),
            (
                "BadIntegration: BadStream: `path` holds {config.org/things, which is not a placeholder; write "
                "{config.x} for a field of Config, or {parent.x} for one of the parent's record"
            ),
        ),
        (
            lambda: with_stream(params={"q": "org:{org}"}),
            (
                "BadIntegration: BadStream: `params` holds {org}, which is not a placeholder; write {config.x} for a "
                "field of Config, or {parent.x} for one of the parent's record; did you mean {config.org}?"
            ),
        ),
        (
            lambda: with_stream(headers={"X-Org": "{org}"}),
            (
                "BadIntegration: BadStream: `headers` holds {org}, which is not a placeholder; write {config.x} for a "
                "field of Config, or {parent.x} for one of the parent's record; did you mean {config.org}?"
            ),
        ),
        (
            lambda: with_stream(params={"q": "{config.nope}"}),
            (
                "BadIntegration: BadStream: `params` uses {config.nope}, but Config has no such field; there are: "
                "base_url, org, token"
            ),
        ),
        (
            lambda: with_stream(body={"filter": {"org": "{config.nope}"}}),
            (
                "BadIntegration: BadStream: `body` uses {config.nope}, but Config has no such field; there are: "
                "base_url, org, token"
            ),
        ),
        (
            lambda: with_stream(headers={"X-Org": "{parent.id}"}),
            "BadIntegration: BadStream: `headers` uses {parent.id}, but the stream has no parent; set `parent`",
        ),
    ],
)
def test_the_message_names_the_place_the_problem_and_the_fix(make: Make, message: str) -> None:
    assert load_error(make) == message


def test_a_valid_integration_loads() -> None:
    spec = read_integration(integration(auth=BearerToken("{config.token}")))
    assert list(spec.streams) == ["things", "events"]


def test_the_vendors_own_braces_are_left_alone() -> None:
    spec = read_integration(with_stream(params={"filter": '{"state": "{open}"}'}, body={"query": "{ org }"}))
    assert spec.streams["bad"].params == {"filter": '{"state": "{open}"}'}
