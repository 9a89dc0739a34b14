//! Whether backups and procedures would hold: kept elsewhere, restored once in a while, drilled.

use super::{Act, Ctx, Example, Found, Lint, Severity, act, mentions, pattern, w};
use crate::model::Role;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        code: "backups-stay-here",
        severity: Severity::Warning,
        title: w("Backups stay on the machine that they protect", "Los respaldos quedan en la máquina que protegen"),
        why: w(
            "this runbook keeps backups on the machine itself and copies them nowhere else: with the disk or the server, the backups go too",
            "este runbook guarda los respaldos en la propia máquina y no los copia a otro lado: con el disco o el servidor se van también los respaldos",
        ),
        fix: w(
            "Copy each one elsewhere and check that it arrived: `aws s3 cp`, `restic`, `rclone`, with versions that the server itself cannot delete.",
            "Copie cada uno a otro lado y compruebe que llegó: `aws s3 cp`, `restic`, `rclone`, con versiones que el propio servidor no pueda borrar.",
        ),
        bad: Example::Shell("pg_dump -Fc -f backups/app.dump app\npg_restore -l backups/app.dump"),
        good: Example::Shell(
            "pg_dump -Fc -f app.dump app\npg_restore -l app.dump\naws s3 cp app.dump s3://acme-backups/",
        ),
        check: off_site,
    },
    Lint {
        code: "backup-never-restored",
        severity: Severity::Note,
        title: w("No backup is ever restored to see", "Ningún respaldo se restaura nunca para ver"),
        why: w(
            "backups are made, and nothing here speaks of restoring one to see whether it works: a backup counts once it has been restored",
            "se hacen respaldos, y nada aquí habla de restaurar uno para ver si sirve: un respaldo cuenta cuando se lo ha restaurado",
        ),
        fix: w(
            "Restore the newest one into a scratch database every month, compare counts, and write down how long it took.",
            "Restaure el más nuevo cada mes en una base de prueba, compare cantidades y anote cuánto tardó.",
        ),
        bad: Example::Page("### Automatic backup\n\n- **Time**: 02:00\n- **Retention**: 30 days"),
        good: Example::Page("### Automatic backup\n\n- **Time**: 02:00\n- **Restore test**: first Monday of the month"),
        check: never_restored,
    },
    Lint {
        code: "never-drilled",
        severity: Severity::Note,
        title: w("A procedure that nobody has tried", "Un procedimiento que nadie probó"),
        why: w(
            "there is no record that this was ever tried, or not for half a year: the first try will be the real night",
            "no consta que esto se haya probado nunca, o no en medio año: la primera vez será la noche de verdad",
        ),
        fix: w(
            "Drill it in the lab or in staging: `sereno drill`.",
            "Ensáyelo en el laboratorio o en staging: `sereno drill`.",
        ),
        bad: Example::Page("## Restore the database\n\n```bash\n./restore.sh\n```"),
        good: Example::Page("## Overview\n\nText."),
        check: drilled,
    },
];

fn off_site(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let text = ctx.book.source.to_lowercase();
    // Whole words: dashboards are no RDS.
    let away = pattern(
        r"\b(s3|\w*_s3_\w*|gcs|azure|blobs?|buckets?|off-?site|rsync|scp|restic|borg|borgbackup|rclone|wal-g|barman|pgbackrest|glacier|point-in-time|pitr|supabase|rds|snapshots?|otro servidor|another server|remot[eao]s?|extern[oa]s?|nas)\b|gs://|b2://",
    );
    let about_backups = |at: usize| {
        let from = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let line = text[from..].lines().next().unwrap_or_default();
        !mentions(line, &["monitor", "proveedor", "provider", "integra"])
    };
    if away.find_iter(&text).any(|hit| about_backups(hit.start())) {
        return;
    }
    if let Some(first) = ctx.commands.iter().find(|c| act(c) == Act::Backup) {
        found.hit(first);
    }
}

fn never_restored(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    let whole = super::plain(&ctx.book.source);
    let tried = mentions(
        &whole,
        &[
            "restore test",
            "test restore",
            "test the restore",
            "restore drill",
            "prueba de restaur",
            "probar la restaur",
            "restaurar en staging",
            "ensayo",
            "simulacro",
            "disaster-recovery",
            "recovery test",
            "dr test",
            "drill",
        ],
    );
    let heading = ctx.headings.iter().find(|h| {
        h.level > 1
            && mentions(&h.plain, &["backup", "respaldo"])
            && mentions(&h.plain, &["automat", "diari", "daily", "nightly", "manual", "programad", "schedul"])
    });
    if let Some(heading) = heading.filter(|_| !tried) {
        found.here(heading.span.clone());
    }
}

fn drilled(ctx: &Ctx<'_>, found: &mut Found<'_, '_>) {
    const DAYS: i64 = 180;
    let Some(record) = ctx.context.drilled else {
        return;
    };
    let roles = [Role::Restore, Role::Rollback, Role::Emergency];
    for procedure in
        ctx.book.procedures.iter().filter(|p| roles.contains(&p.role) && p.steps.iter().any(|s| s.runnable))
    {
        let recent = record
            .get(&procedure.id)
            .is_some_and(|day| ctx.context.today.since(*day).map_or(true, |span| i64::from(span.get_days()) <= DAYS));
        if let Some(line) = ctx.lines.get(procedure.line.saturating_sub(1)).filter(|_| !recent) {
            found.here(line.span.clone());
        }
    }
}
