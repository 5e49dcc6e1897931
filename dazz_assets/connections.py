"""Connections, which are customers' accounts at vendors, and the YAML file that lists them."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from yaml.constructor import ConstructorError

from dazz_assets.home import CONNECTIONS_FILE, describe_search, in_project
from dazz_assets.names import closest_name, list_names, suggest

CONNECTIONS_VARIABLE = "DAZZ_CONNECTIONS"
_ENV = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WITHOUT_BRACES = re.compile(r"\$([A-Z_][A-Z0-9_]*)")
_INTERVAL = re.compile(r"(\d+)\s*([smhd])")
# What the settings of a connection must be.
_EXPECTED = {
    "id": "write lower case letters, digits, _ and -, at most 100 characters",
    "start": "write a day, like 2026-01-31",
    "interval": "write a number and a unit, greater than 0: 30s, 15m, 6h or 1d",
}
# What pydantic calls by names of Python, in the words of YAML.
_IN_YAML = {
    "tuple_type": "must be a list: write each item on a line of its own, after `- `",
    "list_type": "must be a list: write each item on a line of its own, after `- `",
    "dict_type": "must be a group of settings: write each on a line of its own below it, as `name: value`",
}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

# The parser in C reads a thousand connections in a tenth of the time. PyYAML can be built without it.
_SAFE_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_YAML_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = type("_ConnectionsLoader", (_SAFE_LOADER,), {})


def _construct_timestamp(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    """A time, or the text of one that there is not, as 2026-13-45: its entry then says which setting is wrong."""
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return node.value


def _construct_map(loader: yaml.SafeLoader, node: yaml.MappingNode) -> Iterator[object]:
    """A group of settings. ConstructorError for a name that is there twice: YAML would silently take the last one."""
    start, end = node.start_mark.index, node.end_mark.index
    names: set[str] = set()
    for name, _ in node.value:
        # What is merged into the group (`<<: *others`) lies elsewhere, and may be written anew here.
        if isinstance(name, yaml.ScalarNode) and start <= name.start_mark.index < end:
            if name.value in names:
                raise ConstructorError(None, None, f"`{name.value}` is written twice there; keep one", name.start_mark)
            names.add(name.value)
    yield from loader.construct_yaml_map(node)


_YAML_LOADER.add_constructor("tag:yaml.org,2002:timestamp", _construct_timestamp)
_YAML_LOADER.add_constructor("tag:yaml.org,2002:map", _construct_map)

ConfigModel = TypeVar("ConfigModel", bound=BaseModel)


class BadConnection(Exception):
    """A connection, or the file of connections, is wrong. The text names connection, setting and fix, but no secret."""


def parse_interval(value: object) -> timedelta:
    """Parse an interval such as 30s, 15m, 6h or 1d. Raises ValueError for anything else."""
    if isinstance(value, str) and (match := _INTERVAL.fullmatch(value.strip())):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    if isinstance(value, timedelta):
        return value
    raise ValueError("write it as a number and a unit: 30s, 15m, 6h or 1d")


class Connection(BaseModel):
    """One customer's account at a vendor.

    start: the first day of cursor time to fetch, in UTC, unless a sync is given an earlier one.
    interval: how often to sync.
    config: the vendor's settings as written in the file, before `${ENV_VARIABLE}` is replaced.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    # YAML reads an id that consists of digits as a number.
    id: Annotated[
        str,
        BeforeValidator(lambda value: str(value) if type(value) is int else value),
        Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$"),
    ]
    integration: str
    start: date
    interval: Annotated[timedelta, BeforeValidator(parse_interval), Field(gt=timedelta())] = timedelta(minutes=15)
    config: dict[str, Any] = Field(default_factory=dict)

    def load(self, config: type[ConfigModel]) -> ConfigModel:
        """The typed config, with values from the environment. Raises BadConnection for a missing or wrong setting."""
        label = f"connection {self.id!r} of {self.integration}"
        values = {name: self._expand(label, name, value) for name, value in self.config.items()}
        try:
            loaded = config.model_validate(values)
        except ValidationError as error:
            raise BadConnection(f"{label}: {_describe_problems(error, config, 'config.')}") from None
        _check_secrets(label, loaded)
        for name in config.model_computed_fields:
            _check_computed(label, loaded, name)
        return loaded

    def _expand(self, label: str, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._expand(label, name, item) for item in value]
        if isinstance(value, dict):
            return {key: self._expand(label, name, item) for key, item in value.items()}
        if not isinstance(value, str):
            return value
        if missing := [variable for variable in _ENV.findall(value) if variable not in os.environ]:
            raise BadConnection(f"{label}: config.{name} needs the environment variable {missing[0]}, which is not set")
        if empty := [variable for variable in _ENV.findall(value) if not os.environ[variable].strip()]:
            raise BadConnection(f"{label}: config.{name} needs the environment variable {empty[0]}, which is empty")
        if (bare := _WITHOUT_BRACES.fullmatch(value.strip())) is not None:
            raise BadConnection(f"{label}: config.{name} is ${bare[1]}; write it with braces: ${{{bare[1]}}}")
        return _ENV.sub(lambda match: os.environ[match[1]], value)


@dataclass(frozen=True, slots=True)
class BadEntry:
    """An entry of the file that can't be used: its id, its integration if it names one, and what is wrong."""

    id: str
    integration: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Connections:
    """The valid connections of a file, and the problems of its other entries."""

    valid: tuple[Connection, ...] = ()
    problems: tuple[BadEntry, ...] = ()

    def for_integration(self, integration: str) -> tuple[Connection, ...]:
        """The valid connections of one integration, in the order of the file."""
        return tuple(item for item in self.valid if item.integration == integration)

    def problems_for(self, integration: str) -> dict[str, str]:
        """The problems, by id, of the entries of an integration and of those that name no integration."""
        return {item.id: item.text for item in self.problems if item.integration in (None, integration)}


def connections_path() -> Path:
    """`DAZZ_CONNECTIONS`, or `connections.yaml` in the project, as seen from the current folder."""
    return in_project(os.environ.get(CONNECTIONS_VARIABLE) or CONNECTIONS_FILE)


def read_connections(path: Path) -> Connections:
    """Read the file. One bad entry does not invalidate the others.

    Raises BadConnection if the file itself can't be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.load(text, _YAML_LOADER)  # noqa: S506  a safe loader
    except FileNotFoundError:
        searched = "" if os.environ.get(CONNECTIONS_VARIABLE) or path != connections_path() else f" {describe_search()}"
        raise BadConnection(
            f"there is no file {path}{searched}; write your connections there, or name another file with "
            f"{CONNECTIONS_VARIABLE}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadConnection(f"{path} can't be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        told = error.problem if isinstance(error, ConstructorError) else "check the indentation and quotes there"
        raise BadConnection(f"{path}{line} is not valid YAML: {told}") from None
    entries = document.get("connections") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise BadConnection(f"{path} must hold a list under `connections:`")
    return check_entries(str(path), entries, lambda: _find_lines(text))


def check_entries(source: str, entries: Sequence[Any], lines: Callable[[], Sequence[int]] | None = None) -> Connections:
    """Check entries in the format of the file. Each problem begins with `source`, such as the file's path.

    Entries of one integration with the same id are all refused: it is not known which of them its stored data is of.
    lines: finds the line of each entry, where they come from a file.
    """
    valid: list[Connection] = []
    problems: list[BadEntry] = []
    names = [_read_names(number, entry) for number, entry in enumerate(entries, 1)]
    repeated = [name for name, times in Counter(names).items() if times > 1 and name[0] is not None]
    for integration, id_ in repeated:
        numbers = [number for number, name in enumerate(names) if name == (integration, id_)]
        where = [f"line {lines()[number]}" if lines else f"number {number + 1}" for number in numbers]
        problems.append(BadEntry(id_, integration, f"{source}: {_describe_repeated(integration, id_, where)}"))
    for (integration, id_), entry in zip(names, entries, strict=True):
        if (integration, id_) in repeated:
            continue
        try:
            connection = Connection.model_validate(entry)
        except ValidationError as error:
            problems.append(
                BadEntry(id_, integration, f"{source}: connection {id_!r}: {_describe_problems(error, Connection)}")
            )
            continue
        if connection.start > datetime.now(UTC).date():
            problem = f"`start`: {connection.start} is in the future; give a day that has passed"
            text = f"{source}: connection {id_!r}: {problem}"
            problems.append(BadEntry(id_, integration, text))
            continue
        valid.append(connection)
    return Connections(tuple(valid), tuple(problems))


def without_repeated(connections: Iterable[Connection]) -> Connections:
    """Connections that code gives. Raises BadConnection if two of one integration have the same id."""
    given = tuple(connections)
    for (integration, id_), times in Counter((item.integration, item.id) for item in given).items():
        if times > 1:
            raise BadConnection(_describe_repeated(integration, id_))
    return Connections(given)


def _read_names(number: int, entry: Any) -> tuple[str | None, str]:
    """The integration and the id that an entry names; its number for an id if it names none."""
    fields = entry if isinstance(entry, dict) else {}
    integration = name if isinstance(name := fields.get("integration"), str) else None
    return integration, str(fields.get("id", f"number {number}"))


def _describe_repeated(integration: str | None, id_: str, where: Sequence[str] = ()) -> str:
    places = f" ({list_names(where)})" if where else ""
    told = f"several connections of {integration} have the id {id_!r}{places}"
    return f"{told}, and none of them is used: give each its own id"


def _find_lines(text: str) -> list[int]:
    """The line of each entry of a connections file that can be read."""
    document = yaml.compose(text, _YAML_LOADER)
    settings = document.value if isinstance(document, yaml.MappingNode) else []
    (entries,) = (value for name, value in settings if name.value == "connections")
    return [entry.start_mark.line + 1 for entry in entries.value]


def _check_secrets(label: str, config: BaseModel) -> None:
    """Raise BadConnection for an empty secret, which would sign in as nobody, unless it may be: by default it is."""
    for name, value in config:
        if value == type(config).model_fields[name].default:
            continue
        items = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(item, SecretStr) and not item.get_secret_value().strip() for item in items):
            raise BadConnection(f"{label}: `config.{name}` is empty; give it a value")


def _check_computed(label: str, config: BaseModel, name: str) -> None:
    """Compute a field once. Raises BadConnection, without what the author's code says, as it may quote a secret."""
    try:
        getattr(config, name)
        return
    except Exception as error:  # noqa: BLE001  (whatever the author's code raises)
        kind = type(error).__name__
    raise BadConnection(f"{label}: `config.{name}` can't be computed from the other settings ({kind}); correct them")


def _describe_problems(error: ValidationError, model: type[BaseModel], prefix: str = "") -> str:
    problems = error.errors(include_url=False)
    return "; ".join(_describe_problem(item, model, prefix) for item in problems)


def _describe_type(problem: ErrorDetails) -> str:
    """What a value of the wrong type must be. Never shows the value, which may be a secret."""
    value, kind = problem["input"], problem["type"]
    if kind in _IN_YAML:
        return _IN_YAML[kind]
    if value is None:
        return "is empty; give it a value"
    if kind == "string_type" and isinstance(value, int | float | date):
        return 'must be text, which YAML takes it for only in quotes: write "..." around it'
    return f"must be {problem['msg'].removeprefix('Input should be ')}"


def _describe_problem(problem: ErrorDetails, model: type[BaseModel], prefix: str) -> str:
    """A sentence about one problem of an entry or its config. prefix: before the names of settings."""
    if not problem["loc"] and problem["type"] == "value_error":  # from a validator of the whole config
        return problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return "write it as settings: `id: ...`, `integration: ...`, `start: ...`"
    setting, kind = prefix + ".".join(map(str, problem["loc"])), problem["type"]
    known = [prefix + name for name in model.model_fields]
    if kind == "missing":
        return f"`{setting}` is missing"
    if kind == "extra_forbidden":
        if not prefix and closest_name(setting, known) is None:
            return f"`{setting}` is not a setting of a connection; put what the integration needs under `config:`"
        owner = "the config" if prefix else "a connection"
        return f"`{setting}` is not a setting of {owner}{suggest(setting, known).replace(chr(39), '`')}"
    if setting in _EXPECTED:
        reason = problem["msg"].removeprefix("Value error, ") if kind == "value_error" else _EXPECTED[setting]
        return f"`{setting}`: {reason}"
    if kind.endswith(("_type", "_parsing")):
        return f"`{setting}` {_describe_type(problem)}"
    return f"`{setting}`: {problem['msg'].removeprefix('Value error, ')}"
