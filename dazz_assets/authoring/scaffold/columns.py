"""What of a record the domain object of a new integration holds: its key, and what is most telling."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dazz_assets.authoring.inference.telling import UNTELLING, rank_of
from dazz_assets.authoring.scaffold.literals import WIDTH, width
from dazz_assets.authoring.scaffold.models import Model
from dazz_assets.authoring.scaffold.places import Place, scalars_of
from dazz_assets.domain import OUR_COLUMNS

_MOST = 10
_FEWEST = 4


@dataclass(frozen=True, slots=True)
class Column:
    """A field of the domain object: its name and type, and the expression over `record` that fills it."""

    name: str
    annotation: str
    expression: str

    @property
    def declaration(self) -> str:
        """The field in its class."""
        return f"    {self.name}: {self.annotation}" + (" = None" if self.annotation.endswith("| None") else "")


def columns_of(record: Model, key: Sequence[Place]) -> list[Column]:
    """The columns beside the id."""
    found: dict[str, Column] = {}
    for column in (*_of_key(key), *_of_record(record, {place.expression for place in key})):
        # A line that a formatter would break is left out.
        if (
            column.name not in {"id", "table", *OUR_COLUMNS}
            and width(f"{column.name}={column.expression},") < WIDTH - 16
        ):
            found.setdefault(column.name, column)
    return list(found.values())


def _of_key(key: Sequence[Place]) -> Iterator[Column]:
    if len(key) == 1:
        expression = key[0].expression
        yield Column("uid", "str", expression if key[0].last.type == "str" else f"str({expression})")
        return
    for place in key:
        if place.last.type in ("str", "int"):
            yield Column(place.name, place.last.type, place.expression)


def _of_record(record: Model, keys: set[str]) -> Iterator[Column]:
    places = [place for place in scalars_of(record) if place.expression not in keys]
    ranked = sorted(places, key=lambda place: rank_of(place.last.key))
    telling = [place for place in ranked if rank_of(place.last.key) < UNTELLING][:_MOST]
    others = [place for place in places if place not in telling][: max(0, _FEWEST - len(telling))]
    for place in (*telling, *others):
        yield Column(place.last.name, place.last.annotation, place.expression)
