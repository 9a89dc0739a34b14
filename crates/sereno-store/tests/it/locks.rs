use crate::bed::{Bed, ana, block_on, run};
use sereno_store::{Actor, Context, Role, StoreError};
use std::time::Duration;

const LEASE: Duration = Duration::from_mins(1);

#[test]
fn one_run_holds_a_component() {
    for bed in Bed::all() {
        block_on(async {
            let store = bed.store().await;
            let bea = Context::new(Actor::new("bea", "token", "Bea"), [Role::Operator]);
            let lock = store.acquire_lock(&ana(), "backend", &run(1), LEASE).await.unwrap();
            assert_eq!(lock.holder, "os:1000:ana");
            let Err(StoreError::LockHeld(held)) = store.acquire_lock(&bea, "backend", &run(2), LEASE).await else {
                panic!("{}: two runs hold one component", bed.name);
            };
            assert_eq!((held.run.as_str(), held.by.as_str()), (run(1).as_str(), "os:1000:ana"));
            // All or none: `redis` is not kept when `backend` is not to be had.
            assert!(store.acquire_locks(&bea, &["redis", "backend"], &run(2), LEASE).await.is_err());
            assert_eq!(store.locks(&ana()).await.unwrap().len(), 1);
            // The same run again renews, and stays the one who took it first.
            let again = store.acquire_lock(&ana(), "backend", &run(1), LEASE * 2).await.unwrap();
            assert_eq!(again.since, lock.since);
            assert!(again.expires > lock.expires);
            assert_eq!(store.renew_locks(&ana(), &run(1), LEASE).await.unwrap().len(), 1);
            assert_eq!(store.release_locks(&ana(), &run(1)).await.unwrap(), 1);
            assert_eq!(store.acquire_locks(&bea, &["redis", "backend"], &run(2), LEASE).await.unwrap().len(), 2);
            assert_eq!(store.renew_locks(&ana(), &run(1), LEASE).await.unwrap(), []);
            assert_eq!(store.head(&ana()).await.unwrap().seq, 0);
        });
    }
}

#[test]
fn a_lease_that_ran_out_is_taken_over_and_the_journal_says_so() {
    for bed in Bed::all() {
        block_on(async {
            let store = bed.store().await;
            store.acquire_lock(&ana(), "backend", &run(1), Duration::ZERO).await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
            let lock = store.acquire_lock(&ana(), "backend", &run(2), LEASE).await.unwrap();
            assert_eq!(lock.run, run(2));
            let entries = store.entries_of(&ana(), &run(2)).await.unwrap();
            assert_eq!(entries[0].kind, "lock.taken_over", "{}", bed.name);
            assert_eq!(entries[0].data["from_run"], run(1).as_str());
            assert_eq!(entries[0].data["why"], "its lease ran out");
            // Who is known to be at work keeps the lock whatever its lease says; who is known to be dead loses it at once.
            store.acquire_lock(&ana(), "backend", &run(2), Duration::ZERO).await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
            let refused = store.acquire_locks_unless(&ana(), &["backend"], &run(3), LEASE, |_| true).await;
            assert!(matches!(refused, Err(StoreError::LockHeld(_))), "{}: {refused:?}", bed.name);
            store.acquire_lock(&ana(), "backend", &run(2), LEASE).await.unwrap();
            let refused = store.take_lock_over(&ana(), "backend", &run(1), &run(3), LEASE).await;
            assert!(matches!(refused, Err(StoreError::LockHeld(_))), "{}: it is another's by now", bed.name);
            let lock = store.take_lock_over(&ana(), "backend", &run(2), &run(3), LEASE).await.unwrap();
            assert_eq!(lock.run, run(3));
            let entries = store.entries_of(&ana(), &run(3)).await.unwrap();
            assert_eq!(entries[0].data["why"], "nobody walks it");
            assert!(store.verify(&ana()).await.unwrap().is_sound());
        });
    }
}
