"""The ranges of cursor time with which one request tries a stream out."""

from collections.abc import Sequence

from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.marks import Source
from dazz_assets.extract.ranges import SyncPlan, SyncRange
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec


def trial_ranges(session: Session, stream: StreamSpec) -> Sequence[Bounds]:
    """The range that a first sync asks for; if it is in parts or steps, the first of them and the last.

    Both are asked for by a real sync, so no vendor that takes them refuses these. The first may lie before all records.
    """
    plan, source = SyncPlan(session, stream, SyncRange(from_mark=True), None), Source()
    parts = [found for part in plan.parts([source]) if (found := plan.bounds(source, part)) is not None]
    first, last = plan.steps(parts[0])[0], plan.steps(parts[-1])[-1]
    return [first] if first == last else [first, last]
