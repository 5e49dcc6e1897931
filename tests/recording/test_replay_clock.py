"""During a replay every clock shows the time of the recording; afterwards, the current time again."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dazz_assets.recording.replay import replay_scenario
from dazz_assets.recording.scenario import read_scenario
from tests.recording.shop import INTEGRATION, write_integration

RAISING = INTEGRATION.replace(
    "from datetime import datetime", "import time\nfrom datetime import UTC, datetime"
).replace(
    "for order in orders:",
    "for order in orders:\n            raise ValueError(f'{time.time():.0f} is {datetime.now(UTC).timestamp():.0f}')",
)


def is_now(moment: datetime, began: float) -> bool:
    """Whether a moment lies between `began`, by the monotonic clock that nothing sets, and now."""
    return timedelta() <= datetime.now(UTC) - moment <= timedelta(seconds=time.monotonic() - began + 1)


def test_a_parser_sees_the_time_of_the_recording_and_a_failure_resets_the_clock(
    tmp_path: Path, recorded_shop: Path
) -> None:
    folder = shutil.copytree(recorded_shop, tmp_path / "shop") / "recordings/default"
    scenario = read_scenario(folder)
    scenario = scenario.model_copy(update={"first": scenario.first - timedelta(days=2)})
    (folder / "scenario.json").write_text(scenario.to_json(), encoding="utf-8")
    began, before = time.monotonic(), datetime.now(UTC)
    with replay_scenario(folder, write_integration(tmp_path / "shop", RAISING)) as replay:
        assert is_now(before, began)
    (problem,) = replay.problems
    timestamp = f"{scenario.first.timestamp():.0f}"
    assert f"ValueError: {timestamp} is {timestamp}" in problem
