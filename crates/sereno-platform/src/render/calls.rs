//! What is asked of Render, as data. Pure.

use super::workload;
use crate::call::WebRequest;
use crate::workload::Hindrance;
use crate::{Act, Call, Component, PlatformError, Workload, WorkloadKind, nothing_sticks};
use serde_json::json;
use sereno_model::Text;

/// As many as Render runs of one service.
const MOST_INSTANCES: u32 = 100;

pub(super) fn calls(act: &Act, component: &Component) -> Result<Vec<Call>, PlatformError> {
    let workload = workload(component)?;
    let name = &component.name;
    let post = |verb: &str, body| {
        let request = WebRequest::post(format!("{}/{verb}", path(workload)), body);
        Ok(vec![Call::Web { request }])
    };
    match act {
        Act::Restart { .. } if workload.kind == WorkloadKind::Service => post("restart", None),
        Act::Restart { .. } => Err(no_restart(name, workload.kind)),
        Act::Scale { replicas } => {
            can_scale(name, workload, *replicas)?;
            post("scale", Some(json!({"numInstances": replicas})))
        }
        Act::Stop => post("suspend", None),
        Act::Start { .. } => post("resume", None),
        Act::Limit { .. } => Err(refused(
            Text::new(
                "on Render, what an instance may use comes with its plan, which costs another price",
                "en Render, lo que una instancia puede usar viene con su plan, que tiene otro precio",
            ),
            Text::new("change the plan in the dashboard", "cambie el plan en el panel"),
        )),
        Act::Remove { .. } => Err(nothing_sticks("Render")),
        Act::Make { .. } => Err(crate::nothing_made("Render")),
    }
}

/// Where it is in the API; its id says what it is.
fn path(workload: &Workload) -> String {
    let id = &workload.name;
    match workload.kind {
        WorkloadKind::Datastore if id.starts_with("red-") => format!("/key-value/{id}"),
        WorkloadKind::Datastore => format!("/postgres/{id}"),
        _ => format!("/services/{id}"),
    }
}

fn no_restart(name: &str, kind: WorkloadKind) -> PlatformError {
    let what = kind.text();
    let hint = if kind == WorkloadKind::Datastore {
        Text::new(
            "restart it in the dashboard: Render does not show whether it was",
            "reiníciela en el panel: Render no muestra si se reinició",
        )
    } else {
        Text::same("sereno stop, sereno resume")
    };
    refused(
        Text::new(
            format!("`{name}` is {}: nothing would be replaced that Render shows", what.en),
            format!("`{name}` es {}: no se reemplazaría nada que Render muestre", what.es),
        ),
        hint,
    )
}

fn can_scale(name: &str, workload: &Workload, replicas: u32) -> Result<(), PlatformError> {
    if workload.kind != WorkloadKind::Service {
        let kind = workload.kind.text();
        return Err(refused(
            Text::new(
                format!("`{name}` is {}: it has no instances to scale", kind.en),
                format!("`{name}` es {}: no tiene instancias que escalar", kind.es),
            ),
            Text::same("sereno status"),
        ));
    }
    if replicas == 0 {
        return Err(refused(
            Text::new("Render scales nothing to 0", "Render no escala nada a 0"),
            Text::same(format!("sereno stop {name}")),
        ));
    }
    if replicas > MOST_INSTANCES {
        return Err(PlatformError::refused(
            format!("Render runs at most {MOST_INSTANCES} instances of a service"),
            format!("Render ejecuta hasta {MOST_INSTANCES} instancias de un servicio"),
        ));
    }
    match workload.hindrances.first() {
        Some(Hindrance::Autoscaled { .. }) => Err(refused(
            Text::new(
                format!("Render itself decides how many instances of `{name}` there are (autoscaling)"),
                format!("Render mismo decide cuántas instancias de `{name}` hay (autoscaling)"),
            ),
            Text::new("change its limits in the dashboard", "cambie sus límites en el panel"),
        )),
        Some(Hindrance::Disk) if replicas > 1 => Err(refused(
            Text::new(
                format!("`{name}` has a disk, which one instance alone can use"),
                format!("`{name}` tiene un disco, que solo una instancia puede usar"),
            ),
            Text::new("move its data elsewhere first", "mueva antes sus datos a otro lado"),
        )),
        _ => Ok(()),
    }
}

fn refused(what: Text, hint: Text) -> PlatformError {
    PlatformError::Refused { en: what.en, es: what.es, hint: Some(Box::new(hint)) }
}
