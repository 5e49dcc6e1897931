"""`Cursor(since=..., until=...)` written out: the short form becomes `{cursor.since}` and `{cursor.until}`."""

from collections.abc import Iterable, Mapping
from typing import Any

from dazz_assets.declare.cursor import Cursor
from dazz_assets.declare.stream import Scalar
from dazz_assets.errors import DefinitionError
from dazz_assets.http.placeholders import find_placeholders

BOUNDS = ("since", "until")


def write_out_bounds(
    where: str, cursor: Cursor | None, params: Mapping[str, Scalar], body: Mapping[str, Any] | None
) -> tuple[Mapping[str, Scalar], Mapping[str, Any] | None]:
    """A stream's params and body with the bounds that its cursor names: in the body where there is one, by a dotted
    path, else in the params. Raises DefinitionError where the place is taken.
    """
    if cursor is None:
        return params, body
    for bound in BOUNDS:
        name, template = getattr(cursor, bound), f"{{cursor.{bound}}}"
        if not name:
            continue
        given = f"{where}: Cursor({bound}={name!r})"
        if body is None:
            _demand_free(given, "params", params, name, template)
            params = {**params, name: template}
        else:
            body = _with(given, body, name.split("."), template)
    return params, body


def find_bound_places(request: Mapping[str, object], bound: str) -> list[str]:
    """Where a request's settings (path, params, headers, body) name a bound, as `updated_after` or `filter.since`.

    A parameter, header or field of the body is named as the vendor names it; a path is `path`.
    """
    return [place for setting, value in request.items() for place in _places(value, bound, setting, is_top=True)]


def _places(value: object, bound: str, name: str, *, is_top: bool = False) -> list[str]:
    inner: Iterable[tuple[object, object]]
    if isinstance(value, Mapping):
        inner = value.items()
    elif isinstance(value, list | tuple):
        inner = enumerate(value)
    else:
        return [name] if ("cursor", bound) in find_placeholders(value) else []
    return [place for key, item in inner for place in _places(item, bound, str(key) if is_top else f"{name}.{key}")]


def _with(given: str, body: Mapping[str, Any], path: list[str], template: str) -> Mapping[str, Any]:
    name, below = path[0], path[1:]
    if not below:
        _demand_free(given, "body", body, name, template)
        return {**body, name: template}
    inner = body.get(name, {})
    if not isinstance(inner, Mapping):
        raise DefinitionError(
            f"{given} needs a mapping at {name!r} of `body`, and there is a {type(inner).__name__}; correct one of them"
        )
    return {**body, name: _with(given, inner, below, template)}


def _demand_free(given: str, setting: str, holder: Mapping[str, object], name: str, template: str) -> None:
    if holder.get(name, template) != template:
        raise DefinitionError(
            f"{given} sends the bound as {name!r}, and `{setting}` gives {name!r} a value too; leave out one of them"
        )
