//! What can be broken in Pedidos.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::breaking::Given;
use crate::commands::OWN_HISTORY;
use crate::failure::{Doing, Failure, Result};
use crate::host::daemon::{self, Daemon};
use crate::host::{git, http, wait};
use crate::service::release::Release;
use crate::stack::{Platform, Stack};
use crate::system::{Act, Fault, Parameter, Takes};

const BOTH: &[Platform] = &[Platform::Process, Platform::Compose];

pub(super) const ALL: &[Fault] = &[
    Fault {
        name: "redis-down",
        symptom: "Redis has stopped: /health/redis answers 503, webhooks are refused",
        on: BOTH,
        act: Act::Stop("redis"),
    },
    Fault {
        name: "postgres-down",
        symptom: "PostgreSQL has stopped: /health answers 503, orders fail",
        on: BOTH,
        act: Act::Stop("postgres"),
    },
    Fault {
        name: "api-down",
        symptom: "the API has stopped: nothing answers on its port",
        on: BOTH,
        act: Act::Stop("api"),
    },
    Fault {
        name: "worker-down",
        symptom: "the worker has stopped: webhooks arrive, orders stay unpaid",
        on: BOTH,
        act: Act::Stop("worker"),
    },
    Fault {
        name: "redis-full",
        symptom: "Redis refuses writes (OOM): PING answers, /health/redis does not",
        on: BOTH,
        act: Act::Own { inject: fill_redis, mend: empty_redis },
    },
    Fault {
        name: "payments-failing",
        symptom: "a constraint refuses payments: webhooks are accepted, their jobs fail",
        on: BOTH,
        act: Act::Own { inject: refuse_payments, mend: accept_payments },
    },
    Fault {
        name: "bad-deploy",
        symptom: "a release was deployed that answers orders late",
        on: BOTH,
        act: Act::Tuned {
            parameters: &[Parameter {
                name: "delay_ms",
                about: "how long an order's answer is held back",
                usual: "900",
                takes: Takes::Number { least: 100, most: 10_000 },
            }],
            inject: deploy_badly,
            mend: deploy_well,
        },
    },
    Fault {
        name: "tenant-noise",
        symptom: "one tenant sends orders without end",
        on: BOTH,
        act: Act::Tuned {
            parameters: &[
                Parameter {
                    name: "tenant",
                    about: "whose orders they are",
                    usual: "abc123",
                    takes: Takes::OneOf(&["abc123", "ferre-norte", "libreria-luna", "tienda-sur"]),
                },
                Parameter {
                    name: "rate",
                    about: "orders a second",
                    usual: "100",
                    takes: Takes::Number { least: 1, most: 500 },
                },
            ],
            inject: make_noise,
            mend: |stack, _| end_noise(stack),
        },
    },
    Fault {
        name: "hung",
        symptom: "a component is there and answers nobody",
        on: BOTH,
        act: Act::Tuned {
            parameters: &[Parameter {
                name: "component",
                about: "which one",
                usual: "api",
                takes: Takes::OneOf(&["api", "worker", "redis"]),
            }],
            inject: |stack, given| signal(stack, given, Signal::STOP, "SIGSTOP"),
            mend: |stack, given| signal(stack, given, Signal::CONT, "SIGCONT"),
        },
    },
];

/// A limit below what an empty server uses, so that every write is refused and nothing stored is lost.
fn fill_redis(stack: &Stack<'_>) -> Result<()> {
    let redis = stack.redis()?;
    redis.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])?;
    redis.ask(&["CONFIG", "SET", "maxmemory", "100kb"])?;
    wait::until("redis refuses writes", Duration::from_secs(5), || {
        Ok(redis.ask(&["SET", "lab:probe", "1", "EX", "1"]).is_err())
    })
}

fn empty_redis(stack: &Stack<'_>) -> Result<()> {
    let redis = stack.redis()?;
    redis.ask(&["CONFIG", "SET", "maxmemory", "256mb"])?;
    wait::until("redis takes writes", Duration::from_secs(5), || {
        Ok(redis.ask(&["SET", "lab:probe", "1", "EX", "1"]).is_ok())
    })
}

/// As a careless change to the schema would: the constraint holds for old rows and refuses every new one.
fn refuse_payments(stack: &Stack<'_>) -> Result<()> {
    super::tools::run_sql(
        stack,
        "ALTER TABLE payments DROP CONSTRAINT IF EXISTS payments_reviewed; \
         ALTER TABLE payments ADD CONSTRAINT payments_reviewed CHECK (received_at IS NULL) NOT VALID;",
    )?;
    // The trouble shows only when somebody pays, so somebody does.
    let order = new_order(stack)?;
    super::tools::pay(&format!("evt-lab-{order}"), order, 1000, Some(stack.home.dir()))?;
    wait::until("a payment has failed", Duration::from_secs(15), || {
        let answer = http::get(stack.port("PORT")?, "/admin/queues/payments")?;
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        Ok(body.pointer("/counts/failed").and_then(Value::as_u64).is_some_and(|failed| failed > 0))
    })
}

fn accept_payments(stack: &Stack<'_>) -> Result<()> {
    super::tools::run_sql(stack, "ALTER TABLE payments DROP CONSTRAINT IF EXISTS payments_reviewed;")?;
    let answer = http::send(stack.port("PORT")?, "POST", "/admin/queues/payments/retry", &[], "")?;
    if answer.status == 200 {
        Ok(())
    } else {
        Err(Failure::new(format!("retrying answered {}: {}", answer.status, answer.body)))
    }
}

fn new_order(stack: &Stack<'_>) -> Result<i64> {
    let body = json!({"description": "pedido de prueba", "amount_cents": 1000}).to_string();
    let headers = [("X-Tenant-Id", "tienda-sur")];
    let answer = http::send(stack.port("PORT")?, "POST", "/orders", &headers, &body)?;
    let order: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    order
        .get("id")
        .and_then(Value::as_i64)
        .ok_or_else(|| Failure::new(format!("creating an order answered {}: {}", answer.status, answer.body)))
}

/// A commit, a build and a deploy, as the team's own commands do them.
fn deploy_badly(stack: &Stack<'_>, given: &Given) -> Result<()> {
    release(stack, "1.1.0", given.number("delay_ms")?, "Orders: look up the customer before answering")
}

fn deploy_well(stack: &Stack<'_>, _: &Given) -> Result<()> {
    if Release::current(stack.home.dir())?.delay().is_zero() {
        return Ok(());
    }
    release(stack, "1.0.0", 0, "Orders: answer at once again")
}

fn release(stack: &Stack<'_>, version: &str, response_delay_ms: u64, message: &str) -> Result<()> {
    if !stack.home.path(OWN_HISTORY).exists() {
        return Err(Failure::new("this lab has no git history of its own to commit to")
            .hint("install git and start it in a new directory with --dir"));
    }
    let release = Release { version: version.to_owned(), response_delay_ms, failing_every: 0 };
    release.write(&stack.home.path("app/config.json"))?;
    git::commit(stack.home.dir(), message)?;
    let output = Command::new("make")
        .args(["-s", "build", "deploy"])
        .current_dir(stack.home.dir())
        // The recipe restarts components through this program, which holds the directory's lock already.
        .env("LAB_LOCK_HELD", "1")
        .output()
        .doing(|| "make build deploy".to_owned())?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Failure::new(format!("make build deploy: {text}")));
    }
    stack.await_health()
}

/// Its process stands still, and its port takes connections that nobody reads.
fn signal(stack: &Stack<'_>, given: &Given, signal: Signal, name: &str) -> Result<()> {
    let component = stack.component(given.text("component")?)?;
    // One that somebody has stopped in the meantime needs no signal.
    if !stack.is_running(component)? {
        return Ok(());
    }
    if stack.platform == Platform::Compose {
        return stack.compose().run(&["kill", "-s", name, component.name]).map(|_| ());
    }
    stack.daemon(component)?.pid().map_or(Ok(()), |pid| daemon::signal(pid, signal))
}

fn make_noise(stack: &Stack<'_>, given: &Given) -> Result<()> {
    noise(stack, given.text("tenant")?, given.number("rate")?)?.start().map(|_| ())
}

pub(super) fn end_noise(stack: &Stack<'_>) -> Result<()> {
    noise(stack, "", 0)?.stop().map(|_| ())
}

/// A loader in the background, noted where the operator of the system does not look.
fn noise(stack: &Stack<'_>, tenant: &str, rate: u64) -> Result<Daemon> {
    let folder = stack.home.path(".lab/noise");
    fs::create_dir_all(&folder).doing(|| format!("creating {}", folder.display()))?;
    let (dir, rate) = (stack.home.dir().to_string_lossy().into_owned(), rate.to_string());
    let arguments =
        ["load", "pedidos", "--dir", &dir, "--rate", &rate, "--seconds", "3600", "--tenant", tenant, "--writes", "100"];
    let mut daemon = stack.own_daemon("noise", &arguments)?;
    daemon.log = folder.join("log");
    daemon.pid_file = folder.join("pid");
    Ok(daemon)
}
