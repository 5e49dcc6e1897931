"""While a recording is replayed it is the time of the recording, for all that asks; then it is now again."""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dazz_assets.testing.replay import replayed
from dazz_assets.testing.scenario import PHASES, Scenario, read_scenario
from tests.testing.shop import INTEGRATION, written

ASKS = INTEGRATION.replace("from datetime import datetime", "import time\nfrom datetime import UTC, datetime").replace(
    "total=order.total, issued_at=order.updated_at", "total=Decimal(int(time.time())), issued_at=datetime.now(UTC)"
)
RAISES = INTEGRATION.replace("for order in orders:", "for order in orders:\n            raise ValueError('no rate')")


def is_now(moment: datetime, began: float) -> bool:
    """Whether a moment lies between the beginning (of the clock that nothing sets) and now."""
    return timedelta() <= datetime.now(UTC) - moment <= timedelta(seconds=time.monotonic() - began + 1)


def set_apart(folder: Path) -> Scenario:
    """The scenario with its first sync two days before."""
    scenario = read_scenario(folder)
    scenario = scenario.model_copy(update={"first": scenario.first - timedelta(days=2)})
    (folder / "scenario.json").write_text(scenario.text(), encoding="utf-8")
    return scenario


def test_a_parser_sees_the_moment_of_the_recording(tmp_path: Path, recorded_shop: Path) -> None:
    folder = shutil.copytree(recorded_shop, tmp_path / "shop") / "recordings/default"
    scenario = set_apart(folder)
    began, before = time.monotonic(), datetime.now(UTC)
    with replayed(folder, written(tmp_path / "shop", ASKS)) as replay:
        assert is_now(before, began)
    for phase in PHASES:
        objects = json.loads(replay.texts[f"{phase}/objects/invoices.invoices"]).values()
        seen = {(datetime.fromisoformat(item["issued_at"]), int(item["total"])) for item in objects}
        assert seen == {(scenario.at(phase), int(scenario.at(phase).timestamp()))}


def test_the_machines_clock_is_back_after_a_failure(tmp_path: Path, recorded_shop: Path) -> None:
    folder = shutil.copytree(recorded_shop, tmp_path / "shop") / "recordings/default"
    set_apart(folder)
    began, before = time.monotonic(), datetime.now(UTC)
    with replayed(folder, written(tmp_path / "shop", RAISES)) as replay:
        assert "no rate" in replay.problems[0]
    assert is_now(before, began)
