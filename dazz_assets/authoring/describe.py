"""Reading an integration's class, once, into its description."""

import inspect
from typing import Any

from dazz_assets.authoring import bounds, checks, credentials, effects, methods, secrecy, settings, signatures, twice
from dazz_assets.authoring.integration import Integration, integration_name
from dazz_assets.authoring.naming import snake_case
from dazz_assets.authoring.spec import IntegrationSpec, StreamSpec
from dazz_assets.authoring.stream import Stream

_DESCRIBED: dict[type[Integration[Any]], IntegrationSpec] = {}


def describe(integration: type[Integration[Any]]) -> IntegrationSpec:
    """Read and check an integration. Raises DefinitionError, naming the class, the parameter and the fix."""
    if integration not in _DESCRIBED:
        _DESCRIBED[integration] = _described(integration)
    return _DESCRIBED[integration]


def _described(integration: type[Integration[Any]]) -> IntegrationSpec:
    marked = methods.marked(integration)
    settings.demand_right_settings(integration)
    checks.declared(integration)
    twice.demand_once(integration)
    specs = {stream: _stream(integration, stream) for stream in integration.streams}
    checks.unique_names(integration, specs)
    config = signatures.config_of(integration)
    for stream in specs.values():
        checks.stream(integration, stream, config)
        secrecy.requests(integration, stream, config)
    ordered = checks.parents_first(integration, {item.name: item for item in specs.values()})
    effects.demand_effect(integration, ordered.values())
    secrecy.url(integration, config)
    checks.integration(integration, config)
    credentials.auth(integration, config)
    secrecy.fields(integration, config)
    streams = {class_: spec.name for class_, spec in specs.items()}
    parsers = signatures.parsers_of(integration, marked, streams)
    effects.demand_readers(integration, ordered.values(), parsers.values())
    check = integration.check or integration.streams[0]
    return IntegrationSpec(
        name=integration_name(integration),
        integration=integration,
        config=config,
        doc=(inspect.getdoc(integration) or "") if integration.__doc__ != Integration.__doc__ else "",
        window=integration.window,
        check=streams[check],
        streams=ordered,
        parsers=parsers,
    )


def stream_name(stream: type[Stream[Any]]) -> str:
    """Its `name`, or the class name without `Stream` in snake case."""
    return str(getattr(stream, "name", "") or snake_case(stream.__name__, without="Stream"))


def _stream(integration: type[Integration[Any]], stream: type[Stream[Any]]) -> StreamSpec:
    def setting(name: str) -> Any:
        return getattr(stream, name, getattr(integration, name))

    key = setting("primary_key")
    params, body = bounds.written_out(
        f"{integration.__name__}: {stream.__name__}",
        stream.cursor,
        {**integration.params, **stream.params},
        stream.body,
    )
    return StreamSpec(
        name=stream_name(stream),
        stream=stream,
        model=signatures.model_of(integration, stream),
        doc=(inspect.getdoc(stream) or "") if stream.__doc__ != Stream.__doc__ else "",
        path=stream.path,
        params=params,
        headers={**integration.headers, **stream.headers},
        body=body,
        method=setting("method").upper(),
        records=setting("records"),
        primary_key=() if not key else (key,) if isinstance(key, str) else tuple(key),
        cursor=stream.cursor,
        paginator=setting("paginator"),
        parent=stream_name(stream.parent) if stream.parent else None,
        accept=setting("accept"),
        max_invalid=setting("max_invalid"),
        personal=(personal,) if isinstance(personal := setting("personal"), str) else tuple(personal),
    )
