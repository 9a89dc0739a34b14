//! Reading whole runbooks: encodings, procedures, incidents.

use sereno_model::Risk;
use sereno_runbook::model::{Procedure, Role, Runbook, Step, StepKind};
use sereno_runbook::read;
use std::path::{Path, PathBuf};

/// The shared folder beside the project, where it is present.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: {} is not here", path.display());
    None
}

pub(crate) fn markdown_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

pub(crate) fn runbook(text: &str) -> Runbook {
    read(text.as_bytes()).0
}

fn procedure<'a>(runbook: &'a Runbook, id: &str) -> &'a Procedure {
    runbook.procedures.iter().find(|procedure| procedure.id == id).unwrap_or_else(|| {
        let ids: Vec<_> = runbook.procedures.iter().map(|procedure| &procedure.id).collect();
        panic!("no procedure {id} in {ids:?}")
    })
}

fn titles(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|step| step.title.as_str()).collect()
}

#[test]
fn repaired_runbooks_read_like_clean_ones() {
    let Some(folder) = shared("runbooks") else {
        return;
    };
    let mut repaired = 0;
    for clean in markdown_files(&folder.join("clean")) {
        let name = clean.file_name().unwrap();
        let (mut found, diagnostics) = read(&std::fs::read(folder.join("as-found").join(name)).unwrap());
        let (expected, _) = read(&std::fs::read(&clean).unwrap());
        let told = diagnostics.iter().any(|diagnostic| diagnostic.code == "broken-encoding");
        assert_eq!(found.encoding.repaired.is_some(), told, "{name:?}");
        repaired += usize::from(told);
        found.encoding.clone_from(&expected.encoding);
        assert_eq!(found.source, expected.source, "{name:?}");
        assert_eq!(found, expected, "{name:?}");
        assert!(!found.procedures.is_empty(), "{name:?}");
    }
    assert!(repaired >= 2);
}

#[test]
fn every_file_of_the_corpus_is_read() {
    for folder in ["corpus", "runbooks"] {
        let Some(folder) = shared(folder) else { return };
        for path in markdown_files(&folder) {
            let (runbook, _) = read(&std::fs::read(&path).unwrap());
            let lines = runbook.source.lines().count();
            for section in &runbook.sections {
                assert!(
                    section.line >= 1 && section.end_line <= lines && section.line <= section.end_line,
                    "{path:?}: {section:?}"
                );
            }
            let mut ids: Vec<&str> = runbook
                .procedures
                .iter()
                .flat_map(|procedure| procedure.steps.iter().map(|step| step.id.as_str()))
                .collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), count, "{path:?}");
            for step in runbook.procedures.iter().flat_map(|procedure| &procedure.steps) {
                assert!(!step.title.is_empty() && step.line >= 1 && step.line <= lines, "{path:?}: {step:?}");
                assert!(!step.runnable || step.kind == StepKind::Shell, "{path:?}: {step:?}");
                if let Some(block) = step.block {
                    let text = &runbook.blocks[block].text;
                    assert!(
                        step.kind == StepKind::Manual || text[step.span.clone()] == step.text,
                        "{path:?}: {step:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn numbered_comments_cut_a_script_at_statements() {
    let text = "# Runbook\n\n## Despliegue\n\n```bash\n#!/bin/bash\n# Despliegue de la tienda\nset -e\nAPP=tienda\n\n# 1. Ver estado\nkubectl get pods -l app=$APP\n\n# 2. Respaldar\nfor i in 1 2; do\n  # 3. esto no es un paso\n  echo $i\ndone\n\n# espera\nsleep 5\n\n# 3. Reiniciar\nkubectl rollout restart deploy/$APP\n# 4. Avisar al equipo\n```\n";
    let runbook = runbook(text);
    let steps = &procedure(&runbook, "despliegue").steps;
    assert_eq!(titles(steps), ["Ver estado", "Respaldar", "Reiniciar", "Avisar al equipo"]);
    assert!(steps[0].text.contains("set -e"), "settings run with the first step");
    assert!(steps[1].text.contains("sleep 5"));
    assert_eq!(steps.iter().map(|step| step.line).collect::<Vec<_>>(), [11, 14, 23, 25]);
    assert_eq!(steps[3].kind, StepKind::Manual);
    assert!(!steps[3].runnable && steps[3].why_not.as_deref() == Some("lo hace una persona"));
    assert_eq!(steps[2].risk, Some(Risk::Change));
}

#[test]
fn comments_tell_alternatives_conditions_and_expectations() {
    let text = "## Incidentes\n\n### Cola detenida\n\n```bash\n# Opción 1: reiniciar\nsystemctl restart worker\n\n# Opción 2: vaciar\nredis-cli DEL cola\n\n# Si Redis está caído:\nsystemctl restart redis\n\n# Verificar conexión\nredis-cli PING\n# Debe responder: PONG\n\n# Ver uno\npm2 logs api --nostream\n# O\njournalctl -u api -n 20\n```\n";
    let runbook = runbook(text);
    let steps = &procedure(&runbook, "cola-detenida").steps;
    let alternatives: Vec<_> =
        steps.iter().map(|step| step.alternative.as_ref().map(|a| (a.group, a.number))).collect();
    assert_eq!(alternatives, [Some((1, 1)), Some((1, 2)), None, None, Some((2, 1)), Some((2, 2))]);
    assert_eq!(steps[2].condition.as_deref(), Some("Si Redis está caído"));
    assert_eq!(steps[3].expects.as_deref(), Some("PONG"));
    let incident = &runbook.incidents[0];
    assert_eq!(incident.remedies[0].title, "reiniciar");
    assert_eq!(incident.remedies[1].steps, ["cola-detenida/2"]);
}

#[test]
fn a_script_with_background_jobs_stays_whole() {
    let text = "## Carga\n\n```bash\n# Arrancar\n./server &\nPID=$!\n\n# Probar\ncurl localhost:8080\n\n# Parar\nkill $PID\nwait\n```\n";
    let runbook = runbook(text);
    assert_eq!(procedure(&runbook, "carga").steps.len(), 1);
}

#[test]
fn foreign_lines_are_steps_of_their_own_and_never_run() {
    let text = "## Errores comunes\n\n### Sin memoria\n\n```bash\n# Ver uso\nfree -m\n\n# Aumentar límites en compose.yml\nservices:\n  app:\n    mem_limit: 2g\n\n# Aplicar\ndocker compose up -d\n```\n";
    let runbook = runbook(text);
    let steps = &procedure(&runbook, "sin-memoria").steps;
    assert_eq!(titles(steps), ["Ver uso", "Aumentar límites en compose.yml", "Aplicar"]);
    assert_eq!(steps.iter().map(|step| step.runnable).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(steps[1].kind, StepKind::Manual);
}

#[test]
fn numbered_items_are_steps_with_indented_fences_and_without() {
    let text = "# Runbook\n\n## Restore\n\n### Steps\n\n1. **Stop the app**\n   ```bash\n   systemctl stop app\n   ```\n\n2. **Restore:**\n```bash\npg_restore -d app backup.dump\n```\n\n3. Tell the team\n\n### Verification\n\n```bash\ncurl -f http://localhost/health\n```\n\n### If it fails\n\n1. Call the DBA\n\n### Rollback\n\n```bash\nsystemctl start app\n```\n";
    let runbook = runbook(text);
    let restore = procedure(&runbook, "restore");
    assert_eq!(titles(&restore.steps)[..3], ["Stop the app", "Restore", "Tell the team"]);
    assert_eq!(restore.steps[1].line, 12);
    assert_eq!(restore.verification, ["restore/4"]);
    assert_eq!(restore.if_fails, ["restore/5"]);
    assert_eq!(restore.rollback, ["rollback"], "what undoes it is a procedure of its own");
    assert_eq!(procedure(&runbook, "rollback").title, "Restore: Rollback");
}

#[test]
fn parts_and_phases_join_the_procedure_above_them() {
    let text = "# Runbook\n\n## Mantenimiento\n\n### Despliegue de versiones\n\n#### Pre-despliegue\n\n```bash\n# 1. Probar\nnpm test\n```\n\n#### Post-despliegue\n\n```bash\n# 2. Mirar\nkubectl get pods\n```\n\n### Rotar claves\n\n```bash\n./rotate.sh\n```\n";
    let runbook = runbook(text);
    assert_eq!(titles(&procedure(&runbook, "despliegue-de-versiones").steps), ["Probar", "Mirar"]);
    assert_eq!(procedure(&runbook, "rotar-claves").steps.len(), 1);
    assert_eq!(runbook.procedures.len(), 2);
}

#[test]
fn a_page_for_one_alert_is_an_incident() {
    let text = "# DiskFillingUp\n\n## Meaning\n\nThe disk fills up.\n\n## Impact\n\nWrites will fail.\n\n## Diagnosis\n\n```console\n$ df -h\n```\n\n## Mitigation\n\nDelete what is old, or grow the disk.\n";
    let runbook = runbook(text);
    let [incident] = runbook.incidents.as_slice() else { panic!("{:?}", runbook.incidents) };
    assert_eq!((incident.title.as_str(), incident.impact.as_deref()), ("DiskFillingUp", Some("Writes will fail.")));
    assert_eq!(incident.symptoms, ["The disk fills up."]);
    assert_eq!(incident.diagnosis, ["diskfillingup/1"]);
    assert_eq!(incident.remedies.len(), 1);
}

#[test]
fn an_incident_tells_its_parts() {
    let text = "# R\n\n## Incidentes comunes\n\n### Incidente: pagos caídos\n\n**Severidad:** alta\n\n**Síntomas:**\n- Los pagos fallan\n- La cola crece\n\n**Diagnóstico:**\n```bash\ndocker compose ps\n```\n\n**Soluciones:**\n1. API caída → `docker compose restart api`\n2. Clave vencida → Rotar la clave\n\n**Si falla:**\n1. Llamar a Ana\n\n#### Tiempo de resolución objetivo: 1 hora\n";
    let runbook = runbook(text);
    let incident = &runbook.incidents[0];
    assert_eq!(incident.title, "pagos caídos");
    assert_eq!(incident.symptoms, ["Los pagos fallan", "La cola crece"]);
    assert_eq!((incident.target_minutes, incident.severity.as_deref()), (Some(60), Some("alta")));
    assert_eq!(incident.diagnosis.len(), 1);
    let remedies: Vec<_> = incident.remedies.iter().map(|remedy| remedy.title.as_str()).collect();
    assert_eq!(remedies, ["API caída", "Clave vencida: Rotar la clave"]);
    let procedure = procedure(&runbook, "incidente-pagos-caidos");
    let restart = &procedure.steps[1];
    assert_eq!(
        (restart.text.as_str(), restart.kind, restart.runnable),
        ("docker compose restart api", StepKind::Shell, true)
    );
    assert_eq!(restart.condition.as_deref(), Some("API caída"));
    assert_eq!(procedure.if_fails.len(), 1);
}

#[test]
fn sections_have_roles_slugs_and_ends() {
    let text = "# 📚 Runbook\n\n## 🚀 1. Despliegue a producción\n\nhola\n\n## Índice\n\n**Diagnóstico:**\n\nuno\n\n## Despliegue a producción\n";
    let runbook = runbook(text);
    let told: Vec<_> = runbook.sections.iter().map(|s| (s.id.as_str(), s.role, s.line, s.level, s.end_line)).collect();
    assert_eq!(
        told,
        [
            ("runbook", Role::Other, 1, 1, 13),
            ("despliegue-a-produccion", Role::Deploy, 3, 2, 6),
            ("indice", Role::Reference, 7, 2, 12),
            ("diagnostico", Role::Diagnosis, 9, 7, 12),
            ("despliegue-a-produccion-2", Role::Deploy, 13, 2, 13),
        ]
    );
    assert_eq!(runbook.title.as_deref(), Some("Runbook"));
}
