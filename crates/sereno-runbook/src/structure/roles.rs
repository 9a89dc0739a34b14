//! What a section is for, told by its title.

use crate::model::Role;
use crate::text::fold;
use aho_corasick::AhoCorasick;
use std::sync::LazyLock;

/// Word beginnings and what they tell. Of all that a title holds, the first decides: `Rollback de Deploy` is about
/// rolling back, `Verificación Post-Despliegue` about verifying. A space at the end asks for a whole word.
const SIGNS: &[(&str, Role)] = &[
    ("solucion de problemas", Role::Incident),
    ("resolucion de problemas", Role::Incident),
    ("problemas comunes", Role::Incident),
    ("problemas conocidos", Role::Incident),
    ("common problems", Role::Incident),
    ("common issues", Role::Incident),
    ("known issues", Role::Incident),
    ("common errors", Role::Incident),
    ("errores comunes", Role::Incident),
    ("fallas comunes", Role::Incident),
    ("fallos comunes", Role::Incident),
    ("failure mode", Role::Incident),
    ("failure scenario", Role::Incident),
    ("troubleshoot", Role::Incident),
    ("debug", Role::Incident),
    ("incident", Role::Incident),
    ("outage", Role::Incident),
    ("brecha", Role::Incident),
    ("data breach", Role::Incident),
    ("respuesta a ", Role::Incident),
    ("post-incident", Role::Checklist),
    ("post incident", Role::Checklist),
    ("postincident", Role::Checklist),
    ("postmortem", Role::Checklist),
    ("post-mortem", Role::Checklist),
    ("despues del incidente", Role::Checklist),
    ("checklist", Role::Checklist),
    ("lista de verificacion", Role::Checklist),
    ("lista de control", Role::Checklist),
    ("lista de comprobacion", Role::Checklist),
    ("tiempo de resolucion", Role::TargetTime),
    ("tiempo objetivo", Role::TargetTime),
    ("tiempo de respuesta objetivo", Role::TargetTime),
    ("objetivo de resolucion", Role::TargetTime),
    ("target resolution", Role::TargetTime),
    ("target time", Role::TargetTime),
    ("resolution time", Role::TargetTime),
    ("time to resol", Role::TargetTime),
    ("resolution target", Role::TargetTime),
    ("rto ", Role::TargetTime),
    ("sla ", Role::TargetTime),
    ("sintoma", Role::Symptoms),
    ("symptom", Role::Symptoms),
    ("senales", Role::Symptoms),
    ("meaning", Role::Symptoms),
    ("significado", Role::Symptoms),
    ("impact", Role::Impact),
    ("como se nota", Role::Symptoms),
    ("como se ve", Role::Symptoms),
    ("como se manifiesta", Role::Symptoms),
    ("como detectar", Role::Symptoms),
    ("how it shows", Role::Symptoms),
    ("how it looks", Role::Symptoms),
    ("what you see", Role::Symptoms),
    ("what you will see", Role::Symptoms),
    ("que se ve", Role::Symptoms),
    ("signs ", Role::Symptoms),
    ("indicios", Role::Symptoms),
    ("que mirar", Role::Diagnosis),
    ("que revisar", Role::Diagnosis),
    ("donde mirar", Role::Diagnosis),
    ("what to look", Role::Diagnosis),
    ("what to check", Role::Diagnosis),
    ("where to look", Role::Diagnosis),
    ("look first", Role::Diagnosis),
    ("check first", Role::Diagnosis),
    ("que hacer", Role::Remedy),
    ("what to do", Role::Remedy),
    ("como resolver", Role::Remedy),
    ("como arreglar", Role::Remedy),
    ("how to fix", Role::Remedy),
    ("how to resolve", Role::Remedy),
    ("arreglo", Role::Remedy),
    ("como saber", Role::Verification),
    ("como confirmar", Role::Verification),
    ("how to know", Role::Verification),
    ("how do you know", Role::Verification),
    ("how to confirm", Role::Verification),
    ("how to tell that", Role::Verification),
    ("done when", Role::Verification),
    ("se da por resuelto", Role::Verification),
    ("resolved when", Role::Verification),
    ("si no mejora", Role::IfFails),
    ("si no alcanza", Role::IfFails),
    ("si no se resuelve", Role::IfFails),
    ("si nada de esto", Role::IfFails),
    ("si persiste", Role::IfFails),
    ("si sigue igual", Role::IfFails),
    ("if that does not", Role::IfFails),
    ("if this does not", Role::IfFails),
    ("if nothing helps", Role::IfFails),
    ("if still ", Role::IfFails),
    ("if it persists", Role::IfFails),
    ("if not resolved", Role::IfFails),
    ("umbral", Role::Monitoring),
    ("threshold", Role::Monitoring),
    ("publicar", Role::Deploy),
    ("publicacion", Role::Deploy),
    ("subida a produccion", Role::Deploy),
    ("ship ", Role::Deploy),
    ("volver atras", Role::Rollback),
    ("marcha atras", Role::Rollback),
    ("to go back", Role::Rollback),
    ("going back", Role::Rollback),
    ("a quien llamar", Role::Contacts),
    ("quien llama", Role::Contacts),
    ("who to call", Role::Contacts),
    ("whom to call", Role::Contacts),
    ("who to page", Role::Contacts),
    ("on call", Role::Contacts),
    ("telefonos", Role::Contacts),
    ("phone numbers", Role::Contacts),
    ("tareas de", Role::Maintenance),
    ("tareas mensuales", Role::Maintenance),
    ("tareas semanales", Role::Maintenance),
    ("tareas diarias", Role::Maintenance),
    ("chores", Role::Maintenance),
    ("routine tasks", Role::Maintenance),
    ("accesos", Role::Security),
    ("access ", Role::Security),
    ("diagn", Role::Diagnosis),
    ("investiga", Role::Diagnosis),
    ("triage", Role::Diagnosis),
    ("triaje", Role::Diagnosis),
    ("evaluacion", Role::Diagnosis),
    ("evaluar", Role::Diagnosis),
    ("assess", Role::Diagnosis),
    ("deteccion", Role::Diagnosis),
    ("detection", Role::Diagnosis),
    ("soluci", Role::Remedy),
    ("solution", Role::Remedy),
    ("resolucion", Role::Remedy),
    ("resolution", Role::Remedy),
    ("resolve ", Role::Remedy),
    ("mitiga", Role::Remedy),
    ("remedia", Role::Remedy),
    ("remedio", Role::Remedy),
    ("remedies", Role::Remedy),
    ("remedy", Role::Remedy),
    ("fix ", Role::Remedy),
    ("fixes", Role::Remedy),
    ("acciones", Role::Remedy),
    ("accion ", Role::Remedy),
    ("actions", Role::Remedy),
    ("correccion", Role::Remedy),
    ("contencion", Role::Remedy),
    ("workaround", Role::Remedy),
    ("si falla", Role::IfFails),
    ("si no funciona", Role::IfFails),
    ("si esto falla", Role::IfFails),
    ("si algo falla", Role::IfFails),
    ("si algo sale mal", Role::IfFails),
    ("en caso de fall", Role::IfFails),
    ("en caso de error", Role::IfFails),
    ("if it fails", Role::IfFails),
    ("if this fails", Role::IfFails),
    ("if that fails", Role::IfFails),
    ("on failure", Role::IfFails),
    ("if something goes wrong", Role::IfFails),
    ("in case of failure", Role::IfFails),
    ("pre-requisit", Role::Prerequisites),
    ("prerequisit", Role::Prerequisites),
    ("pre requisit", Role::Prerequisites),
    ("requisit", Role::Prerequisites),
    ("requirements", Role::Prerequisites),
    ("antes de empezar", Role::Prerequisites),
    ("before you begin", Role::Prerequisites),
    ("before you start", Role::Prerequisites),
    ("verific", Role::Verification),
    ("verify", Role::Verification),
    ("validaci", Role::Verification),
    ("validar", Role::Verification),
    ("validat", Role::Verification),
    ("comprobaci", Role::Verification),
    ("comprobar", Role::Verification),
    ("confirmar que", Role::Verification),
    ("post-deploy", Role::Verification),
    ("post deploy", Role::Verification),
    ("post-despliegue", Role::Verification),
    ("post despliegue", Role::Verification),
    ("post-rollback", Role::Verification),
    ("after deploy", Role::Verification),
    ("smoke test", Role::Verification),
    ("rollback", Role::Rollback),
    ("roll back", Role::Rollback),
    ("rolling back", Role::Rollback),
    ("reversion", Role::Rollback),
    ("revertir", Role::Rollback),
    ("revert ", Role::Rollback),
    ("vuelta atras", Role::Rollback),
    ("deploy", Role::Deploy),
    ("desplieg", Role::Deploy),
    ("desplegar", Role::Deploy),
    ("release", Role::Deploy),
    ("puesta en produccion", Role::Deploy),
    ("pase a produccion", Role::Deploy),
    ("lanzamiento", Role::Deploy),
    ("restaur", Role::Restore),
    ("restor", Role::Restore),
    ("recuperacion", Role::Restore),
    ("recuperar", Role::Restore),
    ("recovery", Role::Restore),
    ("recover ", Role::Restore),
    ("disaster", Role::Restore),
    ("backup", Role::Backup),
    ("back up", Role::Backup),
    ("respaldo", Role::Backup),
    ("respaldar", Role::Backup),
    ("copia de seguridad", Role::Backup),
    ("copias de seguridad", Role::Backup),
    ("snapshot", Role::Backup),
    ("escalation", Role::Escalation),
    ("escalacion", Role::Escalation),
    ("escalad", Role::Scaling),
    ("escalabilidad", Role::Scaling),
    ("escalar", Role::Scaling),
    ("escalamiento", Role::Scaling),
    ("scaling", Role::Scaling),
    ("scale ", Role::Scaling),
    ("capacity", Role::Scaling),
    ("capacidad", Role::Scaling),
    ("contact", Role::Contacts),
    ("on-call", Role::Contacts),
    ("oncall", Role::Contacts),
    ("guardia", Role::Contacts),
    ("equipo de ", Role::Contacts),
    ("equipo tecnico", Role::Contacts),
    ("stakeholder", Role::Contacts),
    ("proveedor", Role::Contacts),
    ("emergenc", Role::Emergency),
    ("mantenimiento", Role::Maintenance),
    ("mantencion", Role::Maintenance),
    ("maintenance", Role::Maintenance),
    ("housekeeping", Role::Maintenance),
    ("limpieza", Role::Maintenance),
    ("limpiar", Role::Maintenance),
    ("cleanup", Role::Maintenance),
    ("vacuum", Role::Maintenance),
    ("tareas periodicas", Role::Maintenance),
    ("seguridad", Role::Security),
    ("security", Role::Security),
    ("rotar ", Role::Security),
    ("rotacion de", Role::Security),
    ("rotate ", Role::Security),
    ("rotation", Role::Security),
    ("revocacion", Role::Security),
    ("revocar", Role::Security),
    ("revoke", Role::Security),
    ("auditoria", Role::Security),
    ("audit ", Role::Security),
    ("monitor", Role::Monitoring),
    ("alert", Role::Monitoring),
    ("dashboard", Role::Monitoring),
    ("metric", Role::Monitoring),
    ("observab", Role::Monitoring),
    ("health check", Role::Monitoring),
    ("healthcheck", Role::Monitoring),
    ("indice", Role::Reference),
    ("contenido", Role::Reference),
    ("table of contents", Role::Reference),
    ("contents", Role::Reference),
    ("changelog", Role::Reference),
    ("historial de cambios", Role::Reference),
    ("revision history", Role::Reference),
    ("referenci", Role::Reference),
    ("reference", Role::Reference),
    ("comandos comunes", Role::Reference),
    ("comandos utiles", Role::Reference),
    ("comandos frecuentes", Role::Reference),
    ("common commands", Role::Reference),
    ("useful commands", Role::Reference),
    ("useful links", Role::Reference),
    ("enlaces", Role::Reference),
    ("recursos utiles", Role::Reference),
    ("urls ", Role::Reference),
    ("glosario", Role::Reference),
    ("glossary", Role::Reference),
    ("appendix", Role::Reference),
    ("apendice", Role::Reference),
    ("anexo", Role::Reference),
    ("proposito", Role::Overview),
    ("purpose", Role::Overview),
    ("overview", Role::Overview),
    ("resumen", Role::Overview),
    ("summary", Role::Overview),
    ("introducc", Role::Overview),
    ("introduction", Role::Overview),
    ("informacion general", Role::Overview),
    ("general information", Role::Overview),
    ("alcance", Role::Overview),
    ("scope", Role::Overview),
    ("arquitectura", Role::Overview),
    ("architecture", Role::Overview),
    ("descripcion", Role::Overview),
    ("description", Role::Overview),
];

static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::new(SIGNS.iter().map(|(sign, _)| sign)).expect("a few hundred short words fit in an automaton")
});

/// The role that a title tells by itself; `within` is the role of the section around it.
pub(super) fn role_of(title: &str, within: Option<Role>) -> Option<Role> {
    let folded = folded_words(title);
    if let Some(role) = by_shape(&folded) {
        return Some(role);
    }
    let mut best: Option<(usize, usize, Role)> = None;
    for found in FINDER.find_overlapping_iter(&folded) {
        let (Some((sign, role)), at) = (SIGNS.get(found.pattern().as_usize()), found.start()) else {
            continue;
        };
        if inside_word(&folded, at) {
            continue;
        }
        let better = best.is_none_or(|(first, length, _)| at < first || (at == first && sign.len() > length));
        if better {
            best = Some((at, sign.len(), *role));
        }
    }
    let role = best.map(|(_, _, role)| role)?;
    // Inside a checklist the phases of an incident are its headings, not parts of one.
    if within == Some(Role::Checklist) && is_inner(role) && role != Role::Verification {
        return None;
    }
    let role = match role {
        // `Escalamiento` is of machines, unless people are meant.
        Role::Scaling if within == Some(Role::Contacts) || speaks_of_people(&folded) => Role::Escalation,
        role => role,
    };
    // What stands among incidents is an incident, whatever it is about, or a part of one.
    let among_incidents = within == Some(Role::Incident);
    let is_part = is_inner(role)
        || matches!(role, Role::Incident | Role::Checklist | Role::Contacts | Role::Escalation | Role::Reference);
    (!among_incidents || is_part || starts_with_sign(&folded, role)).then_some(role)
}

/// Roles of the parts of an incident or of a procedure.
pub(super) fn is_inner(role: Role) -> bool {
    matches!(
        role,
        Role::Symptoms
            | Role::Impact
            | Role::Diagnosis
            | Role::Remedy
            | Role::TargetTime
            | Role::Verification
            | Role::IfFails
            | Role::Prerequisites
    )
}

/// Inside an incident, `Rollback` alone is the rollback of that incident; `Disco lleno (backups)` is not a backup.
fn starts_with_sign(folded: &str, role: Role) -> bool {
    role == Role::Rollback && folded.split_whitespace().count() <= 3 && folded.trim_start().starts_with("rollback")
}

/// Titles that are told by their shape: `Error: "…"`, `Nivel 1: …`, `Pre-despliegue`.
fn by_shape(folded: &str) -> Option<Role> {
    let title = folded.trim();
    let after = |word: &str| title.strip_prefix(word).map(str::trim_start);
    if after("error").is_some_and(|rest| rest.starts_with([':', '"', '“', '`'])) {
        return Some(Role::Incident);
    }
    let level = ["nivel ", "level ", "severidad ", "severity ", "protocolo p", "protocol p", "sev ", "sev-"];
    if level.iter().any(|word| after(word).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))) {
        return Some(Role::Incident);
    }
    let pre = ["pre-desplieg", "pre-deploy", "predeploy", "pre desplieg", "antes del desplieg", "before deploy"];
    if pre.iter().any(|word| title.starts_with(word)) {
        return Some(Role::Deploy);
    }
    let questions = ["cuando hacer rollback", "when to roll", "when to rollback", "criterios de rollback"];
    questions.iter().any(|word| title.starts_with(word)).then_some(Role::Rollback)
}

fn speaks_of_people(folded: &str) -> bool {
    ["incident", "contact", "severidad", "soporte", "on-call", "guardia", "personas"]
        .iter()
        .any(|word| folded.contains(word))
}

/// Folded, with a blank before and after, so that words can be found whole.
fn folded_words(title: &str) -> String {
    let mut words = fold(title);
    words.push(' ');
    words
}

/// Whether a letter stands right before an offset.
fn inside_word(text: &str, at: usize) -> bool {
    text.get(..at).is_some_and(|head| head.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_tell_their_role() {
        for (title, within, role) in [
            ("Rollback de Deploy", None, Some(Role::Rollback)),
            ("Restaurar desde Backup", None, Some(Role::Restore)),
            ("Backups y Recuperación", None, Some(Role::Backup)),
            ("Verificación Post-Despliegue", None, Some(Role::Verification)),
            ("Solución de Problemas Comunes", None, Some(Role::Incident)),
            ("Solución:", Some(Role::Incident), Some(Role::Remedy)),
            ("SINTOMAS", Some(Role::Incident), Some(Role::Symptoms)),
            ("Disco Lleno (Backups)", Some(Role::Incident), None),
            ("Error: \"Connection refused\"", None, Some(Role::Incident)),
            ("Nivel 2: Funcionalidad parcial", None, Some(Role::Incident)),
            ("Escalamiento", None, Some(Role::Scaling)),
            ("Escalamiento de Incidentes", None, Some(Role::Escalation)),
            ("Escalation Path", Some(Role::Contacts), Some(Role::Escalation)),
            ("Tiempo de Resolución Objetivo: 1 hora", Some(Role::Incident), Some(Role::TargetTime)),
            ("Contactos de Emergencia", None, Some(Role::Contacts)),
            ("Mitigation", Some(Role::Incident), Some(Role::Remedy)),
            ("Solution", Some(Role::Incident), Some(Role::Remedy)),
            ("If it fails", None, Some(Role::IfFails)),
            ("Database restore", None, Some(Role::Restore)),
            ("Cuándo hacer rollback", None, Some(Role::Rollback)),
            ("Redis", None, None),
            ("During the resolution", Some(Role::Checklist), None),
        ] {
            assert_eq!(role_of(title, within), role, "{title}");
        }
    }
}
