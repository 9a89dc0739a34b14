"""PostgreSQL and Redis. Both are asked with short limits: whoever waits for them is waited for, too."""

import redis
from sqlalchemy import create_engine, text

from app import settings

engine = create_engine(
    settings.DATABASE_URL,
    pool_size=settings.DATABASE_POOL_SIZE,
    max_overflow=5,
    pool_timeout=2,
    pool_pre_ping=True,
    connect_args={"connect_timeout": 2, "application_name": "cafeterias"},
)

cache = redis.Redis.from_url(
    settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, decode_responses=True
)

HEARTBEAT = "celery:heartbeat"
COUNTS = "celery:counts"


def rows(sql: str, **values: object) -> list:
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(text(sql), values)]


def change(sql: str, **values: object) -> list:
    with engine.begin() as connection:
        result = connection.execute(text(sql), values)
        return [dict(row._mapping) for row in result] if result.returns_rows else []
