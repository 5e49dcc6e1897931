"""Reads and sets the values that a paginator sends: in a request's query, or at a dotted path of its body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dazz_assets.field_paths import split_path
from dazz_assets.http.errors import BadRequestError
from dazz_assets.http.page import Request

_MISSING = object()


def goes_in_query(param: str, params: Mapping[str, Any], body: Any) -> bool:
    """Whether a paginator's parameter goes into the query: there is no object as body, or `params` alone name it."""
    if not isinstance(body, Mapping):
        return True
    return param in params and _value_at_path(body, split_path(param), _MISSING) is _MISSING


def set_values(request: Request, param: str, values: Mapping[str, Any]) -> Request:
    """The request with these values where a paginator's parameter goes: the query, or dotted paths of the body."""
    if goes_in_query(param, request.params, request.body):
        return replace(request, params={**request.params, **values})
    body = request.body
    for path, value in values.items():
        body = _set_at_path(body, split_path(path), value)
    return replace(request, body=body)


def _set_at_path(holder: Mapping[str, Any], names: Sequence[str], value: Any) -> dict[str, Any]:
    if len(names) == 1:
        return {**holder, names[0]: value}
    below = holder.get(names[0]) or {}
    if not isinstance(below, Mapping):
        raise BadRequestError(
            f"the paginator's param needs an object at {names[0]!r} of the body, which holds a value."
        )
    return {**holder, names[0]: _set_at_path(below, names[1:], value)}


def _value_at_path(holder: Any, names: Sequence[str], default: Any) -> Any:
    for name in names:
        holder = holder.get(name, default) if isinstance(holder, Mapping) else default
    return holder


def read_count(request: Request, param: str, start: int) -> int:
    """The number that a request sends as this parameter; `start` without it. BadRequestError: it is no number."""
    if goes_in_query(param, request.params, request.body):
        sent = request.params.get(param, start)
    else:
        sent = _value_at_path(request.body, split_path(param), start)
    if isinstance(sent, bool) or not str(sent).isdecimal():
        raise BadRequestError(f"the parameter {param!r} must start at a number from 0 up, but is {sent!r}.")
    return int(str(sent))


def is_sendable(text: str) -> bool:
    """Whether a text has a form in UTF-8. JSON allows others."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
