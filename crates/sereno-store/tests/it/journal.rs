use crate::bed::{Bed, ana, block_on, run, viewer};
use serde_json::json;
use sereno_model::Digest;
use sereno_store::{Actor, Context, NewEntry, Role, Store, StoreError};

fn note(text: &str) -> NewEntry {
    NewEntry::new("note.added", json!({ "text": text, "nested": {"z": 1, "a": [1.5, null, "\u{0}ñ"]} }))
}

#[test]
fn entries_come_back_as_they_were_appended() {
    for bed in Bed::all() {
        block_on(async {
            let store = bed.store().await;
            let first = store.append(&ana(), note("one")).await.unwrap();
            let second = store.append(&ana(), note("two").of(&run(1))).await.unwrap();
            assert_eq!((first.seq, second.seq), (1, 2), "{}", bed.name);
            assert_eq!(second.previous, first.hash);
            assert_eq!(second.at.len(), "2026-11-21T22:36:00.123456Z".len());
            let all = store.entries_after(&ana(), 0, 10).await.unwrap();
            assert_eq!(all, [first, second.clone()]);
            assert_eq!(store.entries_of(&ana(), &run(1)).await.unwrap(), std::slice::from_ref(&second));
            assert_eq!(store.entries_after(&ana(), 2, 10).await.unwrap(), []);
            let head = store.head(&ana()).await.unwrap();
            assert_eq!((head.seq, head.hash), (2, second.hash));
        });
    }
}

#[test]
fn the_hash_is_of_the_documented_text() {
    for bed in Bed::all() {
        block_on(async {
            let store = bed.store().await;
            let entry = store.append(&ana(), NewEntry::new("a.b", json!({"x": "y"})).of(&run(1))).await.unwrap();
            let text = format!(
                "{{\"format\":\"sereno-journal-1\",\"seq\":1,\"at\":\"{}\",\"actor\":{{\"id\":\"os:1000:ana\",\"how\":\"os-user\",\
                 \"display\":\"Ana\"}},\"run\":\"{}\",\"kind\":\"a.b\",\"data\":{{\"x\":\"y\"}},\"update\":null,\"previous\":\"{}\"}}",
                entry.at,
                run(1),
                "0".repeat(64)
            );
            assert_eq!(entry.hash, Digest::of(text));
        });
    }
}

#[test]
fn two_people_at_once_do_not_both_win() {
    for bed in Bed::all() {
        block_on(async {
            let (one, two) = (bed.store().await, bed.store().await);
            let seen = one.append(&ana(), note("start").of(&run(1))).await.unwrap().seq;
            store_noise(&one).await;
            let won = one.append_if(&ana(), &run(1), seen, vec![note("a"), note("b")]).await.unwrap();
            assert_eq!(won.len(), 2);
            let lost = two.append_if(&ana(), &run(1), seen, vec![note("c")]).await;
            assert!(
                matches!(lost, Err(StoreError::Conflict { expected, found, .. }) if expected == seen && found == won[1].seq),
                "{lost:?}"
            );
            assert_eq!(two.entries_of(&ana(), &run(1)).await.unwrap().len(), 3);
            assert!(two.append_if(&ana(), &run(2), 0, vec![note("new run")]).await.is_ok());
            // One entry that cannot be appended takes the others with it.
            let last = two.head(&ana()).await.unwrap().seq;
            let bad =
                two.append_if(&ana(), &run(2), last, vec![note("x"), NewEntry::new("Not A Kind", json!(1))]).await;
            assert!(matches!(bad, Err(StoreError::BadKind { .. })));
            assert_eq!(two.head(&ana()).await.unwrap().seq, last);
        });
    }
}

async fn store_noise(store: &Store) {
    store.append(&ana(), note("of another run").of(&run(9))).await.unwrap();
}

#[test]
fn roles_are_asked_for_at_the_door() {
    for bed in Bed::all() {
        block_on(async {
            let store = bed.store().await;
            let operator = Context::new(Actor::new("op", "token", "Op"), [Role::Operator]);
            let approver = Context::new(Actor::new("ap", "token", "Ap"), [Role::Approver]);
            let yes = || NewEntry::new("approval.given", json!({}));
            let nobody = Context::new(Actor::new("no", "token", ""), []);
            for (who, entry, allowed) in [
                (&operator, note("x"), true),
                (&operator, yes(), false),
                (&approver, yes(), true),
                (&approver, note("x"), false),
                (&viewer(), note("x"), false),
                (&viewer(), yes(), false),
                (&ana(), yes(), true),
            ] {
                let kind = entry.kind.clone();
                let done = store.append(who, entry).await;
                assert_eq!(done.is_ok(), allowed, "{} {kind}", who.actor);
            }
            assert!(store.entries_after(&viewer(), 0, 1).await.is_ok());
            let refused = [
                store.entries_after(&nobody, 0, 1).await.err(),
                store.head(&nobody).await.err(),
                store.verify(&nobody).await.err(),
                store.runs(&nobody, &sereno_store::RunFilter::default(), 1).await.err(),
                store.find_run(&nobody, "r-2").await.err(),
                store.locks(&nobody).await.err(),
                store.entries_of(&nobody, &run(1)).await.err(),
                store.rebuild_runs(&operator).await.err(),
                store.release_locks(&viewer(), &run(1)).await.err(),
                store.renew_locks(&viewer(), &run(1), Store::PATIENCE).await.err(),
                store.acquire_lock(&viewer(), "x", &run(1), Store::PATIENCE).await.err(),
                store.append_if(&viewer(), &run(1), 0, vec![note("x")]).await.err(),
            ];
            for (at, error) in refused.into_iter().enumerate() {
                assert!(matches!(error, Some(StoreError::NotAllowed { .. })), "{at}: {error:?}");
            }
        });
    }
}

#[test]
fn the_database_itself_refuses_to_edit_or_remove() {
    for bed in Bed::all() {
        block_on(async {
            let store = bed.store().await;
            store.append(&ana(), note("x")).await.unwrap();
        });
        for sql in ["UPDATE sereno_journal SET kind = 'y'", "DELETE FROM sereno_journal"] {
            let refused = bed.raw(sql).unwrap_err();
            assert!(refused.contains("the journal only grows"), "{}: {refused}", bed.name);
        }
    }
}

/// Prints the cost of an append; durable on SQLite means a flush to this machine's disk.
#[test]
fn an_append_is_quick() {
    for bed in Bed::all() {
        let cost = block_on(async {
            let store = bed.store().await;
            store.append(&ana(), note("warm")).await.unwrap();
            let started = std::time::Instant::now();
            for number in 0..300 {
                store
                    .append(&ana(), NewEntry::new("step.started", json!({ "step": number })).of(&run(1)))
                    .await
                    .unwrap();
            }
            started.elapsed() / 300
        });
        eprintln!("{}: {cost:?} per append", bed.name);
        assert!(cost.as_millis() < 50, "{}: {cost:?}", bed.name);
    }
}
