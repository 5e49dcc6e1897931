"""`python -m dazz_assets.cli`."""

from dazz_assets.cli import main

main()
