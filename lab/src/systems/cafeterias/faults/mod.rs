//! What can be broken in Cafeterías. Each is in force when `lab break` returns, and over when `lab mend` does.

mod data;
mod edge;
mod queue;
mod release;

use crate::failure::Result;
use crate::stack::{Platform, Stack};
use crate::system::{Act, Fault, Parameter, Takes};

use super::running::{await_down, make_whole};

const BOTH: &[Platform] = &[Platform::Process, Platform::Compose];
const CONTAINERS: &[Platform] = &[Platform::Compose];

pub(super) const ALL: &[Fault] = &[
    Fault {
        name: "celery-worker-dead",
        symptom: "the worker has stopped: tasks stay in the list `celery`, orders stay pending",
        on: BOTH,
        act: Act::Own { inject: queue::stop_worker, mend: make_whole },
    },
    Fault {
        name: "celery-worker-hung",
        symptom: "the worker runs and takes no tasks: orders stay pending",
        on: BOTH,
        act: Act::Own { inject: queue::freeze_worker, mend: queue::thaw_worker },
    },
    Fault {
        name: "celery-beat-dead",
        symptom: "beat has stopped: heartbeats and the day's revenue are no longer sent",
        on: BOTH,
        act: Act::Own { inject: queue::stop_beat, mend: make_whole },
    },
    Fault {
        name: "poison-task",
        symptom: "one receipt cannot be written and is tried again every second: errors in the worker's log",
        on: BOTH,
        act: Act::Own { inject: queue::poison, mend: queue::cure },
    },
    Fault {
        name: "queue-backlog",
        symptom: "many slow tasks wait in `celery`: orders are paid late",
        on: BOTH,
        act: Act::Tuned {
            parameters: &[Parameter {
                name: "tasks",
                about: "how many are sent",
                usual: queue::NEWSLETTERS,
                takes: Takes::Number { least: 150, most: 5000 },
            }],
            inject: queue::pile_up,
            mend: |stack, _| queue::clear(stack),
        },
    },
    Fault {
        name: "backend-down",
        symptom: "the backend has stopped: nothing answers, nginx says 502",
        on: BOTH,
        act: Act::Stop("backend"),
    },
    Fault {
        name: "backend-crash-loop",
        symptom: "the backend ends at each start over a value in .env.production that is no number",
        on: BOTH,
        act: Act::Own { inject: release::misconfigure, mend: release::configure_well },
    },
    Fault {
        name: "docs-open",
        symptom: "/docs answers everybody in production",
        on: BOTH,
        act: Act::Own { inject: release::open_docs, mend: release::close_docs },
    },
    Fault {
        name: "bad-deploy",
        symptom: "since the last deploy one order in four fails with 500 (ZeroDivisionError)",
        on: BOTH,
        act: Act::Own { inject: release::deploy_badly, mend: release::deploy_well },
    },
    Fault {
        name: "postgres-down",
        symptom: "PostgreSQL has stopped: /health answers 503",
        on: BOTH,
        act: Act::Own { inject: stop_postgres, mend: make_whole },
    },
    Fault {
        name: "postgres-password",
        symptom: "the password was changed and the backend was not told: authentication fails",
        on: BOTH,
        act: Act::Own { inject: data::change_password, mend: data::restore_password },
    },
    Fault {
        name: "too-many-connections",
        symptom: "reports hold every connection: PostgreSQL refuses the backend",
        on: BOTH,
        act: Act::Own { inject: data::take_all_connections, mend: data::give_connections_back },
    },
    Fault {
        name: "slow-query",
        symptom: "an index is missing on a table that grew: /users takes more than a second",
        on: BOTH,
        act: Act::Own { inject: data::drop_index, mend: data::create_index },
    },
    Fault {
        name: "lock-chain",
        symptom: "a migration waits for a forgotten transaction, and every order waits for the migration",
        on: BOTH,
        act: Act::Own { inject: data::lock, mend: data::unlock },
    },
    Fault {
        name: "redis-down",
        symptom: "Redis has stopped: orders answer 503, no task is done",
        on: BOTH,
        act: Act::Own { inject: stop_redis, mend: make_whole },
    },
    Fault {
        name: "redis-full",
        symptom: "Redis refuses writes (OOM, noeviction): PING answers, orders answer 503",
        on: BOTH,
        act: Act::Own { inject: queue::fill_redis, mend: queue::empty_redis },
    },
    Fault {
        name: "redis-readonly",
        symptom: "Redis has become a replica of nobody: it answers READONLY to every write",
        on: BOTH,
        act: Act::Own { inject: queue::demote_redis, mend: queue::promote_redis },
    },
    Fault {
        name: "mercadopago-down",
        symptom: "the payment provider does not answer: orders stay pending, errors name mercadopago",
        on: BOTH,
        act: Act::Own { inject: stop_provider, mend: make_whole },
    },
    Fault {
        name: "password-guessing",
        symptom: "one address tries passwords: login_failure lines in logs/security.log",
        on: BOTH,
        act: Act::Own { inject: edge::guess, mend: edge::stop_guessing },
    },
    Fault {
        name: "certificate-expired",
        symptom: "nginx shows a certificate that has expired",
        on: CONTAINERS,
        act: Act::Own { inject: edge::expire, mend: edge::renew },
    },
    Fault {
        name: "nginx-down",
        symptom: "nginx has stopped: nothing answers on 443 while the backend is well",
        on: CONTAINERS,
        act: Act::Stop("nginx"),
    },
];

fn stop(stack: &Stack<'_>, component: &str) -> Result<()> {
    stack.stop(stack.component(component)?).map(|_| ())
}

fn stop_postgres(stack: &Stack<'_>) -> Result<()> {
    stop(stack, "postgres")?;
    await_down(stack, "database", "")
}

fn stop_redis(stack: &Stack<'_>) -> Result<()> {
    stop(stack, "redis")?;
    await_down(stack, "redis", "")
}

fn stop_provider(stack: &Stack<'_>) -> Result<()> {
    stop(stack, "mercadopago")?;
    await_down(stack, "mercadopago", "")
}
