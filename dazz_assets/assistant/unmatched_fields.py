"""Which of a stream's personal and sensitive fields none of the records of a page has."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Raw

from dazz_assets.assistant.infer import decode_json
from dazz_assets.assistant.infer.coverage import unmatched_paths
from dazz_assets.sensitive import SensitiveFields
from dazz_assets.spec.specs import StreamSpec

PrivateSetting = Literal["personal", "sensitive"]


def find_unmatched(stream: StreamSpec, setting: PrivateSetting, records: Sequence[Raw]) -> dict[str, str]:
    """The paths of a setting that lead to nothing in any record, each with a suggestion, which may be empty.

    A path of the integration may be that of another stream's records, and is left out if no field is close to it.
    """
    declared: Sequence[str] = getattr(stream, setting)
    if not declared:
        return {}
    received = [decode_json(bytes(record)) for record in records]
    # What lies below a sensitive field is left out of suggestions: names of members may be data.
    shown = [SensitiveFields(stream.sensitive).prune(value) for value in received]
    unmatched = unmatched_paths(declared, received, shown)
    is_own = hasattr(stream.stream, setting)
    return {path: hint for path, hint in unmatched.items() if is_own or hint.startswith("; did you mean")}
