//! Pedidos as containers, with the commands that its operators type there.

use std::process::Command;

use crate::bench::Lab;

pub(crate) fn engine_answers() -> bool {
    let version = |program: &str, word: &str| {
        let output = Command::new(program).arg(word).output();
        output.is_ok_and(|output| output.status.success())
    };
    version("docker", "info") && version("docker-compose", "version")
}

#[test]
fn the_same_system_lives_in_containers() {
    if !engine_answers() {
        eprintln!("skipped: no Docker Engine with docker-compose answers");
        return;
    }
    let Some(lab) = Lab::up("compose") else {
        return;
    };
    assert_eq!(lab.health(), "ok");
    assert_eq!(lab.order("tienda-sur").0, 201);
    lab.ok(&["pedidos", "pay", "1"]);
    lab.until("the order is paid", |lab| lab.get("/orders/1?tenant_id=tienda-sur").1["status"] == "paid");
    for (script, expected) in [
        ("docker-compose ps", "redis"),
        ("docker-compose exec -T redis redis-cli PING", "PONG"),
        ("docker-compose exec -T postgres psql -U pedidos -c 'SELECT count(*) FROM tenants;'", "5"),
        ("docker-compose logs --tail=100 api", "api started"),
        ("docker-compose restart api", ""),
        ("make migrate", "nothing to apply"),
        ("make db-backup", "backups/pedidos_"),
        ("make db-restore BACKUP_FILE=$(ls backups/*.gz | tail -n 1)", "backups/pedidos_"),
    ] {
        let output = Command::new("bash").args(["-c", script]).current_dir(lab.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains(expected), "{script}: {text}{error}");
    }
    lab.until("the API is back", |lab| lab.health() == "ok");
    lab.ok(&["break", "pedidos", "redis-down"]);
    assert_eq!(lab.get("/health/redis").0, 503);
    lab.ok(&["mend", "pedidos", "redis-down"]);
    lab.until("Redis is back", |lab| lab.get("/health/redis").0 == 200);
}
