"""Where a stream's requests send the bounds of its cursor; writes out the short form `Cursor(since=..., until=...)`."""

from collections.abc import Mapping, Sequence
from typing import Any

from dazz_assets.declare.cursor import Cursor
from dazz_assets.declare.stream import Scalar
from dazz_assets.errors import DefinitionError
from dazz_assets.http.placeholders import find_placeholders, walk_values

BOUNDS = ("since", "until")


def write_out_bounds(
    where: str,
    cursor: Cursor | None,
    params: Mapping[str, Scalar | Sequence[Scalar]],
    body: Mapping[str, Any] | None,
    setting: str = "body",
) -> tuple[Mapping[str, Scalar | Sequence[Scalar]], Mapping[str, Any] | None]:
    """Params and body with `{cursor.since}` and `{cursor.until}` added where the cursor names a parameter for them.

    A bound goes into the body if there is one, at a dotted path, else into the params. setting: what the author calls
    the body. Raises DefinitionError if something else is set there.
    """
    if cursor is None:
        return params, body
    for bound in BOUNDS:
        name, template = getattr(cursor, bound), f"{{cursor.{bound}}}"
        if not name:
            continue
        subject = f"{where}: Cursor({bound}={name!r})"
        if body is None:
            params = _add_bound(subject, "params", params, [name], template)
        else:
            body = _add_bound(subject, setting, body, name.split("."), template)
    return params, body


def find_bound_places(request_settings: Mapping[str, object], bound: str) -> list[str]:
    """Where a request's settings (path, params, headers, body) name a bound, such as `updated_after` or `filter.since`.

    A parameter, a header or a field of the body goes by the vendor's name for it, the path by `path`.
    """
    return [
        ".".join(path[1:] or path)
        for path, value in walk_values(request_settings)
        if ("cursor", bound) in find_placeholders(value)
    ]


def _add_bound(
    subject: str, setting: str, holder: Mapping[str, Any], path: list[str], template: str
) -> Mapping[str, Any]:
    """The params, or a mapping in the body, with the bound added at a path."""
    name, below = path[0], path[1:]
    if not below:
        if holder.get(name, template) != template:
            raise DefinitionError(
                f"{subject} sends the bound as {name!r}, but `{setting}` also gives {name!r} a value; remove one of "
                "them"
            )
        return {**holder, name: template}
    inner = holder.get(name, {})
    if not isinstance(inner, Mapping):
        raise DefinitionError(
            f"{subject} needs a dict at {name!r} of `{setting}`, but finds a {type(inner).__name__}; correct one of "
            "them"
        )
    return {**holder, name: _add_bound(subject, setting, inner, below, template)}
