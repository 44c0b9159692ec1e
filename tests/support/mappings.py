"""Providers and an environment for tests of the configuration; no adapter is imported."""

from bridge.config import Options, Providers
from bridge.config.providers import DESCRIBED
from bridge.core.model import Capabilities
from bridge.core.replies import Mouth


def mouth(channel: str, label: str, length: int, *, public: bool = True) -> Mouth:
    """A way in which texts are said by themselves, at most *length* characters at a time."""
    allows = Capabilities(max_length=length)
    return Mouth(channel=channel, label=label, public=public, allows=allows)


PROVIDERS = Providers(
    sources={
        "meta": Options(
            secrets=("app_secrets", "verify_token"),
            options={"api_url": "https://graph.facebook.com", "app_id": None},
            account_options={"username": None, "media_url": None, "echoes": True, "login": "page"},
            choices={"login": ("page", "personal")},
            accounts=True,
            required=("app_secrets", "verify_token"),
            channels=("facebook", "messenger"),
            hides=("facebook",),
            mouths=(
                (mouth("facebook", "Facebook, in public", 8000), "comment_length"),
                (mouth("messenger", "Messenger, in private", 640, public=False), ""),
            ),
        ),
        "telegram": Options(
            secrets=("token", "webhook_secret"),
            options={"api_url": "https://api.telegram.org"},
            required=("token", "webhook_secret"),
            channels=("telegram",),
        ),
        "generic": DESCRIBED,
    },
    helpdesks={
        "zendesk": Options(
            priorities=("low", "normal", "high", "urgent"),
            types=("question", "incident", "problem", "task"),
            secrets=("client_secret", "api_token", "webhook_secrets"),
            options={
                "url": None,
                "client_id": None,
                "email": None,
                "expires_in": 1800,
                "notify": "events",
            },
            choices={"notify": ("events", "trigger")},
            required=("url", "client_id|email", "client_secret|api_token", "webhook_secrets"),
        )
    },
)

ENVIRON = {
    "META_APP_SECRET": "canary-app-secret-1",
    "META_OLD_APP_SECRET": "canary-app-secret-0",
    "META_VERIFY_TOKEN": "canary-verify-token",
    "META_PAGE_TOKEN": "canary-page-token",
    "TELEGRAM_TOKEN": "77:canary-bot-token",
    "TELEGRAM_WEBHOOK_SECRET": "canary-hook-secret",
    "ZENDESK_NAME": "acme",
    "ZENDESK_CLIENT_SECRET": "canary-client-secret",
    "ZENDESK_WEBHOOK_SECRET": "canary-desk-secret",
    "REVIEWS_SECRET": "canary-reviews-secret",
    "SHORT": "abc123",
    "PLACEHOLDER": "changeme-now",
    "EMPTY": "",
}
