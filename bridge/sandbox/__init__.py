"""Fake platforms and helpdesks over real HTTP, for demos, tests and benchmarks; docs/sandbox.md.

One process, one event loop: state changes between two awaits are atomic, so nothing here needs a
lock, and hundreds of slow answers cost no threads. It imports nothing of the bridge but its version.
"""
