"""Connections: customers' accounts at vendors, read from a YAML file."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

VARIABLE = "DAZZ_CONNECTIONS"
_ENV = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_INTERVAL = re.compile(r"(\d+)\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

ConfigModel = TypeVar("ConfigModel", bound=BaseModel)


class BadConnection(Exception):
    """A connection, or the file of them, is wrong. The text names connection, setting and fix, and no secret."""


def parse_interval(value: object) -> timedelta:
    """An interval as people write it: 30s, 15m, 6h or 1d. Raises ValueError for anything else."""
    if isinstance(value, str) and (match := _INTERVAL.fullmatch(value.strip())):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    if isinstance(value, timedelta):
        return value
    raise ValueError("write it as a number and a unit: 30s, 15m, 6h or 1d")


class Connection(BaseModel):
    """One customer's account at a vendor.

    start: the first day, in UTC, of cursor time that is fetched. interval: how often it is synced.
    config: the vendor's settings as written, with `${ENV_VARIABLE}` not yet replaced.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    # YAML reads an id of digits alone as a number.
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
        """The typed config, with the environment's values. Raises BadConnection, naming what is missing or wrong."""
        where = f"connection {self.id!r} of {self.integration}"
        values = {name: self._expanded(where, name, value) for name, value in self.config.items()}
        try:
            return config.model_validate(values)
        except ValidationError as error:
            raise BadConnection(f"{where}: {_problems(error, 'config.')}") from None

    def _expanded(self, where: str, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._expanded(where, name, item) for item in value]
        if isinstance(value, dict):
            return {key: self._expanded(where, name, item) for key, item in value.items()}
        if not isinstance(value, str):
            return value
        if missing := [variable for variable in _ENV.findall(value) if variable not in os.environ]:
            raise BadConnection(f"{where}: config.{name} needs the environment variable {missing[0]}, which is not set")
        return _ENV.sub(lambda match: os.environ[match[1]], value)


@dataclass(frozen=True, slots=True)
class BadEntry:
    """An entry of the file that can't be used: its id, its integration where it names one, and what is wrong."""

    id: str
    integration: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Connections:
    """The connections of a file, and its entries that can't be used."""

    valid: tuple[Connection, ...] = ()
    problems: tuple[BadEntry, ...] = ()

    def of(self, integration: str) -> tuple[Connection, ...]:
        """The connections of one integration, in the file's order."""
        return tuple(item for item in self.valid if item.integration == integration)

    def problems_of(self, integration: str) -> dict[str, str]:
        """What is wrong, by id, with entries of an integration, and with those that name none."""
        return {item.id: item.text for item in self.problems if item.integration in (None, integration)}


def connections_path() -> Path:
    """`DAZZ_CONNECTIONS`, or `connections.yaml` in the current folder."""
    return Path(os.environ.get(VARIABLE) or "connections.yaml")


def read_connections(path: Path) -> Connections:
    """Read the file. A bad entry is a problem and the rest are valid.

    Raises BadConnection where the file as a whole can't be read.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadConnection(
            f"there is no file {path}; write your connections there, or name another by {VARIABLE}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadConnection(f"{path} can't be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark else ""
        raise BadConnection(f"{path}{place} is no YAML; check indentation and quotes there") from None
    except ValueError as error:  # YAML's own dates: 2026-13-45
        raise BadConnection(f"{path} holds a date that there is not: {error}") from None
    entries = document.get("connections") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise BadConnection(f"{path} must hold a list under `connections:`")
    return check_entries(str(path), entries)


def check_entries(where: str, entries: Iterable[Any]) -> Connections:
    """The connections that entries as of a file describe. where: the place to name in what is said of a bad entry."""
    valid: dict[tuple[str, str], Connection] = {}
    problems: list[BadEntry] = []
    for number, entry in enumerate(entries, 1):
        given = entry if isinstance(entry, dict) else {}
        name, integration = str(given.get("id", f"number {number}")), given.get("integration")
        named = integration if isinstance(integration, str) else None
        try:
            connection = Connection.model_validate(entry)
        except ValidationError as error:
            problems.append(BadEntry(name, named, f"{where}: connection {name!r}: {_problems(error)}"))
            continue
        if (key := (connection.integration, connection.id)) in valid:
            text = f"{where}: there are two connections {name!r} of {connection.integration}; give each its own id"
            problems.append(BadEntry(name, named, text))
        valid.setdefault(key, connection)
    return Connections(tuple(valid.values()), tuple(problems))


def _problems(error: ValidationError, prefix: str = "") -> str:
    found = []
    for item in error.errors(include_input=False, include_url=False):
        setting = prefix + ".".join(map(str, item["loc"]))
        hint = " (lower case letters, digits, _ and -, at most 100)" if item["loc"] == ("id",) else ""
        found.append(f"`{setting}`: {item['msg']}{hint}")
    return "; ".join(found)
