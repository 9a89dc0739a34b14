//! What can be broken in LotoLink.

mod cluster;
mod data;
mod settings;

use std::time::Duration;

use crate::failure::Result;
use crate::host::{http, wait};
use crate::stack::{Platform, Stack};
use crate::system::{Act, Fault, Parameter, Takes};

pub(super) use self::data::end_closing;
pub(super) use self::settings::KEPT;

const BOTH: &[Platform] = &[Platform::Process, Platform::Kubernetes];
const CLUSTER: &[Platform] = &[Platform::Kubernetes];

/// A user who is there from the start.
const USER: (&str, &str) = ("X-User-Id", "usuario-001");

macro_rules! own {
    ($name:literal, $on:ident, $inject:path, $mend:path, $symptom:literal) => {
        Fault { name: $name, symptom: $symptom, on: $on, act: Act::Own { inject: $inject, mend: $mend } }
    };
}

macro_rules! stop {
    ($name:literal, $component:literal, $symptom:literal) => {
        Fault { name: $name, symptom: $symptom, on: BOTH, act: Act::Stop($component) }
    };
}

#[rustfmt::skip]
pub(super) const ALL: &[Fault] = &[
    stop!("postgres-down", "postgres", "PostgreSQL is stopped: /health/ready answers 503, users get 502 or 503"),
    stop!("redis-down", "redis", "Redis is stopped: /health/ready says degraded, nobody is limited"),
    stop!("backend-down", "lotolink-backend", "the backend is stopped: nobody answers, 502"),
    own!("db-password", BOTH, settings::wrong_password, settings::right_password,
        "the backend has a wrong database password: password authentication failed"),
    Fault {
        name: "rate-limit",
        symptom: "RATE_LIMIT_MAX is far too low: users get 429 Too Many Requests",
        on: BOTH,
        act: Act::Tuned {
            parameters: &[Parameter {
                name: "max",
                about: "how many requests each user has",
                usual: "3",
                takes: Takes::Number { least: 1, most: 20 },
            }],
            inject: settings::low_limit,
            mend: |stack, _| settings::usual_limit(stack),
        },
    },
    own!("webhook-secret", BOTH, settings::wrong_secret, settings::right_secret,
        "the backend has another webhook secret than Stripe: webhook signature verification failed"),
    own!("webhooks-failing", BOTH, data::refuse_payments, data::accept_payments,
        "a constraint refuses what Stripe announces: rows of webhook_events are failed"),
    own!("migration-broken", BOTH, data::migrate_badly, data::migrate_back,
        "a release renamed a column that the backend uses: buying a ticket answers 500"),
    own!("table-locked", BOTH, data::lock_wallets, data::unlock_wallets,
        "a report holds a lock on wallets: requests wait five seconds and answer 503"),
    own!("crash-loop", CLUSTER, cluster::crash_loop, cluster::reapply,
        "the backend ends as soon as it starts: CrashLoopBackOff, 502"),
    own!("out-of-memory", CLUSTER, cluster::out_of_memory, cluster::reapply,
        "the backend holds a larger cache than its memory limit allows: OOMKilled, 502"),
    own!("image-missing", CLUSTER, cluster::image_missing, cluster::reapply,
        "the image cannot be pulled: ErrImagePull, 502"),
    own!("probe-path", CLUSTER, cluster::probe_path, cluster::reapply,
        "the readiness probe asks a path that is not there: pods run and are never ready, 502"),
    own!("liveness-path", CLUSTER, cluster::liveness_path, cluster::reapply,
        "the liveness probe asks a path that is not there: well pods are killed again and again"),
    own!("port-changed", CLUSTER, cluster::port_changed, cluster::reapply,
        "the backend listens on another port than everybody asks: never ready, 502"),
    own!("unschedulable", CLUSTER, cluster::unschedulable, cluster::reapply,
        "the backend asks for more memory than any node has: Pending, 502"),
    own!("secret-missing", CLUSTER, cluster::secret_missing, cluster::reapply,
        "the deployment names a secret that is not there: CreateContainerConfigError, 502"),
    own!("service-selector", CLUSTER, cluster::service_selector, cluster::reapply,
        "the service selects no pod: all pods are ready, 502"),
    own!("db-name-gone", CLUSTER, cluster::database_name_gone, cluster::reapply,
        "postgres-service has no endpoints: its name is not found, pods are never ready"),
    own!("quota-full", CLUSTER, cluster::quota_full, cluster::quota_gone,
        "a quota lets no pod be made: the backend lacks one, FailedCreate"),
    own!("pod-stuck", CLUSTER, cluster::pod_stuck, cluster::pod_free,
        "a pod is Terminating and does not go"),
];

/// Waits until users get this answer.
fn await_status(stack: &Stack<'_>, path: &str, status: u16) -> Result<()> {
    let port = stack.port("PORT")?;
    wait::slowly(&format!("{path} answers {status}"), Duration::from_mins(3), || {
        Ok(http::send(port, "GET", path, &[USER], "").is_ok_and(|answer| answer.status == status))
    })
}
