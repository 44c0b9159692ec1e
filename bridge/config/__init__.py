"""YAML and environment to frozen values, or one ConfigError that names every mistake.

`load` reads nothing but the folder it is given and knows the providers only as plain data, so that
the same call serves `bridge check`, the start of every process, and a reload.
"""

from __future__ import annotations

from bridge.config.load import (
    Config,
    load,
    load_packs,
    load_replies,
    load_rules,
    load_source,
)
from bridge.config.providers import Options, Providers
from bridge.config.sources import source_files

__all__ = [
    "Config",
    "Options",
    "Providers",
    "load",
    "load_packs",
    "load_replies",
    "load_rules",
    "load_source",
    "source_files",
]
