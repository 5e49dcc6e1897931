"""Checks of sub-streams: their requests name the parent, or the parents, that they are for."""

from collections.abc import Callable

from dazz_assets.errors import DefinitionError
from dazz_assets.http.paging.pagination import keeps_place
from dazz_assets.http.placeholders import find_placeholders
from dazz_assets.spec.specs import StreamSpec


def check_parents(where: str, stream: StreamSpec) -> None:
    """Check the settings of a stream that are about its parent. Raises DefinitionError."""
    find_problem: tuple[Callable[[StreamSpec], str | None], ...] = (
        _find_setting_without_parent,
        _find_setting_without_several,
        _find_wrong_request_for_several if stream.parents_per_request is not None else _find_same_requests,
        _find_setting_against_several,
    )
    for find in find_problem:
        if (problem := find(stream)) is not None:
            raise DefinitionError(f"{where}: {problem}")


def _find_setting_without_parent(stream: StreamSpec) -> str | None:
    if stream.parent is not None:
        return None
    if stream.parents != "all":
        return f'`parents = "{stream.parents}"` does nothing without a `parent`; set `parent`, or remove it'
    if stream.parents_per_request is not None:
        return "`parents_per_request` does nothing without a `parent`; set `parent`, or remove it"
    return None


def _find_setting_without_several(stream: StreamSpec) -> str | None:
    if stream.parents_per_request is not None:
        return None
    if (field := stream.asked_parent_field) != "":
        return (
            f"it uses {{parents.{field}}}, the values of several parents, but its requests are for one each; set "
            f"`parents_per_request` to how many the API takes, or write {{parent.{field}}}"
        )
    if stream.parent_key is not None:
        return (
            "`parent_key` does nothing: each request is for one parent, to which all of its records belong; set "
            "`parents_per_request`, or remove it"
        )
    return None


def _find_wrong_request_for_several(stream: StreamSpec) -> str | None:
    fields = dict.fromkeys(field for kind, field in find_placeholders(stream.request) if kind == "parents")
    single = next((field for kind, field in find_placeholders(stream.request) if kind == "parent"), None)
    if single is not None:
        instead = "" if single.startswith("parent.") else f"write {{parents.{single}}}, or "
        return (
            f"it uses {{parent.{single}}}, but with `parents_per_request` its requests are for several parents, of "
            f"which each has its own; {instead}remove the setting"
        )
    if not fields:
        return (
            "`parents_per_request` does nothing: its requests don't name the parents; name them with {parents.id}, or "
            "another field of theirs, in `path`, `params` or `body`, or remove it"
        )
    if len(fields) > 1:
        named = " and ".join(f"{{parents.{field}}}" for field in fields)
        return f"it uses {named}, but only one of them can say to which parent a record belongs; name one field"
    if stream.asked_parent_field.startswith("parent."):
        return (
            f"it uses {{parents.{stream.asked_parent_field}}}, which is the same for all that share a parent; use "
            "{parents.id}, or another field of the parents' own records"
        )
    if stream.parent_key is None:
        return (
            f"a request of it is for several {stream.parent}, so each record must say to which it belongs; set "
            f"`parent_key` to the path of what {{parents.{stream.asked_parent_field}}} sends, for example "
            f'`parent_key = "{stream.parent}.{stream.asked_parent_field}"`'
        )
    return None


def _find_setting_against_several(stream: StreamSpec) -> str | None:
    if stream.parents_per_request is None:
        return None
    if stream.cursor is not None and stream.cursor.order == "desc":
        return (
            '`order="desc"` ends a list at the first record that is stored, but in a list of several parents those of '
            "another one may follow; remove `order` or `parents_per_request`"
        )
    if keeps_place(stream.paginator):
        return (
            "its paginator has `resume`, but a place in a list of several parents is of no use once there is another "
            "parent; remove `resume` or `parents_per_request`"
        )
    return None


def _find_same_requests(stream: StreamSpec) -> str | None:
    fields = [field for kind, field in find_placeholders(stream.request) if kind == "parent"]
    if stream.parent is None or any(not field.startswith("parent.") for field in fields):
        return None
    if fields:
        return (
            f"it is fetched once for each record of {stream.parent}, but its requests use only {{parent.{fields[0]}}}, "
            "so they are the same for all that share a parent; use {parent.id}, or another field of the parent's own "
            "record, in `path` or `params`"
        )
    return (
        f"it is fetched once for each record of {stream.parent}, but all its requests are the same; use {{parent.id}}, "
        "or another field of the parent's record, in `path` or `params`, or remove `parent`"
    )
