"""`dazz list`."""

from dazz_assets.cli.options import AsJson
from dazz_assets.cli.output import put_json, put_table, tell


def list_integrations(as_json: AsJson = False) -> None:
    """Integrations with their streams, parsers and connections, and what failed to load."""
    from dazz_assets.authoring.discovery import discover
    from dazz_assets.authoring.spec import IntegrationSpec
    from resources.connections import BadConnection, Connections, connections_path, read_connections

    found = discover()
    problems: list[str] = []
    connections = Connections()
    if connections_path().exists():
        try:
            connections = read_connections(connections_path())
            problems = list(connections.problems.values())
        except BadConnection as error:
            problems = [str(error)]

    def described(spec: IntegrationSpec) -> dict[str, object]:
        return {
            "name": spec.name,
            "description": spec.doc,
            "streams": [
                {"name": item.name, "incremental": item.cursor is not None, "parent": item.parent}
                for item in spec.streams.values()
            ],
            "parsers": [
                {"name": item.name, "version": item.version, "inputs": [each.stream for each in item.inputs]}
                for item in spec.parsers.values()
            ],
            "connections": [item.id for item in connections.of(spec.name)],
        }

    if as_json:
        put_json(
            {
                "integrations": [described(spec) for spec in found.integrations.values()],
                "failures": [{"place": item.place, "reason": item.reason} for item in found.failures],
                "problems": problems,
            }
        )
        return
    put_table(
        ("integration", "streams", "parsers", "connections"),
        [
            (
                spec.name,
                ", ".join(spec.streams),
                ", ".join(spec.parsers),
                ", ".join(item.id for item in connections.of(spec.name)) or "none",
            )
            for spec in found.integrations.values()
        ],
    )
    for failure in found.failures:
        tell(f"Failed to load: {failure.place}: {failure.reason}", "red")
    for problem in problems:
        tell(f"Connection not usable: {problem}", "red")
