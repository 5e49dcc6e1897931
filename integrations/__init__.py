"""Integrations that come with dazz_assets, one folder a vendor."""
