"""What all tests share."""

from __future__ import annotations

import sys
from pathlib import Path

# Helper modules live in tests/support and are imported as `support.name`.
sys.path.insert(0, str(Path(__file__).parent))

from support.fixtures import chromium, client, redis_url, redisbox, sandbox, sandbox_process

__all__ = ["chromium", "client", "redis_url", "redisbox", "sandbox", "sandbox_process"]
