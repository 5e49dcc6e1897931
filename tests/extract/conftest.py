"""A help desk and a customer of it."""

from tests.help_desk_vendor import customer, desk

__all__ = ["customer", "desk"]
