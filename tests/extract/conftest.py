"""A help desk and a customer of it."""

from tests.desk import customer, desk

__all__ = ["customer", "desk"]
