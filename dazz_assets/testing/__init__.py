"""Recordings of real syncs, and the tests that they are: record, replay, snapshots, the pytest plugin."""
