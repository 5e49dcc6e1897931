"""The process-wide settings and hooks that a library could change for its host, and a diff of two readings."""

from __future__ import annotations

import decimal
import gc
import locale
import logging
import os
import signal
import socket
import sys
import threading
import warnings
from typing import Any


def read_process_state() -> dict[str, str]:
    """The settings and hooks of this process, by name."""
    shared: dict[str, object] = {
        "logging": (logging.getLoggerClass(), logging.getLogRecordFactory(), logging.root.manager.disable),
        "warnings.filters": warnings.filters,
        "warnings.showwarning": warnings.showwarning,
        "os.environ": dict(os.environ),
        "os.getcwd": os.getcwd(),
        "signal": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "socket": (socket.getdefaulttimeout(), socket.socket, socket.getaddrinfo),
        "sys hooks": (sys.excepthook, sys.unraisablehook, sys.displayhook, threading.excepthook),
        "sys streams": (sys.stdin, sys.stdout, sys.stderr),
        "sys.path": (sys.path, sys.path_hooks, sys.meta_path),
        "sys limits": (sys.getrecursionlimit(), sys.getswitchinterval(), sys.get_int_max_str_digits()),
        "tracing": (sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile()),
        "decimal": decimal.getcontext(),
        "gc": (gc.isenabled(), gc.get_threshold(), gc.callbacks),
        "locale": locale.setlocale(locale.LC_ALL),
        "structlog": _structlog_config(),
    }
    loggers = {"root": logging.root, **logging.root.manager.loggerDict}
    shared |= {
        f"logger {name}": _logger_settings(log) for name, log in loggers.items() if isinstance(log, logging.Logger)
    }
    return {name: repr(value) for name, value in shared.items()}


def diff_states(before: dict[str, str], after: dict[str, str]) -> dict[str, list[str | None]]:
    """The values before and after of all that differ, by name. A new logger with default settings is no difference."""
    default = repr(_logger_settings(logging.Logger("default")))
    pairs = {name: [before.get(name, default), after.get(name)] for name in before | after}
    return {name: values for name, values in pairs.items() if values[0] != values[1]}


def _logger_settings(log: logging.Logger) -> tuple[object, ...]:
    return log.level, log.propagate, log.disabled, log.handlers, log.filters


def _structlog_config() -> Any:
    """The process-wide config of structlog; None if it is not loaded."""
    loaded = sys.modules.get("structlog")
    return loaded and loaded.get_config()
