"""What is done by hand: `python3 -m app.manage seed|newsletter|forget`."""

import argparse
import json

from app import access
from app.stores import cache, change, rows

TENANTS = [
    ("cafe-central", "Café Central", True),
    ("la-esquina", "La Esquina", True),
    ("grano-dorado", "Grano Dorado", True),
    ("cerrado-por-obras", "Cerrado por Obras", False),
]


def seed() -> None:
    """The tenants of the examples, with users whose password is `cafe`. May run again."""
    for slug, name, active in TENANTS:
        change("INSERT INTO tenants (slug, name, active) VALUES (:slug, :name, :active) ON CONFLICT DO NOTHING",
               slug=slug, name=name, active=active)
    password = access.hashed("cafe")
    change(
        "INSERT INTO users (tenant_id, email, password_hash) "
        "SELECT t.id, 'persona' || n || '@' || t.slug || '.example', :password "
        "FROM tenants t, generate_series(1, 100) n ON CONFLICT DO NOTHING",
        password=password,
    )
    print(json.dumps({"tenants": len(TENANTS), "users": rows("SELECT count(*) AS n FROM users")[0]["n"]}))


def newsletter(rounds: int) -> None:
    from app.tasks import send_newsletter
    for user in rows("SELECT id FROM users ORDER BY id LIMIT :rounds", rounds=rounds):
        send_newsletter.apply_async((user["id"],), retry=False)
    print(f"{cache.llen('celery')} tasks wait")


def forget(task: str) -> None:
    """Takes the waiting tasks of one name out of the queue; the others stay."""
    gone = 0
    for message in cache.lrange("celery", 0, -1):
        if json.loads(message)["headers"].get("task") == task:
            gone += cache.lrem("celery", 1, message)
    print(f"{gone} forgotten, {cache.llen('celery')} wait")


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("seed")
    commands.add_parser("newsletter").add_argument("rounds", type=int)
    commands.add_parser("forget").add_argument("task")
    chosen = parser.parse_args()
    if chosen.command == "seed":
        seed()
    elif chosen.command == "newsletter":
        newsletter(chosen.rounds)
    else:
        forget(chosen.task)


if __name__ == "__main__":
    main()
