"""What is done outside of a request: Celery's worker does it, beat sends what is due."""

import json
import logging
import time
import urllib.request

from celery import Celery, signals

from app import logs, settings
from app.stores import COUNTS, HEARTBEAT, cache, change, engine, rows

app = Celery("cafeterias", broker=settings.REDIS_URL)
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 2, "visibility_timeout": 600},
    beat_schedule={
        # Nobody wants a late one, so it does not wait for a worker that is gone.
        "heartbeat": {"task": "app.tasks.heartbeat", "schedule": 1.0, "options": {"expires": 5}},
        "revenue": {"task": "app.tasks.summarize_revenue", "schedule": 8.0, "options": {"expires": 8}},
    },
)


@signals.setup_logging.connect
def set_up_logging(**_: object) -> None:
    logs.setup()


@signals.worker_process_init.connect
def forget_inherited_connections(**_: object) -> None:
    engine.dispose()


@signals.task_success.connect
def count_success(sender: object = None, **_: object) -> None:
    count("succeeded")


@signals.task_failure.connect
def count_failure(sender: object = None, **_: object) -> None:
    count("failed")


@signals.task_retry.connect
def count_retry(sender: object = None, **_: object) -> None:
    count("retried")


def count(how: str) -> None:
    try:
        cache.hincrby(COUNTS, how, 1)
    except Exception as error:  # A count is not worth a task.
        logs.event("count_lost", f"{how}: {error}", logging.WARNING)


@app.task
def heartbeat() -> None:
    cache.set(HEARTBEAT, str(time.time()))


@app.task(bind=True, max_retries=60, default_retry_delay=2)
def process_payment(self, order_id: int) -> None:
    found = rows("SELECT amount_cents, status FROM orders WHERE id = :id", id=order_id)
    if not found or found[0]["status"] == "paid":
        return
    amount = found[0]["amount_cents"]
    try:
        payment = charge(order_id, amount)
    except OSError as error:
        logs.event("payment_failed", f"MercadoPago: {error}", logging.ERROR,
                   integration="mercadopago", order_id=order_id)
        raise self.retry(exc=error)
    change(
        "WITH paid AS (UPDATE orders SET status = 'paid' WHERE id = :id AND status <> 'paid' RETURNING id) "
        "INSERT INTO payments (order_id, provider_id, amount_cents) "
        "SELECT id, :payment, :amount FROM paid ON CONFLICT DO NOTHING",
        id=order_id, payment=payment, amount=amount,
    )
    logs.event("order_paid", f"order {order_id} is paid", order_id=order_id)
    send_receipt.delay(order_id)


def charge(order_id: int, amount_cents: int) -> str:
    body = json.dumps({"external_reference": order_id, "transaction_amount": amount_cents}).encode()
    request = urllib.request.Request(
        f"{settings.MERCADOPAGO_URL}/v1/payments", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=3) as answer:
        return str(json.load(answer)["id"])


@app.task(bind=True, max_retries=None, default_retry_delay=1)
def send_receipt(self, order_id: int) -> None:
    order = rows("SELECT description, amount_cents FROM orders WHERE id = :id", id=order_id)[0]
    try:
        receipt = order["description"].format(total=order["amount_cents"])
    except (KeyError, IndexError, ValueError) as error:
        logs.event("receipt_failed", f"receipt of order {order_id}: {error!r}", logging.ERROR, order_id=order_id)
        raise self.retry(exc=error)
    change("INSERT INTO receipts (order_id, text) VALUES (:id, :text) ON CONFLICT DO NOTHING",
           id=order_id, text=receipt)


@app.task
def summarize_revenue() -> None:
    change(
        "INSERT INTO revenue (tenant_id, day, orders, amount_cents) "
        "SELECT o.tenant_id, p.paid_at::date, count(*), sum(p.amount_cents) "
        "FROM payments p JOIN orders o ON o.id = p.order_id "
        "WHERE p.paid_at >= current_date GROUP BY 1, 2 "
        "ON CONFLICT (tenant_id, day) DO UPDATE SET orders = excluded.orders, amount_cents = excluded.amount_cents"
    )


@app.task
def send_newsletter(user_id: int) -> None:
    # The mail provider takes two a second from each of us.
    time.sleep(0.5)
