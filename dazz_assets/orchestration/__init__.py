"""Everything that uses Dagster: the assets, when and for which partitions they run, and what they report."""

import os

# What Dagster's daemon starts imports this before Arrow, which reads it then; `dazz` sets it as well. Arrow's own pool
# keeps some 30 MB of what a sync has freed.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
