"""The fake credentials, and the configuration with which a bridge talks to the sandbox."""

from __future__ import annotations

PAGE_ID = "106728097004746"
APP_ID = "1234567890123456"
APP_SECRET = "sandbox-app-secret-5d41402abc4b2a76"
VERIFY_TOKEN = "sandbox-verify-token"
PAGE_TOKEN = "EAASandboxPageToken0123456789abcdef"
INSTAGRAM_ID = "17841499000000001"
INSTAGRAM_TOKEN = "IGAASandboxInstagramToken0123456789"
INSTAGRAM_APP_SECRET = "sandbox-instagram-app-secret-7d793037a076"
WABA_ID = "299000000000001"
WHATSAPP_NUMBER_ID = "399000000000001"
WHATSAPP_NUMBER = "999000000001"
WHATSAPP_TOKEN = "EAASandboxWhatsAppToken0123456789ab"
THREADS_ID = "27841499000000001"
THREADS_TOKEN = "THAASandboxThreadsToken0123456789ab"
THREADS_APP_ID = "2345678901234567"
THREADS_APP_SECRET = "sandbox-threads-app-secret-202cb962ac59"
USERNAME = "acme_coffee"  # on Instagram and on Threads
TELEGRAM_BOT_ID = 110201543
TELEGRAM_TOKEN = f"{TELEGRAM_BOT_ID}:AAHsandboxsandboxsandboxsandboxsandbx"
TELEGRAM_SECRET = "sandbox-telegram-secret"
ZENDESK_CLIENT_ID = "escalation_bridge"
ZENDESK_CLIENT_SECRET = "sandbox-zendesk-client-secret"
ZENDESK_EMAIL = "bridge@acme.example"
ZENDESK_API_TOKEN = "sandbox-zendesk-api-token"
ZENDESK_WEBHOOK_SECRET = "c2FuZGJveC16ZW5kZXNrLXdlYmhvb2stc2VjcmV0ISE="
FRESHDESK_EMAIL = "bridge@acme.example"
FRESHDESK_API_KEY = "sandboxFreshdeskKey0"
FRESHDESK_WEBHOOK_SECRET = "sandbox-freshdesk-webhook-secret-81dc9bdb"


def environment(base_url: str, bridge_url: str) -> dict[str, str]:
    """The variables that `connections_yaml` names, and where the two sides find each other."""
    return {
        "META_APP_SECRET": APP_SECRET,
        "META_VERIFY_TOKEN": VERIFY_TOKEN,
        "META_PAGE_TOKEN": PAGE_TOKEN,
        "INSTAGRAM_APP_SECRET": INSTAGRAM_APP_SECRET,
        "INSTAGRAM_TOKEN": INSTAGRAM_TOKEN,
        "THREADS_APP_SECRET": THREADS_APP_SECRET,
        "THREADS_TOKEN": THREADS_TOKEN,
        "WHATSAPP_TOKEN": WHATSAPP_TOKEN,
        "TELEGRAM_TOKEN": TELEGRAM_TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": TELEGRAM_SECRET,
        "ZENDESK_CLIENT_ID": ZENDESK_CLIENT_ID,
        "ZENDESK_CLIENT_SECRET": ZENDESK_CLIENT_SECRET,
        "ZENDESK_WEBHOOK_SECRET": ZENDESK_WEBHOOK_SECRET,
        "FRESHDESK_API_KEY": FRESHDESK_API_KEY,
        "FRESHDESK_WEBHOOK_SECRET": FRESHDESK_WEBHOOK_SECRET,
        "BRIDGE_PUBLIC_URL": bridge_url,
        "SANDBOX_URL": base_url,
    }


def connections_yaml(base_url: str) -> str:
    """A connections.yaml for the sandbox at *base_url*; its secrets come from `environment`."""
    return f"""\
# The fake platforms and the fake helpdesks of `bridge sandbox`.
connections:
  meta:
    type: meta
    app_secrets: ["${{META_APP_SECRET}}"]
    instagram_app_secrets: ["${{INSTAGRAM_APP_SECRET}}"]
    threads_app_secrets: ["${{THREADS_APP_SECRET}}"]
    verify_token: "${{META_VERIFY_TOKEN}}"
    api_url: {base_url}/graph
    app_id: "{APP_ID}"
    accounts:
      - {{channel: facebook, id: "{PAGE_ID}", name: Acme, token: "${{META_PAGE_TOKEN}}", helpdesk: zendesk, language: en}}
      - {{channel: instagram, id: "{INSTAGRAM_ID}", name: Acme, token: "${{META_PAGE_TOKEN}}", helpdesk: zendesk, language: en,
         page: "{PAGE_ID}", username: {USERNAME}}}
      - {{channel: whatsapp, id: "{WHATSAPP_NUMBER_ID}", name: Acme, token: "${{WHATSAPP_TOKEN}}", helpdesk: freshdesk, language: en,
         business_account: "{WABA_ID}"}}
      - {{channel: threads, id: "{THREADS_ID}", name: Acme, token: "${{THREADS_TOKEN}}", helpdesk: zendesk, language: en,
         username: {USERNAME}}}
  telegram:
    type: telegram
    token: "${{TELEGRAM_TOKEN}}"
    webhook_secret: "${{TELEGRAM_WEBHOOK_SECRET}}"
    api_url: {base_url}/telegram
    helpdesk: zendesk
  freshdesk:
    type: freshdesk
    url: {base_url}/freshdesk
    api_key: "${{FRESHDESK_API_KEY}}"
    webhook_secrets: ["${{FRESHDESK_WEBHOOK_SECRET}}"]
  zendesk:
    type: zendesk
    url: {base_url}/zendesk
    client_id: "${{ZENDESK_CLIENT_ID}}"
    client_secret: "${{ZENDESK_CLIENT_SECRET}}"
    webhook_secrets: ["${{ZENDESK_WEBHOOK_SECRET}}"]
"""


def credentials(base_url: str) -> dict[str, dict[str, str]]:
    """Everything that is needed to talk to the sandbox by hand; none of it is secret."""
    return {
        "meta": {
            "api_url": f"{base_url}/graph", "app_id": APP_ID, "app_secret": APP_SECRET,
            "verify_token": VERIFY_TOKEN, "page_id": PAGE_ID, "page_token": PAGE_TOKEN,
        },
        "instagram": {
            "api_url": f"{base_url}/graph", "id": INSTAGRAM_ID, "username": USERNAME, "page_token": PAGE_TOKEN,
            "token": INSTAGRAM_TOKEN, "app_secret": INSTAGRAM_APP_SECRET,
        },
        "whatsapp": {
            "api_url": f"{base_url}/graph", "waba_id": WABA_ID, "phone_number_id": WHATSAPP_NUMBER_ID,
            "phone_number": WHATSAPP_NUMBER, "token": WHATSAPP_TOKEN,
        },
        "threads": {
            "api_url": f"{base_url}/graph", "id": THREADS_ID, "username": USERNAME, "token": THREADS_TOKEN,
            "app_id": THREADS_APP_ID, "app_secret": THREADS_APP_SECRET,
        },
        "telegram": {
            "api_url": f"{base_url}/telegram", "token": TELEGRAM_TOKEN, "webhook_secret": TELEGRAM_SECRET,
        },
        "zendesk": {
            "url": f"{base_url}/zendesk", "client_id": ZENDESK_CLIENT_ID,
            "client_secret": ZENDESK_CLIENT_SECRET, "email": ZENDESK_EMAIL,
            "api_token": ZENDESK_API_TOKEN, "webhook_secret": ZENDESK_WEBHOOK_SECRET,
        },
        "freshdesk": {
            "url": f"{base_url}/freshdesk", "api_key": FRESHDESK_API_KEY, "email": FRESHDESK_EMAIL,
            "webhook_secret": FRESHDESK_WEBHOOK_SECRET,
        },
    }  # fmt: skip
