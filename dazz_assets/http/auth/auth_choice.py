"""Which of an integration's auths signs the requests of a connection."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from dazz_assets.http.auth.auth import Auth, auth_config_fields

Auths = Auth | tuple[Auth, ...] | None
"""An integration's `auth`: one, or those that its connections choose from by what their config sets."""


class NoAuthError(ValueError):
    """The config fits none of the auths, or sets secrets of more than one."""


def list_auths(auths: Auths) -> tuple[Auth, ...]:
    """The auths of an integration: one, several or none."""
    if auths is None:
        return ()
    return auths if isinstance(auths, tuple) else (auths,)


def choose_auth(auths: Auths, given: Collection[str], secrets: Collection[str]) -> Auth | None:
    """The first auth whose config fields are all set. One that is no choice is taken as it is.

    given: the config fields that are set. secrets: those of them that hold a secret, `tokens.1` in a list of them.
    Raises NoAuthError if none fits, or if a secret would go unused beside the one that does.
    """
    if not isinstance(auths, tuple):
        return auths
    fields = [auth_config_fields(auth) for auth in auths]
    place = next((place for place, names in enumerate(fields) if set(names) <= set(given)), None)
    if place is None:
        raise NoAuthError(f"the config is not complete for any way to sign in; {_describe_missing(fields, given)}")
    named = {name.partition(".")[0] for name in secrets}  # `tokens.1` is one of a list.
    of_others = {name for names in fields for name in names} - set(fields[place])
    if unused := sorted(of_others & named):
        used = sorted(named.intersection(fields[place])) or fields[place]
        raise NoAuthError(
            f"the config has two ways to sign in: {_name_fields(fields[place])} would be used, and "
            f"{_name_fields(unused)} not; remove {_name_fields(unused)}, or else {_name_fields(used)}"
        )
    return auths[place]


def _describe_missing(fields: Sequence[Sequence[str]], given: Collection[str]) -> str:
    """What to set for the auths that the config has begun; for all of them if it has begun none."""
    begun = [names for names in fields if set(names) & set(given)] or fields
    choices = [_name_fields([name for name in names if name not in given]) for names in begun]
    return f"set {', or '.join(dict.fromkeys(choices))}"


def _name_fields(names: Iterable[str]) -> str:
    *first, last = [f"`config.{name}`" for name in names]
    return f"{', '.join(first)} and {last}" if first else last
