"""What the environment says. A value that makes no sense ends the process at its start."""

import os


def flag(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "si", "on")


VERSION = os.environ.get("APP_VERSION", "dev")
ENVIRONMENT = os.environ.get("ENVIRONMENT", "production")
HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8000"))
DATABASE_URL = os.environ["DATABASE_URL"]
DATABASE_POOL_SIZE = int(os.environ.get("DATABASE_POOL_SIZE", "5"))
REDIS_URL = os.environ["REDIS_URL"]
SECRET_KEY = os.environ["SECRET_KEY"]
MERCADOPAGO_URL = os.environ["MERCADOPAGO_URL"]
LOG_DIR = os.environ.get("LOG_DIR", "logs")
# The interactive documentation tells everybody what the API can do: off unless asked for.
ENABLE_DOCS = flag("ENABLE_DOCS")
