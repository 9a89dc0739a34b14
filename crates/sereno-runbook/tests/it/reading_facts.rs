//! Facts of small documents, in both languages.

use super::reading::runbook;
use sereno_model::Lang;

#[test]
fn the_head_is_read() {
    for (text, version, updated, cadence) in [
        ("# R\n\n**Versión:** 1.0  \n**Fecha:** 4 de Enero, 2026\n", Some("1.0"), Some("2026-01-04"), None),
        ("# R\n\n- Version: 2.1 · 2026-05-10\n", Some("2.1"), Some("2026-05-10"), None),
        ("---\nversion: 3\nlast_updated: 2026-03-01\n---\n# R\n", Some("3"), Some("2026-03-01"), None),
        (
            "# R\n\nx\n\n---\n\n**Última revisión:** 2026-02-19\n**Próxima revisión:** Mensual\n",
            None,
            Some("2026-02-19"),
            Some("monthly"),
        ),
        ("# R\n\nReview cadence: quarterly\n", None, None, Some("quarterly")),
    ] {
        let metadata = runbook(text).metadata;
        assert_eq!(metadata.version.as_deref(), version, "{text}");
        assert_eq!(metadata.updated.as_deref(), updated, "{text}");
        assert_eq!(metadata.review_cadence.as_deref(), cadence, "{text}");
    }
}

#[test]
fn the_language_is_told() {
    assert_eq!(runbook("# Guía\n\nReiniciar el servicio si la base no responde.\n").language, Lang::Es);
    assert_eq!(runbook("# Guide\n\nRestart the service if the database is down.\n").language, Lang::En);
}

#[test]
fn decisions_are_causes_and_actions() {
    for (line, expected) in [
        ("1. API caída → reiniciar la API", Some(("API caída", "reiniciar la API"))),
        ("1. API down -> restart it", Some(("API down", "restart it"))),
        ("- Si falta espacio: limpiar backups", Some(("falta espacio", "limpiar backups"))),
        ("- If the disk is full, delete old logs", Some(("the disk is full", "delete old logs"))),
        ("- CPU alta: Optimizar consultas", Some(("CPU alta", "Optimizar consultas"))),
        ("1. Dashboard → Settings → Scale", None),
        ("1. Dashboard → Deployments", None),
        ("1. Push a `main` → despliegue automático", None),
        ("- Base de datos: `docker compose logs db`", None),
        ("- Slack: #incidentes", None),
    ] {
        let runbook = runbook(&format!("# R\n\n## Incidentes\n\n### API\n\n**Soluciones:**\n{line}\n"));
        let found = runbook.decisions.first().map(|decision| (decision.cause.as_str(), decision.action.as_str()));
        assert_eq!(found, expected, "{line}");
        assert!(runbook.decisions.iter().all(|decision| decision.line == 8), "{line}");
    }
    let table = runbook("## Errores\n\n| Síntoma | Acción |\n|---|---|\n| Lento | Reiniciar |\n| Bien | Ninguna |\n");
    assert_eq!(table.decisions.len(), 1);
    assert_eq!((table.decisions[0].line, table.decisions[0].cause.as_str()), (5, "Lento"));
}

#[test]
fn thresholds_are_numbers_with_their_words() {
    type Expected = (&'static str, &'static str, f64, &'static str, Option<u64>, Option<&'static str>);
    let cases: &[(&str, &str, Expected)] = &[
        (
            "Alertas críticas",
            "- **HighErrorRate** - Error rate > 5% por 5min",
            ("HighErrorRate", ">", 5.0, "%", Some(300), Some("critical")),
        ),
        (
            "Critical alerts",
            "- HighCpu: CPU >= 90% for 10 minutes",
            ("HighCpu", ">=", 90.0, "%", Some(600), Some("critical")),
        ),
        (
            "Alertas de advertencia",
            "- Latencia P95 > 1,5 segundos",
            ("Latencia P95", ">", 1.5, "s", None, Some("warning")),
        ),
        (
            "Alertas críticas",
            "- Sistema inaccesible > 5 minutos",
            ("Sistema inaccesible", ">", 5.0, "min", Some(300), Some("critical")),
        ),
        (
            "Alertas críticas",
            "- **Backups** - No hay backup en 2 días",
            ("Backups", ">", 2.0, "d", None, Some("critical")),
        ),
        (
            "Cuándo hacer rollback",
            "- Error rate > 5% sostenido por 5 minutos",
            ("Error rate", ">", 5.0, "%", Some(300), Some("rollback")),
        ),
        ("Métricas", "- **CPU**: < 80% promedio", ("CPU", "<", 80.0, "%", None, Some("goal"))),
        ("Monitoreo", "- Código ≠ 200", ("Código", "!=", 200.0, "status", None, None)),
        ("Monitoreo", "- No responde (timeout > 10s)", ("timeout", ">", 10.0, "s", None, None)),
        ("Monitoreo", "- Métricas muestran > 5% de requests con 429", ("requests con 429", ">", 5.0, "%", None, None)),
        (
            "Warning alerts",
            "- Queue depth above 1000 messages",
            ("Queue depth", ">", 1000.0, "messages", None, Some("warning")),
        ),
        ("Monitoring", "- Certificate expires in < 7 days", ("Certificate expires", "<", 7.0, "d", None, None)),
    ];
    for (title, line, (name, op, value, unit, lasting, severity)) in cases {
        let runbook = runbook(&format!("# R\n\n## {title}\n\n{line}\n"));
        let [found] = runbook.thresholds.as_slice() else { panic!("{line}: {:?}", runbook.thresholds) };
        let told = (
            found.name.as_str(),
            found.op.as_str(),
            found.value,
            found.unit.as_str(),
            found.for_seconds,
            found.severity.as_deref(),
        );
        assert_eq!(told, (*name, *op, *value, *unit, *lasting, *severity), "{line}");
        assert_eq!(found.line, 5, "{line}");
    }
    for line in
        ["- Avisar en < 72h", "- Settings > API > Keys", "- usar <pod-name>", "> 3 pasos citados", "- de 9 a 18"]
    {
        let runbook = runbook(&format!("# R\n\n## Notas\n\n{line}\n"));
        assert!(runbook.thresholds.is_empty(), "{line}: {:?}", runbook.thresholds);
    }
    let table = runbook("## Alerts\n\n| Metric | Warning | Critical |\n|---|---|---|\n| Disk | > 80% | 95% |\n");
    let told: Vec<_> = table.thresholds.iter().map(|t| (t.name.as_str(), t.value, t.severity.as_deref())).collect();
    assert_eq!(told, [("Disk", 80.0, Some("warning")), ("Disk", 95.0, Some("critical"))]);
}

#[test]
fn contacts_are_people_and_ways() {
    let runbook = runbook(
        "## Contactos\n\n### Proveedores\n\n| Teléfono | Rol | Nombre | Horario |\n|---|---|---|---|\n| +54 11 5555-0000 | DBA | Eva | 9-18 |\n| [COMPLETAR] | CTO | [Nombre] | 24/7 |\n\n### Team\n\n- **Lead**: Ann Lee - +1 555 010 0000\n- **Vendor**: help@vendor.com (Mon-Fri 9-17)\n- **Docs**: https://docs.example.org\n",
    );
    let told: Vec<_> = runbook
        .contacts
        .iter()
        .map(|c| {
            (
                c.line,
                c.role.as_deref(),
                c.name.as_deref(),
                c.ways.len(),
                c.hours.as_deref(),
                c.incomplete,
                c.group.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (7, Some("DBA"), Some("Eva"), 1, Some("9-18"), false, Some("providers")),
            (8, Some("CTO"), None, 0, Some("24/7"), true, Some("providers")),
            (12, Some("Lead"), Some("Ann Lee"), 1, None, false, Some("team")),
            (13, Some("Vendor"), None, 1, Some("Mon-Fri 9-17"), false, Some("team")),
        ]
    );
}

#[test]
fn escalation_is_read_from_arrows_blocks_and_tables() {
    let arrows =
        runbook("## Escalation path\n\n1. **Severity 1 (Critical)** → DevOps → CTO\n2. **Severity 2** → Backend\n");
    assert_eq!(arrows.escalation.len(), 2);
    assert_eq!(arrows.escalation[0].label.as_deref(), Some("Critical"));
    assert_eq!(arrows.escalation[0].steps[1].who, "CTO");
    let block = runbook(
        "## Contactos\n\n### Escalamiento\n\n```\nSeveridad 1 (Crítico):\n  1. Contactar DevOps\n  2. Si no responde en 15min, contactar CTO\n```\n",
    );
    let level = &block.escalation[0];
    assert_eq!((level.line, level.severity.as_str()), (6, "1"));
    assert_eq!((level.steps[1].who.as_str(), level.steps[1].after_minutes, level.steps[1].line), ("CTO", Some(15), 8));
    let table = runbook("## Escalation\n\n| Level | Who | After |\n|---|---|---|\n| P1 | On-call | 15 min |\n");
    assert_eq!(table.escalation[0].steps[0].after_minutes, Some(15));
}

#[test]
fn escalation_that_is_told_in_a_sentence_is_read() {
    for (sentence, who, action, minutes) in [
        ("Si nadie responde en 15 minutos, escalar a Lucía Paz.", "Lucía Paz", "escalar", 15),
        ("Si la guardia no contesta en 10 min, llamar al líder técnico (ext. 204).", "líder técnico", "llamar", 10),
        ("Pasada 1 hora sin solución, se escala el incidente a la gerencia", "gerencia", "escala el incidente", 60),
        ("Pasadas 2 horas se escala el incidente al CTO.", "CTO", "escala el incidente", 120),
        ("Escalar a la jefa de plataforma si no hay respuesta en 20 minutos.", "jefa de plataforma", "Escalar", 20),
        (
            "A los 45 minutos se debe avisar al equipo de redes si el proveedor no responde.",
            "equipo de redes",
            "avisar",
            45,
        ),
        ("After 30 min escalate to the CTO.", "CTO", "escalate", 30),
        (
            "If the on-call does not answer within 5 minutes, page the secondary on-call.",
            "secondary on-call",
            "page",
            5,
        ),
        ("Escalate to Priya Rao after half the team is in and 40 minutes have gone by.", "Priya Rao", "Escalate", 40),
        ("When nobody acknowledges in 1h, call the head of engineering by phone.", "head of engineering", "call", 60),
        (
            "- Unless resolved within 90 minutes, escalate the incident to the vendor",
            "vendor",
            "escalate the incident",
            90,
        ),
        ("If there is no reply in 25 minutes,\nescalate to the data team.", "data team", "escalate", 25),
    ] {
        let read = runbook(&format!("# R\n\n## The queue is stuck\n\n{sentence}\n"));
        let steps: Vec<_> = read.escalation.iter().flat_map(|level| &level.steps).collect();
        let [step] = steps.as_slice() else { panic!("{sentence}: {:?}", read.escalation) };
        let found = (step.who.as_str(), step.action.as_str(), step.after_minutes, step.line);
        assert_eq!(found, (who, action, Some(minutes), 5), "{sentence}");
    }
    let two = runbook(
        "# R\n\n## Escalada\n\nSi no responde en 5 min, llamar a Ana. Si sigue sin responder a los 15 min, escalar a Beto.\n",
    );
    let who: Vec<_> = two.escalation[0].steps.iter().map(|s| (s.who.as_str(), s.after_minutes)).collect();
    assert_eq!(who, [("Ana", Some(5)), ("Beto", Some(15))]);
}

#[test]
fn a_sentence_about_something_else_is_no_escalation() {
    for sentence in [
        "If the pod does not start in 5 minutes, call the restart script.",
        "Si la API no responde en 30 segundos, reiniciar el servicio.",
        "After 10 minutes the cache is warm.",
        "Escalar a 5 réplicas si la carga sigue alta después de 10 minutos.",
        "Escalate privileges with sudo.",
        "Scale to 3 replicas after 15 minutes.",
        "Después de 5 minutos, notificar a los clientes que el servicio volvió.",
    ] {
        let read = runbook(&format!("# R\n\n## Notes\n\n{sentence}\n"));
        assert!(read.escalation.is_empty(), "{sentence}: {:?}", read.escalation);
    }
}

#[test]
fn checklists_schedules_endpoints_and_channels() {
    let runbook = runbook(
        "# R\n\n## Post-mortem (dentro de 24 horas)\n\n- [ ] Reunión\n- [x] Acta\n\n## Backup diario\n\n- **Horario**: 02:00 AM\n- **Retención**: 30 días\n\n```bash\n# Limpieza\n15 4 * * 1-5 /opt/clean.sh\n```\n\n## URLs\n\n- **API**: https://api.tienda.test/health (solo VPN)\n- **Base**: `db.internal:5432`\n\n**Slack:**\n- `#guardia` - Incidentes\n\n**PagerDuty:**\n- Service: `Tienda`\n",
    );
    let list = &runbook.checklists[0];
    assert_eq!((list.line, list.due_minutes, list.items.len(), list.items[1].checked), (3, Some(1440), 2, true));
    let schedules: Vec<_> = runbook.schedules.iter().map(|s| (s.line, s.cron.as_deref(), s.retention_days)).collect();
    assert_eq!(schedules, [(10, Some("0 2 * * *"), Some(30)), (15, Some("15 4 * * 1-5"), None)]);
    let endpoints: Vec<_> = runbook.endpoints.iter().map(|e| (e.line, e.name.as_deref(), e.url.as_str())).collect();
    assert_eq!(
        endpoints,
        [(20, Some("API"), "https://api.tienda.test/health"), (21, Some("Base"), "db.internal:5432")]
    );
    let channels: Vec<_> = runbook.channels.iter().map(|c| (c.line, c.kind.as_str(), c.address.as_str())).collect();
    assert_eq!(channels, [(24, "slack", "#guardia"), (27, "pagerduty", "Tienda")]);
}

#[test]
fn comments_of_a_script_tell_causes_too() {
    let text = "## Incidents\n\n### Queue stuck\n\n```bash\n# If the broker is gone:\nsystemctl restart rabbitmq \\\n  --no-block\n\n\
                # Option 2: If the consumer leaks, roll it back\n./consumer.sh previous\n\n# 3. If jobs stay in `dead` for an hour\n\
                ./jobs.sh purge-dead\n\n# If you use systemd\njournalctl -u worker -n 50\n```\n";
    let runbook = runbook(text);
    let told: Vec<_> = runbook
        .decisions
        .iter()
        .map(|d| (d.line, d.cause.as_str(), d.action.as_str(), d.command.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(
        told,
        [
            (6, "the broker is gone", "systemctl restart rabbitmq --no-block", "systemctl restart rabbitmq --no-block"),
            (10, "the consumer leaks", "roll it back", "./consumer.sh previous"),
            (13, "jobs stay in `dead` for an hour", "./jobs.sh purge-dead", "./jobs.sh purge-dead"),
        ]
    );
}

#[test]
fn every_listed_remedy_is_one_and_no_remedy_is_a_check() {
    let text = "## Incidentes\n\n### Correo detenido\n\n**Síntomas:** nadie recibe correo\n\n**Soluciones:**\n\
                1. Relay caído → `systemctl restart postfix`\n2. Rechazos → Revisar las listas negras\n\
                3. Falla la comprobación → Verificar el DNS\n";
    let runbook = runbook(text);
    let titles: Vec<&str> = runbook.incidents[0].remedies.iter().map(|remedy| remedy.title.as_str()).collect();
    assert_eq!(
        titles,
        ["Relay caído", "Rechazos: Revisar las listas negras", "Falla la comprobación: Verificar el DNS"]
    );
    assert!(runbook.procedures[0].verification.is_empty(), "{:?}", runbook.procedures[0].verification);
}

#[test]
fn a_check_proves_although_others_are_told_after_it() {
    let text = "## Restore the shop\n\n```bash\n# 1. Stop\nsystemctl stop shop\n\n# 2. Load\ndropdb shop\n\n# 3. Verify\n\
                psql shop -c 'select count(*) from orders'\n\n# 4. Start\nsystemctl start shop\n\n# 5. Notify the team\n\
                curl -X POST -d done https://chat.acme.io/hook\n```\n";
    let found = runbook(text);
    assert_eq!(found.procedures[0].verification, ["restore-the-shop/3"]);
    let looked = runbook("## Debugging errors\n\n### 1. Verify the settings\n\n```bash\nprintenv PORT\n```\n");
    assert!(looked.procedures[0].verification.is_empty(), "before any remedy it is diagnosis");
}

#[test]
fn titles_and_intervals_tell_schedules() {
    for (text, line, cron) in [
        ("## Maintenance\n\n### Monthly certificate review\n\n- look\n", 3, None),
        ("## Checklist diario\n\n- [ ] mirar\n", 1, None),
        ("## Monitoring\n\n- Poll `/health` every 5 minutes\n", 3, Some("*/5 * * * *")),
    ] {
        let runbook = runbook(text);
        let [schedule] = runbook.schedules.as_slice() else { panic!("{text}: {:?}", runbook.schedules) };
        assert_eq!((schedule.line, schedule.cron.as_deref()), (line, cron), "{text}");
    }
    for text in ["## Symptoms\n\n- It fails every 5 minutes\n", "## Backup\n\n- retry every 10 seconds\n"] {
        assert!(runbook(text).schedules.is_empty(), "{text}");
    }
}

#[test]
fn small_words_do_not_become_facts() {
    let text = "# R\n\n## Checklist\n\n- [ ] Write a report (for incidents > 30 min)\n\n### During the resolution\n\n- [ ] Tell\n\n\
                **Example: remove logs (> 1 year)**\n\n- **Jump host:** `ssh ops@10.0.0.5`\n\n**End of the runbook**\n";
    let runbook = runbook(text);
    assert_eq!(runbook.thresholds.len(), 1, "{:?}", runbook.thresholds);
    assert_eq!((runbook.thresholds[0].name.as_str(), runbook.thresholds[0].severity.as_deref()), ("incidents", None));
    assert!(runbook.sections.iter().all(|section| section.title != "End of the runbook"));
    let role = runbook.sections.iter().find(|section| section.title.starts_with("During")).map(|section| section.role);
    assert_eq!(role, Some(sereno_runbook::model::Role::Checklist));
    assert_eq!(runbook.endpoints.last().map(|endpoint| endpoint.url.as_str()), Some("ssh://ops@10.0.0.5"));
}

#[test]
fn several_facts_on_one_line_are_several() {
    let head =
        runbook("# Guía\n\n> Versión: 3 · Responsable: Infra · Entorno: producción\n> Se revisa cada mes.\n").metadata;
    assert_eq!(head.version.as_deref(), Some("3"));
    assert_eq!(head.owner.as_deref(), Some("Infra"));
    assert_eq!(head.environment.as_deref(), Some("producción"));
    assert_eq!(head.review_cadence.as_deref(), Some("monthly"));
    let head = runbook("# R\n\nVersion 7.1 | Last reviewed: 3 March 2026 | Owner: Core\n").metadata;
    assert_eq!((head.version.as_deref(), head.updated.as_deref()), (Some("7.1"), Some("2026-03-03")));
    let text = "## Incident: mail stuck\n\nImpact: nobody gets mail. Severity: high. Time to resolve: 2 hours.\n\n\
                How it shows:\n\n- the queue grows\n\nHow to know that it worked: the queue is empty.\n\n```bash\nmailq\n```\n";
    let incident = runbook(text).incidents.remove(0);
    assert_eq!(incident.impact.as_deref(), Some("nobody gets mail"));
    assert_eq!((incident.severity.as_deref(), incident.target_minutes), (Some("high"), Some(120)));
    assert_eq!(incident.symptoms, ["the queue grows"]);
}

#[test]
fn alerts_are_called_by_their_names() {
    let text = "## Alerts\n\n- SlowDisk (page): await above 40 ms for 5m\n- FullQueue (ticket): more than 500 jobs for 10 minutes\n\n\
                ## Umbrales\n\n| Métrica | Crítico |\n|---|---|\n| Espacio | menos de 7 % |\n\n\
                The query `up > 3` is only an example.\n";
    let runbook = runbook(text);
    let told: Vec<_> = runbook
        .thresholds
        .iter()
        .map(|t| (t.name.as_str(), t.op.as_str(), t.value, t.unit.as_str(), t.for_seconds, t.severity.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("SlowDisk", ">", 40.0, "ms", Some(300), Some("critical")),
            ("FullQueue", ">", 500.0, "jobs", Some(600), Some("warning")),
            ("Espacio", "<", 7.0, "%", None, Some("critical")),
        ]
    );
}

#[test]
fn people_are_found_in_other_shapes() {
    let text = "## Who to call\n\n- Guardia (24x7): Ana Sol, interno 321\n\n| Who | Role | How | When |\n|---|---|---|---|\n\
                | TBC | Secondary | - | nights |\n";
    let contacts = runbook(text).contacts;
    assert_eq!(contacts[0].ways, ["interno 321"]);
    assert_eq!(contacts[0].hours.as_deref(), Some("24x7"));
    assert!(contacts[1].incomplete && contacts[1].ways.is_empty() && contacts[1].name.is_none());
}

#[test]
fn a_state_after_an_action_is_no_cause() {
    let text =
        "## Follow-up\n\n| Action | Status |\n|---|---|\n| Add a test | Pending |\n\n- If applicable: tell the users\n";
    assert!(runbook(text).decisions.iter().all(|decision| decision.cause != "Pending"));
}

#[test]
fn the_rollback_of_one_thing_is_not_that_of_every_deploy() {
    let text = "# R\n\n## Failover\n\n```bash\n./failover.sh\n```\n\n### Rollback\n\nFail over again.\n\n\
                ## Release\n\n```bash\n./deploy.sh\n```\n";
    let book = runbook(text);
    let of = |title: &str| book.procedures.iter().find(|p| p.title == title).map(|p| p.rollback.len());
    assert_eq!((of("Failover"), of("Release")), (Some(1), Some(0)));
}

#[test]
fn tables_tell_the_head_and_how_grave_an_alert_is() {
    let text = "# R\n\n| Field | Value |\n|---|---|\n| Owner | Core |\n| Updated | 2026-10-02 |\n\n## Alerts\n\n\
                | Alert | Condition | Severity |\n|---|---|---|\n| LagHigh | lag > 30s for 5m | critical |\n\n\
                ## Cluster red\n\n### Symptoms\n\n* 503\n\n### Diagnosis\n\n```bash\nls\n```\n\n### Fix\n\n```bash\nreboot\n```\n";
    let book = runbook(text);
    assert_eq!((book.metadata.owner.as_deref(), book.metadata.updated.as_deref()), (Some("Core"), Some("2026-10-02")));
    let [lag] = book.thresholds.as_slice() else { panic!("{:?}", book.thresholds) };
    assert_eq!((lag.name.as_str(), lag.for_seconds, lag.severity.as_deref()), ("LagHigh", Some(300), Some("critical")));
    let [incident] = book.incidents.as_slice() else { panic!("{:?}", book.incidents) };
    assert_eq!((incident.diagnosis.len(), incident.remedies.len()), (1, 1), "the parts are one procedure");
}
