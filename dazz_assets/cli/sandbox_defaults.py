"""The port and the seed of the vendors' sandboxes, unless a command is told others."""

SANDBOX_PORT = 8790
SANDBOX_SEED = 1
