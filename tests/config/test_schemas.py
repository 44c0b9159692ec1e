"""The schemas are built once: reading the configuration again, as doctor and check do, builds none."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import marshmallow
import pytest

from bridge.config import load
from bridge.sandbox import wires
from bridge.wiring import providers

SHIPPED = Path(__file__).parents[2] / "mappings"
HERE = "http://127.0.0.1:9"


def test_no_schema_is_built_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mappings"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("connections*"))
    (folder / "connections.yaml").write_text(wires.connections_yaml(HERE), "utf-8")
    built: list[str] = []
    make = marshmallow.Schema.__init__

    def counted(self: marshmallow.Schema, *args: Any, **more: Any) -> None:
        built.append(type(self).__name__)
        make(self, *args, **more)

    environ, known = wires.environment(HERE, "https://bridge.example.com"), providers()
    load(folder, environ, known)  # what is nested is built when it is first used
    monkeypatch.setattr(marshmallow.Schema, "__init__", counted)
    load(folder, environ, known)
    assert built == []
