"""The sandboxes that integrations bring along."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil

from dazz_assets.sandbox.vendor import VendorSandbox


def find_sandboxes(package: str = "integrations") -> list[type[VendorSandbox]]:
    """The sandbox class of each `<package>/<vendor>/sandbox.py`, by name. Raises ImportError if one doesn't import."""
    found: dict[str, type[VendorSandbox]] = {}
    for vendor in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        name = f"{vendor.name}.sandbox"
        if not vendor.ispkg or importlib.util.find_spec(name) is None:
            continue
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and issubclass(value, VendorSandbox) and value.__module__ == name:
                found[value.name] = value
    return [found[name] for name in sorted(found)]
