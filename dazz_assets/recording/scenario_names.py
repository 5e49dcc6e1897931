"""Names and defaults of recordings, for commands that import the rest of this room only when they run."""

import re

DEFAULT_SCENARIO = "default"
"""The scenario that commands and tests use by default."""
DEFAULT_RECORDS = 3
"""Records to keep of each page by default."""
SCENARIO_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
