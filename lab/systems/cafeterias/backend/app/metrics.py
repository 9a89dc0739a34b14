"""What Prometheus reads."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from app import health
from app.stores import COUNTS, cache, engine, rows

registry = CollectorRegistry()
requests = Counter("http_requests", "Requests", ["method", "route", "status"], registry=registry)
seconds = Histogram(
    "http_request_duration_seconds", "How long they took", ["method", "route"], registry=registry,
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
up = Gauge("dependency_up", "Whether it answers", ["dependency"], registry=registry)
queue = Gauge("celery_queue_length", "Tasks that wait", ["queue"], registry=registry)
tasks = Gauge("celery_tasks", "Tasks since Redis began to count", ["state"], registry=registry)
pool = Gauge("database_pool_in_use", "Connections that are lent", registry=registry)
users = Gauge("users_registered", "Users", ["tenant"], registry=registry)
orders = Gauge("orders_stored", "Orders", ["tenant", "status"], registry=registry)
revenue = Gauge("revenue_cents", "Revenue of today", ["tenant"], registry=registry)


def text() -> bytes:
    for name, check in health.CHECKS.items():
        up.labels(name).set(1 if health.one(check)["status"] == "up" else 0)
    pool.set(engine.pool.checkedout())
    # What cannot be read is left out rather than told as it was.
    for gauge in (queue, tasks, users, orders, revenue):
        gauge.clear()
    for fill in (of_redis, of_database):
        try:
            fill()
        except Exception:
            continue
    return generate_latest(registry)


def of_redis() -> None:
    queue.labels("celery").set(cache.llen("celery"))
    for state, number in cache.hgetall(COUNTS).items():
        tasks.labels(state).set(int(number))


def of_database() -> None:
    for row in rows("SELECT t.slug, count(u.id) AS n FROM tenants t LEFT JOIN users u ON u.tenant_id = t.id GROUP BY 1"):
        users.labels(row["slug"]).set(row["n"])
    for row in rows("SELECT t.slug, o.status, count(*) AS n FROM orders o JOIN tenants t ON t.id = o.tenant_id GROUP BY 1, 2"):
        orders.labels(row["slug"], row["status"]).set(row["n"])
    for row in rows("SELECT t.slug, r.amount_cents AS n FROM revenue r JOIN tenants t ON t.id = r.tenant_id WHERE r.day = current_date"):
        revenue.labels(row["slug"]).set(row["n"])
