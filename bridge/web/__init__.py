"""The way in: one view for every webhook, health, metrics and the operator's pages."""

from bridge.web.app import create_app

__all__ = ["create_app"]
