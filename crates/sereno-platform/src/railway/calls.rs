//! What is asked of Railway, as data. Pure.

use super::queries::{self, Query};
use super::{PATH, body};
use crate::call::WebRequest;
use crate::workload::Hindrance;
use crate::{Act, Call, Component, PlatformError, Workload, WorkloadKind, nothing_sticks};
use serde_json::{Value, json};
use sereno_model::Text;

pub(super) fn calls(environment: &str, act: &Act, component: &Component) -> Result<Vec<Call>, PlatformError> {
    let name = &component.name;
    let Some(workload) = &component.workload else {
        return Err(PlatformError::refused(
            format!("nothing is known of what `{name}` is"),
            format!("no se sabe qué es `{name}`"),
        ));
    };
    match act {
        Act::Restart { .. } | Act::Stop | Act::Start { .. } if workload.kind == WorkloadKind::CronJob => Err(refused(
            Text::new(
                format!("`{name}` runs at its times: what would stop or start that is its schedule, in its settings"),
                format!("`{name}` corre a sus horas: lo que lo detiene o lo inicia es su horario, en su configuración"),
            ),
            Text::new("take the schedule away in the service's settings", "quite el horario en su configuración"),
        )),
        Act::Restart { .. } => Ok(again(environment, workload)),
        Act::Scale { replicas } => {
            can_scale(name, workload, *replicas)?;
            let one = json!({"serviceId": workload.name, "environmentId": environment});
            let mut update = one.clone();
            update["input"] = json!({"numReplicas": replicas});
            // A setting holds from the next deployment on.
            Ok(vec![call(&queries::UPDATE, &update), call(&queries::DEPLOY_AGAIN, &one)])
        }
        Act::Stop => Ok(workload.releases.iter().map(|id| call(&queries::STOP, &json!({"id": id}))).collect()),
        Act::Start { .. } => Ok(again(environment, workload)),
        Act::Limit { .. } => Err(refused(
            Text::new(
                "on Railway, limits belong to the plan and hold from the next deployment on: nothing here would show them",
                "en Railway, los límites son del plan y valen desde el próximo despliegue: aquí nada los mostraría",
            ),
            Text::new("set them in the service's settings", "póngalos en la configuración del servicio"),
        )),
        Act::Remove { .. } => Err(nothing_sticks("Railway")),
        Act::Make { .. } => Err(crate::nothing_made("Railway")),
    }
}

/// A new deployment of what there is: of the same image, where it is known which.
fn again(environment: &str, workload: &Workload) -> Vec<Call> {
    vec![match workload.releases.first() {
        Some(id) => call(&queries::REDEPLOY, &json!({"id": id, "usePreviousImageTag": true})),
        None => call(&queries::DEPLOY_AGAIN, &json!({"serviceId": workload.name, "environmentId": environment})),
    }]
}

fn call(query: &Query, variables: &Value) -> Call {
    Call::Web { request: WebRequest::post(PATH, Some(body(query, variables))) }
}

fn can_scale(name: &str, workload: &Workload, replicas: u32) -> Result<(), PlatformError> {
    if workload.kind != WorkloadKind::Service {
        let kind = workload.kind.text();
        return Err(PlatformError::refused(
            format!("`{name}` is {}: it has no replicas to scale", kind.en),
            format!("`{name}` es {}: no tiene réplicas que escalar", kind.es),
        ));
    }
    if replicas == 0 {
        return Err(refused(
            Text::new("Railway scales nothing to 0", "Railway no escala nada a 0"),
            Text::same(format!("sereno stop {name}")),
        ));
    }
    match workload.hindrances.first() {
        Some(Hindrance::Spread { regions }) => {
            let regions = regions.join(", ");
            Err(refused(
                Text::new(
                    format!("`{name}` runs in several regions ({regions}): in which there should be more is not said"),
                    format!("`{name}` corre en varias regiones ({regions}): no se dice en cuál debería haber más"),
                ),
                Text::new("scale it in the service's settings", "escálelo en la configuración del servicio"),
            ))
        }
        Some(Hindrance::Disk) if replicas > 1 => Err(refused(
            Text::new(
                format!("`{name}` has a volume, which one replica alone can use"),
                format!("`{name}` tiene un volumen, que solo una réplica puede usar"),
            ),
            Text::new("move its data elsewhere first", "mueva antes sus datos a otro lado"),
        )),
        _ => Ok(()),
    }
}

fn refused(what: Text, hint: Text) -> PlatformError {
    PlatformError::Refused { en: what.en, es: what.es, hint: Some(Box::new(hint)) }
}
