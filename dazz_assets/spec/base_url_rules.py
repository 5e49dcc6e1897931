"""Checks of base URLs, which an integration gives or its config: they can be used, and hold no secret."""

from typing import Any

from dazz_assets.declare.config import ConnectionConfig, config_field_types
from dazz_assets.declare.integration import Integration
from dazz_assets.declare.stream import Stream
from dazz_assets.errors import DefinitionError
from dazz_assets.http.placeholders import find_placeholders
from dazz_assets.spec.code_rules import sends_requests
from dazz_assets.spec.placeholder_rules import check_config_placeholders, check_url_braces
from dazz_assets.spec.secret_rules import check_no_token, check_not_in_url, is_secret_field
from dazz_assets.spec.settings import check_url
from dazz_assets.spec.specs import StreamSpec


def check_base_url(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """Check the base URL of an integration, and the one that its config may have. Raises DefinitionError."""
    where, base_url = integration.__name__, integration.base_url or ""
    check_not_in_url(where, "base_url", base_url, config)
    check_no_token(where, "base_url", base_url, config)
    _check_config(where, base_url, config, is_needed=sends_requests(integration))
    fix = "it is the same for all requests; write it in the `path`, `params`, `headers` or `body` of a stream"
    check_config_placeholders(where, "base_url", base_url, config, fix)
    check_url_braces(where, "base_url", base_url, config)


def read_field(stream: type[Stream[Any]]) -> str:
    """The field of the config that a stream's `base_url` names; empty without one."""
    template = getattr(stream, "base_url", None)
    return "" if template is None else next(name for _, name in find_placeholders(template))


def check_stream_url(where: str, stream: StreamSpec, config: type[ConnectionConfig]) -> None:
    """Check that the config has the field that is a stream's base URL, and a valid default. Raises DefinitionError."""
    if not stream.base_url:
        return
    template = f"{{config.{stream.base_url}}}"
    check_not_in_url(where, "base_url", template, config)
    check_config_placeholders(where, "base_url", template, config, "")
    field = config.model_fields.get(stream.base_url)
    try:
        if config_field_types(config)[stream.base_url] is not str:
            raise ValueError(f'declare it with the address: `{stream.base_url}: str = "https://files.vendor.com"`')
        if field is not None and not field.is_required():
            check_url(field.default)
    except ValueError as error:
        problem = str(error).replace("`base_url`", "its default")
        raise DefinitionError(f"{where}: `base_url` is {config.__name__}.{stream.base_url}, but {problem}") from None


def _check_config(where: str, base_url: str, config: type[ConnectionConfig], *, is_needed: bool) -> None:
    field = config.model_fields["base_url"]
    default = None if field.is_required() else field.default
    if is_secret_field(config, "base_url"):
        raise DefinitionError(
            f"{where}: {config.__name__}.base_url is a secret, but base URLs are shown in messages; leave it as "
            "ConnectionConfig declares it, and give the secret a field of its own"
        )
    if is_needed and not (base_url or default or field.is_required()):
        raise DefinitionError(f'{where} has no base_url; set it, for example `base_url = "https://api.vendor.com"`')
    try:
        if default:
            check_url(default)
    except ValueError as error:
        raise DefinitionError(f"{where}: {error}") from None
