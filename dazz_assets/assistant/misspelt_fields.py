"""Which of a stream's personal and sensitive fields are likely misspelt: a near name is in a page's records."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from msgspec import Raw

from dazz_assets.assistant.infer import decode_json
from dazz_assets.assistant.infer.coverage import misspelt_paths
from dazz_assets.sensitive import SensitiveFields
from dazz_assets.spec.specs import StreamSpec

PrivateSetting = Literal["personal", "sensitive"]
PRIVATE_SETTINGS: tuple[PrivateSetting, ...] = get_args(PrivateSetting)


def find_misspelt(stream: StreamSpec, setting: PrivateSetting, records: Sequence[Raw]) -> dict[str, str]:
    """The paths of a setting that lead to nothing in any record though a similar field is there, each with it."""
    declared: Sequence[str] = getattr(stream, setting)
    if not declared:
        return {}
    received = [decode_json(bytes(record)) for record in records]
    # What lies below a sensitive field is left out of suggestions: names of members may be data.
    shown = [SensitiveFields(stream.sensitive).prune(value) for value in received]
    # A path of the integration may be that of another stream's records.
    return misspelt_paths(declared, received, shown, anywhere=hasattr(stream.stream, setting))


def describe_misspelt(stream: str, setting: PrivateSetting, misspelt: Mapping[str, str]) -> str | None:
    """One sentence on them all; None if there are none. stream: the name of its class."""
    if not misspelt:
        return None
    meant = ", ".join(f"`{path}` (did you mean `{close}`?)" for path, close in misspelt.items())
    return f"{stream}.{setting}: no record has {meant}"
