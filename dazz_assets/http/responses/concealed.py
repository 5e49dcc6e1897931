"""What messages may quote of a response whose stream has sensitive fields."""

from __future__ import annotations

import json
from collections.abc import Callable

from dazz_assets.field_paths import ANY_MEMBER, Path, split_path
from dazz_assets.http.json.body_format import BodyFormatError, to_json
from dazz_assets.http.json.json_slices import read_integer
from dazz_assets.http.mask import Mask
from dazz_assets.http.responses.failures import TEXT_KEYS, has_messages
from dazz_assets.http.responses.response_rules import ResponseRules
from dazz_assets.sensitive import HIDDEN, SensitiveFields

NOT_QUOTED = f"what came is not quoted {HIDDEN}"
"""What a message says in the place of a quote that can't be made."""


def conceal(body: bytes, content_type: str, status: int, rules: ResponseRules) -> bytes | None:
    """A body as JSON without its sensitive values; None for a success that can't be read, so that none can be found.

    A refusal is left as it is if it is no JSON: it is the vendor's words. Of one that is, only messages are quoted.
    """
    is_success = 200 <= status < 300
    try:
        text = _as_json(body, content_type, rules)
    except RecursionError:
        return None if is_success else json.dumps(HIDDEN).encode()
    if text is None:
        return None if is_success else body
    text = SensitiveFields(rules.sensitive, above=record_path(rules)).hide_bytes(text)
    if not is_success:
        text = fields_anywhere(rules).hide_bytes(text)
        if not has_messages(text):
            return json.dumps(HIDDEN).encode()
    return text


def value_mask(body: bytes, content_type: str, rules: ResponseRules) -> Callable[[str], str]:
    """Replaces the sensitive values of a body in a text, such as the vendor's message about one of them."""
    try:
        text = _as_json(body, content_type, rules)
    except RecursionError:  # Nothing of it is quoted.
        text = None
    values = [] if text is None else fields_anywhere(rules).find_texts(text, with_names=True)
    return Mask(values, HIDDEN)


def record_path(rules: ResponseRules) -> Path:
    """The path from a page to a record of it."""
    by_id = (ANY_MEMBER,) if rules.shape == "by_id" else ()
    return (*split_path(rules.records), *by_id, *split_path(rules.record))


def fields_anywhere(rules: ResponseRules) -> SensitiveFields:
    """The sensitive fields wherever they are, except those with the name of a message: that would hide the reason."""
    named = [field for field in rules.sensitive if split_path(field)[-1] not in TEXT_KEYS]
    return SensitiveFields(named, anywhere=True)


def _as_json(body: bytes, content_type: str, rules: ResponseRules) -> bytes | None:
    """The body as JSON; None if it is none. Raises RecursionError if it is nested too deeply to be searched."""
    try:
        text, _ = to_json(body, content_type, rules.format)
        json.loads(text, parse_int=read_integer)
    except (BodyFormatError, ValueError):
        return None
    return text
