"""Where an author's code raised."""

import inspect
import traceback
from pathlib import Path
from typing import Any


def place_of(error: BaseException, function: Any) -> str:
    """` (line 12 of integration.py)`: the last frame in a function's folder; empty where there is none."""
    folder = Path(inspect.getfile(function)).parent
    frames = [item for item in traceback.extract_tb(error.__traceback__) if Path(item.filename).parent == folder]
    return f" (line {frames[-1].lineno} of {Path(frames[-1].filename).name})" if frames else ""
