//! Locks: one changing run per component at a time.
//!
//! A lock is a lease. Who holds it renews it; when the machine of the holder died, the lease runs out, and the next one
//! takes the lock over, which the journal says. Who knows that a holder is dead need not wait for that; who knows that it
//! is at work may not take the lock although the lease ran out (a clock that jumped).

use crate::Store;
use crate::access::{Action, Context};
use crate::db::{Row, Tx};
use crate::entry::NewEntry;
use crate::error::StoreError;
use crate::journal::{append_one, head_of, now};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sereno_model::{RunId, Text};
use std::time::Duration;

/// A lock that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    pub component: String,
    pub run: RunId,
    /// The id of the actor who took it.
    pub holder: String,
    pub since: String,
    /// Microseconds since 1970.
    pub expires: i64,
}

/// Why a lock was not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub component: String,
    pub run: String,
    /// The id of the actor who holds it.
    pub by: String,
    pub since: String,
    /// Microseconds since 1970.
    pub expires: i64,
}

impl Held {
    pub fn text(&self) -> Text {
        let Self { component, run, by, since, .. } = self;
        Text::new(
            format!("{component} is locked by run {run} of {by} since {since}."),
            format!("{component} está bloqueado por la ejecución {run} de {by} desde {since}."),
        )
    }
}

impl Store {
    /// Takes the lock of one component; see [`Store::acquire_locks`].
    pub async fn acquire_lock(
        &self,
        context: &Context,
        component: &str,
        run: &RunId,
        lease: Duration,
    ) -> Result<Lock, StoreError> {
        let mut locks = self.acquire_locks(context, &[component], run, lease).await?;
        locks.pop().ok_or_else(|| StoreError::Damaged { seq: 0, why: "a lock was not returned".to_owned() })
    }

    /// Takes the locks of all components for `run`, or none. A lock that the run holds already is renewed. A lock whose
    /// lease ran out is taken over, and an entry `lock.taken_over` of this run says from whom.
    pub async fn acquire_locks(
        &self,
        context: &Context,
        components: &[&str],
        run: &RunId,
        lease: Duration,
    ) -> Result<Vec<Lock>, StoreError> {
        self.acquire_locks_unless(context, components, run, lease, |_| false).await
    }

    /// The same, but for a lock of a run that `at_work` says is at work: it is held, whatever its lease says.
    pub async fn acquire_locks_unless(
        &self,
        context: &Context,
        components: &[&str],
        run: &RunId,
        lease: Duration,
        at_work: impl Fn(&RunId) -> bool,
    ) -> Result<Vec<Lock>, StoreError> {
        context.may(Action::Operate)?;
        let mut tx = self.db.write().await?;
        let mut locks = Vec::with_capacity(components.len());
        for component in components {
            locks.push(acquire(&mut tx, context, component, (run, lease), &at_work).await?);
        }
        tx.commit().await?;
        Ok(locks)
    }

    /// Takes a lock over from a run that the caller knows to be dead, before its lease ran out. When another run holds it
    /// by now, it is held.
    pub async fn take_lock_over(
        &self,
        context: &Context,
        component: &str,
        from: &RunId,
        run: &RunId,
        lease: Duration,
    ) -> Result<Lock, StoreError> {
        context.may(Action::Operate)?;
        let mut tx = self.db.write().await?;
        if let Some(held) = held(&mut tx, component).await?
            && held.run == from.as_str()
        {
            taken_over(&mut tx, context, &held, run, "nobody walks it").await?;
            tx.execute("DELETE FROM sereno_locks WHERE component = $1", [component.into()]).await?;
        }
        let lock = acquire(&mut tx, context, component, (run, lease), &|_: &RunId| false).await?;
        tx.commit().await?;
        Ok(lock)
    }

    /// Renews all locks of a run. A lock that is missing from the answer was taken over by another run.
    pub async fn renew_locks(&self, context: &Context, run: &RunId, lease: Duration) -> Result<Vec<Lock>, StoreError> {
        context.may(Action::Operate)?;
        let mut tx = self.db.write().await?;
        tx.execute("UPDATE sereno_locks SET expires = $1 WHERE run = $2", [expiry(lease).into(), run.as_str().into()])
            .await?;
        let rows = tx
            .fetch(
                "SELECT component, run, holder, since, expires FROM sereno_locks WHERE run = $1 ORDER BY component",
                [run.as_str().into()],
            )
            .await?;
        tx.commit().await?;
        Ok(rows.iter().filter_map(lock_of).collect())
    }

    /// Gives back all locks of a run and says how many there were.
    pub async fn release_locks(&self, context: &Context, run: &RunId) -> Result<u64, StoreError> {
        context.may(Action::Operate)?;
        let mut tx = self.db.write().await?;
        let released = tx.execute("DELETE FROM sereno_locks WHERE run = $1", [run.as_str().into()]).await?;
        tx.commit().await?;
        Ok(released)
    }

    /// All locks, also those whose lease ran out.
    pub async fn locks(&self, context: &Context) -> Result<Vec<Lock>, StoreError> {
        context.may(Action::Read)?;
        let mut tx = self.db.read().await?;
        let rows =
            tx.fetch("SELECT component, run, holder, since, expires FROM sereno_locks ORDER BY component", []).await?;
        tx.commit().await?;
        Ok(rows.iter().filter_map(lock_of).collect())
    }
}

/// Who holds a lock, if anybody does.
async fn held(tx: &mut Tx, component: &str) -> Result<Option<Held>, StoreError> {
    let sql = "SELECT component, run, holder, since, expires FROM sereno_locks WHERE component = $1";
    let row = tx.first(sql, [component.into()]).await?;
    Ok(row.map(|row| Held {
        component: component.to_owned(),
        run: row.text(1),
        by: row.text(2),
        since: row.text(3),
        expires: row.number(4),
    }))
}

async fn taken_over(tx: &mut Tx, context: &Context, held: &Held, run: &RunId, why: &str) -> Result<(), StoreError> {
    let data = serde_json::json!({
        "component": held.component, "from_run": held.run, "from": held.by, "since": held.since, "why": why,
    });
    let mut head = head_of(tx).await?;
    append_one(tx, &mut head, context, NewEntry::new("lock.taken_over", data).of(run)).await?;
    Ok(())
}

async fn acquire(
    tx: &mut Tx,
    context: &Context,
    component: &str,
    (run, lease): (&RunId, Duration),
    at_work: &impl Fn(&RunId) -> bool,
) -> Result<Lock, StoreError> {
    let mut since = now();
    if let Some(held) = held(tx, component).await? {
        let ran_out = held.expires <= Timestamp::now().as_microsecond();
        if held.run == run.as_str() {
            since = held.since;
        } else if !ran_out || held.run.parse().is_ok_and(|other| at_work(&other)) {
            return Err(StoreError::LockHeld(Box::new(held)));
        } else {
            taken_over(tx, context, &held, run, "its lease ran out").await?;
        }
    }
    let lock = Lock {
        component: component.to_owned(),
        run: run.clone(),
        holder: context.actor.id.clone(),
        since,
        expires: expiry(lease),
    };
    tx.execute(
        "INSERT INTO sereno_locks (component, run, holder, since, expires) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (component) DO UPDATE SET run = excluded.run, holder = excluded.holder,
           since = excluded.since, expires = excluded.expires",
        [
            component.into(),
            run.as_str().into(),
            lock.holder.as_str().into(),
            lock.since.as_str().into(),
            lock.expires.into(),
        ],
    )
    .await?;
    Ok(lock)
}

fn expiry(lease: Duration) -> i64 {
    let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
    Timestamp::now().as_microsecond().saturating_add(lease)
}

fn lock_of(row: &Row) -> Option<Lock> {
    Some(Lock {
        component: row.text(0),
        run: row.text(1).parse().ok()?,
        holder: row.text(2),
        since: row.text(3),
        expires: row.number(4),
    })
}
