"""Commands of `bridge` in the test's own process: a second less each than in one of their own."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping
from unittest import mock

from bridge.cli import main


def run(environ: Mapping[str, str], *words: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of one command with these variables."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environ, clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = main(list(words))
        except SystemExit as error:
            code = int(error.code or 0)
    return code, out.getvalue(), err.getvalue()
