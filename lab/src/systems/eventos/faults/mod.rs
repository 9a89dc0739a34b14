//! What can be broken in Eventos. Each is in force when `lab break` returns, and over when `lab mend` does.

mod app;
mod data;
mod edge;
mod release;

use crate::failure::Result;
use crate::faults::noise;
use crate::stack::{Platform, Stack};
use crate::system::{Act, Deed, Fault, Parameter, Takes};

use super::running::make_whole;

pub(super) use self::data::read_reports;

const BOTH: &[Platform] = &[Platform::Process, Platform::Compose];
const CONTAINERS: &[Platform] = &[Platform::Compose];

pub(super) const IDLE_SESSIONS: &str = "idle-sessions";
pub(super) const LOCK_CHAIN: &str = "lock-chain";
pub(super) const GUESSES: &str = "guesses";
pub(super) const REPORTS: &str = "reports";

const fn fault(name: &'static str, on: &'static [Platform], inject: Deed, mend: Deed, symptom: &'static str) -> Fault {
    Fault { name, symptom, on, act: Act::Own { inject, mend } }
}

pub(super) const ALL: &[Fault] = &[
    fault("app-down", BOTH, app::stop, make_whole, "the application has stopped: nginx says 502"),
    fault(
        "app-crash-loop",
        BOTH,
        app::misconfigure,
        app::configure_well,
        "the application ends at each start over a DATABASE_POOL_SIZE that is no number: 502",
    ),
    fault("app-hangs", BOTH, app::freeze, app::thaw, "the application runs and answers nobody: nginx says 504"),
    fault(
        "app-image-missing",
        CONTAINERS,
        app::lose_image,
        app::find_image,
        "APP_VERSION names an image that was never built: the application has no container, 502",
    ),
    fault(
        "out-of-memory",
        CONTAINERS,
        app::fill_memory,
        app::free_memory,
        "the application is killed at each start for taking more than its limit (OOMKilled): 502",
    ),
    fault(
        "disk-full",
        CONTAINERS,
        app::fill_disk,
        app::empty_disk,
        "a log has filled the disk of the application's files: bookings fail with 500 (no space left)",
    ),
    fault("postgres-down", BOTH, data::stop, make_whole, "PostgreSQL has stopped: /api/health answers 503"),
    fault(
        "postgres-password",
        BOTH,
        data::change_password,
        data::restore_password,
        "the password was changed and the application was not told: authentication fails",
    ),
    fault(
        "postgres-unreachable",
        CONTAINERS,
        data::cut_off,
        data::connect,
        "PostgreSQL runs, cut off from the network: its name is not known to the application",
    ),
    fault(
        "too-many-connections",
        BOTH,
        data::take_all_connections,
        data::give_connections_back,
        "reports hold every connection: PostgreSQL refuses the application",
    ),
    fault(
        "lock-chain",
        BOTH,
        data::lock,
        data::unlock,
        "a migration waits for a forgotten transaction, and every booking waits for the migration",
    ),
    fault(
        "slow-query",
        BOTH,
        data::drop_index,
        data::create_index,
        "an index is missing on a table that grew: /api/users takes more than a second",
    ),
    fault(
        "pool-exhausted",
        BOTH,
        data::exhaust_pool,
        data::widen_pool,
        "a pool of one connection and many who read reports: the others wait in vain (pool timed out)",
    ),
    fault("redis-down", BOTH, data::stop_redis, make_whole, "Redis has stopped: bookings answer 503, events are shown"),
    fault(
        "redis-full",
        BOTH,
        data::fill_redis,
        data::empty_redis,
        "Redis refuses writes (OOM, noeviction): PING answers, bookings answer 503",
    ),
    fault(
        "redis-readonly",
        BOTH,
        data::demote_redis,
        data::promote_redis,
        "Redis has become a replica of nobody: it answers READONLY to every write",
    ),
    Fault {
        name: "bad-deploy",
        symptom: "since the last deploy one booking in so many fails with 500 (TypeError)",
        on: BOTH,
        act: Act::Tuned {
            parameters: &[Parameter {
                name: "every",
                about: "which of them fails, 1 for all",
                usual: "3",
                takes: Takes::Number { least: 1, most: 20 },
            }],
            inject: release::deploy_badly,
            mend: release::deploy_well,
        },
    },
    fault(
        "bad-migration",
        BOTH,
        release::migrate_badly,
        release::migrate_back,
        "a release has renamed a column that bookings still use: all of them fail with 500",
    ),
    fault(
        "password-guessing",
        BOTH,
        edge::guess,
        edge::stop_guessing,
        "one address tries passwords: `login failed` in the application's log",
    ),
    fault(
        "nginx-down",
        CONTAINERS,
        edge::stop,
        make_whole,
        "nginx has stopped: nothing answers, the application is well",
    ),
    fault(
        "nginx-wrong-port",
        CONTAINERS,
        edge::point_elsewhere,
        edge::point_right,
        "nginx passes requests to a port where nobody listens: 502, the application is well",
    ),
    fault("certificate-expired", CONTAINERS, edge::expire, edge::renew, "nginx shows a certificate that has expired"),
    fault(
        "certificate-wrong-name",
        CONTAINERS,
        edge::misname,
        edge::renew,
        "nginx shows the certificate of another domain",
    ),
    fault(
        "certificate-chain-incomplete",
        CONTAINERS,
        edge::break_chain,
        edge::renew,
        "nginx shows its certificate without the intermediate one: clients cannot verify it",
    ),
];

/// Ends what must not outlive the lab.
pub(super) fn end_noise(stack: &Stack<'_>) -> Result<()> {
    [IDLE_SESSIONS, LOCK_CHAIN, GUESSES, REPORTS].iter().try_for_each(|role| noise::end(stack, role))
}

fn stop(stack: &Stack<'_>, component: &str) -> Result<()> {
    stack.stop(stack.component(component)?).map(|_| ())
}

/// The application does not answer: as a process nobody does, as a container nginx says so.
const SILENT: &[u16] = &[0, 502, 504];
