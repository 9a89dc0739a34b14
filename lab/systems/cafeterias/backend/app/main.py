"""The API."""

import logging
import time

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from app import access, health, logs, metrics, pricing, settings, tasks
from app.stores import change, rows

api = FastAPI(
    title="Cafeterías",
    version=settings.VERSION,
    docs_url="/docs" if settings.ENABLE_DOCS else None,
    redoc_url=None,
    openapi_url="/openapi.json" if settings.ENABLE_DOCS else None,
)


class Login(BaseModel):
    email: str
    password: str


class NewOrder(BaseModel):
    description: str
    amount_cents: int


@api.middleware("http")
async def measure(request: Request, follow):
    start = time.monotonic()
    try:
        answer = await follow(request)
    except Exception:
        logs.event("request_failed", f"{request.method} {request.url.path}", logging.ERROR, failure=True)
        answer = JSONResponse({"detail": "internal error"}, 500)
    route = request.scope.get("route")
    path = getattr(route, "path", "none")
    metrics.requests.labels(request.method, path, str(answer.status_code)).inc()
    metrics.seconds.labels(request.method, path).observe(time.monotonic() - start)
    return answer


@api.get("/health")
def get_health():
    status, body = health.report()
    return JSONResponse(body, status)


@api.get("/metrics")
def get_metrics():
    return Response(metrics.text(), media_type="text/plain; version=0.0.4")


@api.post("/auth/login")
def login(given: Login, request: Request):
    peer = request.client.host if request.client else "unknown"
    # Only our nginx can reach us from elsewhere, and it says who asked it.
    address = request.headers.get("x-real-ip", peer)
    found = rows("SELECT id, password_hash FROM users WHERE email = :email", email=given.email)
    if not found or not access.matches(given.password, found[0]["password_hash"]):
        logs.security_event("login_failure", address, email=given.email)
        raise HTTPException(401, "wrong e-mail or password")
    logs.security_event("login_success", address, user_id=found[0]["id"])
    return {"access_token": access.token(found[0]["id"]), "token_type": "bearer"}


@api.get("/users/me")
def me(authorization: str = Header("")):
    try:
        user = access.user_of(authorization[len("Bearer "):])
    except ValueError:
        user = None
    if user is None:
        raise HTTPException(401, "log in first")
    return rows("SELECT id, tenant_id, email FROM users WHERE id = :id", id=user)[0]


@api.get("/users")
def users(x_tenant_id: str = Header()):
    """The people of a tenant, each with the last order."""
    return {"users": rows(
        "SELECT u.id, u.email, (SELECT max(o.created_at) FROM orders o WHERE o.user_id = u.id)::text AS last_order "
        "FROM users u WHERE u.tenant_id = :tenant ORDER BY u.id",
        tenant=tenant(x_tenant_id),
    )}


@api.get("/orders")
def orders(x_tenant_id: str = Header()):
    return {"orders": rows(
        "SELECT id, description, amount_cents, status FROM orders WHERE tenant_id = :tenant "
        "ORDER BY created_at DESC LIMIT 50",
        tenant=tenant(x_tenant_id),
    )}


@api.get("/orders/{order_id}")
def order(order_id: int, x_tenant_id: str = Header()):
    found = rows(
        "SELECT id, description, amount_cents, status FROM orders WHERE id = :id AND tenant_id = :tenant",
        id=order_id, tenant=tenant(x_tenant_id),
    )
    if not found:
        raise HTTPException(404, "no such order")
    return found[0]


@api.post("/orders", status_code=201)
def create_order(new: NewOrder, x_tenant_id: str = Header()):
    made = change(
        "INSERT INTO orders (tenant_id, user_id, description, amount_cents) "
        "VALUES (:tenant, (SELECT min(id) FROM users WHERE tenant_id = :tenant), :description, :amount) "
        "RETURNING id, description, amount_cents, status",
        tenant=tenant(x_tenant_id), description=new.description, amount=pricing.total(new.amount_cents),
    )[0]
    try:
        tasks.process_payment.apply_async((made["id"],), retry=False)
    except Exception:
        logs.event("enqueue_failed", f"order {made['id']} waits for no worker", logging.ERROR, failure=True)
        raise HTTPException(503, "the order is stored, its payment cannot be queued")
    return made


@api.get("/revenue")
def revenue(x_tenant_id: str = Header()):
    return {"revenue": rows(
        "SELECT day::text, orders, amount_cents FROM revenue WHERE tenant_id = :tenant ORDER BY day DESC LIMIT 30",
        tenant=tenant(x_tenant_id),
    )}


def tenant(slug: str) -> int:
    found = rows("SELECT id, active FROM tenants WHERE slug = :slug", slug=slug)
    if not found:
        raise HTTPException(404, "no such tenant")
    if not found[0]["active"]:
        raise HTTPException(403, "this tenant is not active")
    return found[0]["id"]


if __name__ == "__main__":
    logs.setup()
    logs.event("started", f"backend {settings.VERSION} on {settings.HOST}:{settings.PORT}")
    uvicorn.run(api, host=settings.HOST, port=settings.PORT, log_config=None, access_log=False)
