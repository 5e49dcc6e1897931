"""Checks of an auth: it names fields of the config, a secret among them, and each connection can have a copy."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any, get_args, get_origin, get_type_hints

from dazz_assets.declare.config import ConnectionConfig, config_field_types
from dazz_assets.declare.integration import Integration
from dazz_assets.errors import DefinitionError
from dazz_assets.http import (
    ApiKey,
    Auth,
    Basic,
    BearerToken,
    ClientCredentials,
    JwtGrant,
    RefreshToken,
    SignedJwt,
    TokenAuth,
    TokenExchange,
)
from dazz_assets.http.auth.auth import auth_config_fields, auth_templates
from dazz_assets.http.auth.auth_choice import list_auths
from dazz_assets.http.auth.oauth import Sending
from dazz_assets.http.auth.signed_jwt import Algorithm
from dazz_assets.http.placeholders import PLACEHOLDER, find_placeholders
from dazz_assets.names import suggest
from dazz_assets.spec.placeholder_rules import check_config_placeholders, find_other_braces
from dazz_assets.spec.secret_rules import check_no_token, check_not_in_url, is_secret_field, secret_fields

# With the secret's field in the place of `SECRET`.
_AUTH_EXAMPLES: Mapping[type, str] = {
    BearerToken: 'BearerToken("{config.SECRET}")',
    ApiKey: 'ApiKey(format="{config.SECRET}")',
    Basic: 'Basic("{config.username}", "{config.SECRET}")',
    SignedJwt: 'SignedJwt("{config.SECRET}", claims={"iss": "{config.client_id}"})',
    ClientCredentials: 'ClientCredentials(token_url=..., client_secret="{config.SECRET}")',
    RefreshToken: 'RefreshToken(token_url=..., refresh_token="{config.SECRET}")',
    JwtGrant: 'JwtGrant(SignedJwt("{config.SECRET}"), token_url=...)',
    TokenExchange: 'TokenExchange(SignedJwt("{config.SECRET}"), url=...)',
}
# The fields of an auth that hold a secret of the config, and those that may be empty all the same.
_SECRETS = ("client_secret", "refresh_token", "key")
_MAY_BE_EMPTY = {(RefreshToken, "client_secret")}
_ADDRESSES = ("token_url", "url")
# Claims that the auth computes.
_TIMES = ("iat", "exp")


def check_auth(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """Check that an auth names fields of the config, and can be copied for each connection.

    The library's auths must name a secret. An author's own may get it from `flow`'s config, and name others.
    Raises DefinitionError.
    """
    where = integration.__name__
    for auth in list_auths(integration.auth):
        _check_one_auth(where, auth, config)
    if isinstance(integration.auth, tuple):
        _check_choice(where, integration.auth, config)


def _check_choice(where: str, auths: tuple[Auth, ...], config: type[ConnectionConfig]) -> None:
    """Refuse an auth that no config can choose, as an earlier one is complete whenever it is."""
    if not auths:
        raise DefinitionError(f"{where}: `auth` is an empty tuple; give it auths, or remove it")
    required = {name for name, field in config.model_fields.items() if field.is_required()}
    needs = [set(auth_config_fields(auth)) - required for auth in auths]
    for place, (auth, need) in enumerate(zip(auths, needs, strict=True)):
        for earlier, earlier_need in zip(auths[:place], needs, strict=False):
            if earlier_need <= need:
                name = f"{type(earlier).__name__}, which stands before {type(auth).__name__} in `auth`"
                raise DefinitionError(
                    f"{where}: {name}, is used whenever the latter could be, so {type(auth).__name__} never is; make "
                    f"the fields that only one of them needs optional in {config.__name__} "
                    "(`token: SecretStr | None = None`), and put what needs more fields first"
                )


def _check_one_auth(where: str, auth: Auth, config: type[ConnectionConfig]) -> None:
    if isinstance(auth, TokenAuth):
        _check_token_auth(where, auth, config)
    _check_auth_templates(where, auth, config)
    _check_auth_fields(where, auth, config)
    try:
        copy.deepcopy(auth)
    except Exception as error:  # noqa: BLE001  copying may run code of the author's
        raise DefinitionError(
            f"{where}: `auth` can't be copied ({type(error).__name__}: {error}), but each connection has a copy of its "
            "own; remove what belongs to this process from it. It needs no lock: only one of a connection's threads "
            "runs its code at a time"
        ) from None


def _check_auth_templates(where: str, auth: Auth, config: type[ConnectionConfig]) -> None:
    """Refuse braces that are not fields of the config."""
    example = f"{{config.{_secret_field(auth, config)}}}"
    fix = f"it signs the requests of all streams; use a field of {config.__name__}, for example {example}"
    check_config_placeholders(where, "auth", auth_templates(auth), config, fix)
    for template in auth_templates(auth):
        for found in find_other_braces(template):
            if found == "{token}" and isinstance(auth, TokenAuth):
                continue  # It stands for the token that is fetched.
            name = found.strip("{} ")
            if name in config_field_types(config):
                fix = f"write {{config.{name}}}"
            elif type(auth) in _AUTH_EXAMPLES:
                fix = f"write {{config.x}} for a field of {config.__name__}{suggest(name, config_field_types(config))}"
            else:
                continue  # The author's own auth may use other braces for something else.
            raise DefinitionError(f"{where}: `auth` holds {found}, which is not a placeholder; {fix}")


def _secret_field(auth: Auth, config: type[ConnectionConfig]) -> str:
    """The config's field for the secret; if it has none yet, a name for it."""
    return next(iter(secret_fields(config)), "password" if isinstance(auth, Basic) else "token")


def _check_auth_fields(where: str, auth: Auth, config: type[ConnectionConfig]) -> None:
    """Check that an auth of the library names a field of the config, and that one of those it names is a secret."""
    if not isinstance(auth, tuple(_AUTH_EXAMPLES)):
        return
    names = auth_config_fields(auth)
    if not names and type(auth) in _AUTH_EXAMPLES:
        raise DefinitionError(
            f"{where}: `auth` names no field of {config.__name__}, so its text would be sent as it is; put the "
            f"secret's field in braces: `{_AUTH_EXAMPLES[type(auth)].replace('SECRET', _secret_field(auth, config))}`"
        )
    if names and not any(is_secret_field(config, name) for name in names):
        raise DefinitionError(
            f"{where}: `auth` uses {config.__name__}.{names[0]}, which is not a secret; declare it as "
            f"`{names[0]}: SecretStr`, so that it is masked everywhere"
        )


def _check_token_auth(where: str, auth: TokenAuth, config: type[ConnectionConfig]) -> None:
    """Check an auth that fetches tokens, and the JWT in it."""
    if "{token}" not in auth.format:
        raise DefinitionError(
            f"{where}: `auth` has format={auth.format!r}, which leaves out the token; write {{token}} where it "
            'belongs: `format="Bearer {token}"`'
        )
    for part in _parts(where, auth):
        subject = f"{where}: `auth` has {type(part).__name__}"
        _check_types(subject, part)
        for name in _ADDRESSES:
            if hasattr(part, name):
                _check_address(where, f"{type(part).__name__}({name}=...)", getattr(part, name), config)
        for name in _SECRETS:
            if hasattr(part, name):
                _check_secret(subject, part, name, config)
        if isinstance(part, ClientCredentials | RefreshToken) and part.send not in get_args(Sending):
            raise DefinitionError(f'{subject}(send={part.send!r}); it is "body" or "basic"')
        if isinstance(part, SignedJwt):
            _check_jwt(subject, part)
    check_no_token(where, "auth", auth_templates(auth), config)


def _check_types(subject: str, part: object) -> None:
    """Check that texts and dicts are what they are declared to be: else they fail only at the first request."""
    hints = get_type_hints(type(part))
    for field in fields(part):  # type: ignore[arg-type]
        value, hint = getattr(part, field.name), get_origin(hints[field.name]) or hints[field.name]
        for kind, expected in ((str, "one text"), (Mapping, "a dict")):
            if hint is kind and not isinstance(value, kind):
                raise DefinitionError(
                    f"{subject}({field.name}=...) with a {type(value).__name__}; write it as {expected}"
                )


def _parts(where: str, auth: TokenAuth) -> Iterator[object]:
    """The auth, and those in its fields."""
    yield auth
    for field in fields(auth):
        value = getattr(auth, field.name)
        if field.name == "jwt" and not isinstance(value, SignedJwt):
            raise DefinitionError(
                f"{where}: {type(auth).__name__} takes a SignedJwt, and got a {type(value).__name__}; write "
                f"`{_AUTH_EXAMPLES[type(auth)].replace('SECRET', 'private_key')}`"
            )
        if is_dataclass(value):
            yield value


def _check_address(where: str, setting: str, address: object, config: type[ConnectionConfig]) -> None:
    text = address if isinstance(address, str) else ""
    start = PLACEHOLDER.match(text)
    if not (text.startswith(("https://", "http://", "/")) or (start is not None and start[1] == "config")):
        raise DefinitionError(
            f"{where}: `auth` has {setting.replace('...', repr(address))}, which is no address; write it whole "
            '(`"https://auth.vendor.com/oauth/token"`), or with a slash at its start if it is below base_url'
        )
    check_not_in_url(where, "auth", text, config)


def _check_secret(subject: str, part: object, name: str, config: type[ConnectionConfig]) -> None:
    """Check that a secret is a field of the config: a refresh token whole, as another one will take its place."""
    text = getattr(part, name)
    if text == "" and (type(part), name) in _MAY_BE_EMPTY:
        return
    example = f'{name}="{{config.{name if name != "key" else "private_key"}}}"'
    names = [field for kind, field in find_placeholders(text) if kind == "config"]
    if not names or (name == "refresh_token" and PLACEHOLDER.fullmatch(text) is None):
        raise DefinitionError(
            f"{subject}({name}=...) with something else than a field of {config.__name__}; code is no place for "
            f"secrets: write `{example}`"
        )
    for field in names:
        if field in config_field_types(config) and not is_secret_field(config, field):
            raise DefinitionError(
                f"{subject}({name}=...) with {config.__name__}.{field}, which is not a secret; declare it as "
                f"`{field}: SecretStr`, so that it is masked everywhere"
            )


def _check_jwt(subject: str, jwt: SignedJwt) -> None:
    known = get_args(Algorithm)
    if jwt.algorithm not in known:
        raise DefinitionError(
            f"{subject}(algorithm={jwt.algorithm!r}), which is none of {', '.join(known)}"
            f"{suggest(str(jwt.algorithm), known)}"
        )
    if not isinstance(jwt.lifetime, timedelta) or jwt.lifetime <= timedelta(minutes=1):
        raise DefinitionError(
            f"{subject}(lifetime={jwt.lifetime!r}); it must be a timedelta of more than a minute, for example "
            "`lifetime=timedelta(minutes=9)`"
        )
    for name in _TIMES:
        if name in jwt.claims:
            raise DefinitionError(
                f"{subject} with the claim {name!r}, which is computed for each token; remove it, and set `lifetime`"
            )
