use crate::bed::{Bed, ana, block_on, run};
use serde_json::json;
use sereno_model::Digest;
use sereno_store::{Head, NewEntry, Problem, ProblemKind, Store, verify_export};

async fn fill(store: &Store) -> Vec<Head> {
    let mut heads = Vec::new();
    for number in 1..=9 {
        let entry =
            store.append(&ana(), NewEntry::new("note.added", json!({ "n": number })).of(&run(1))).await.unwrap();
        heads.push(Head { seq: entry.seq, hash: entry.hash });
    }
    heads
}

/// What was done, and what must be said about it. The last columns are the same for an export.
#[test]
fn whatever_was_tampered_with_is_named() {
    use ProblemKind::{Edited, LinkBroken, Missing, Moved, Relabelled};
    let swap = "UPDATE sereno_journal SET seq = 105 WHERE seq = 5; UPDATE sereno_journal SET seq = 5 WHERE seq = 6;
                UPDATE sereno_journal SET seq = 6 WHERE seq = 105";
    let table: &[(&str, &[(u64, ProblemKind)])] = &[
        ("UPDATE sereno_journal SET body = replace(body, '\"n\":4', '\"n\":5') WHERE seq = 4", &[(4, Edited)]),
        (
            "UPDATE sereno_journal SET hash = (SELECT hash FROM sereno_journal WHERE seq = 2) WHERE seq = 4",
            &[(4, Edited), (5, LinkBroken)],
        ),
        ("DELETE FROM sereno_journal WHERE seq = 4", &[(5, Missing { from: 4, to: 4 })]),
        ("DELETE FROM sereno_journal WHERE seq < 4", &[(4, Missing { from: 1, to: 3 })]),
        (swap, &[(5, Moved { says: 6 }), (5, LinkBroken), (6, Moved { says: 5 }), (6, LinkBroken), (7, LinkBroken)]),
        (
            "DELETE FROM sereno_journal WHERE seq = 4; UPDATE sereno_journal SET seq = seq - 1 WHERE seq > 4",
            &[
                (4, Moved { says: 5 }),
                (4, LinkBroken),
                (5, Moved { says: 6 }),
                (6, Moved { says: 7 }),
                (7, Moved { says: 8 }),
                (8, Moved { says: 9 }),
            ],
        ),
        ("UPDATE sereno_journal SET kind = 'other' WHERE seq = 3", &[(3, Relabelled)]),
        ("UPDATE sereno_journal SET run = NULL WHERE seq = 3", &[(3, Relabelled)]),
    ];
    for (sql, expected) in table {
        for bed in Bed::all() {
            block_on(async {
                let store = bed.store().await;
                fill(&store).await;
                assert!(store.verify(&ana()).await.unwrap().is_sound());
                bed.tamper(sql);
                let found = store.verify(&ana()).await.unwrap().problems;
                let expected: Vec<Problem> =
                    expected.iter().cloned().map(|(seq, kind)| Problem { seq, kind }).collect();
                assert_eq!(found, expected, "{}: {sql}", bed.name);
                if !expected.iter().any(|problem| problem.kind == Relabelled) {
                    let mut export = Vec::new();
                    store.export(&ana(), &mut export).await.unwrap();
                    assert!(!verify_export(export.as_slice(), None).unwrap().is_sound(), "{sql}");
                }
            });
        }
    }
}

#[test]
fn an_edit_with_its_hash_made_new_breaks_the_link_after_it() {
    let bed = Bed::sqlite();
    block_on(async {
        let store = bed.store().await;
        fill(&store).await;
        let mut export = Vec::new();
        store.export(&ana(), &mut export).await.unwrap();
        let export = String::from_utf8(export).unwrap();
        let line = export.lines().nth(3).unwrap();
        let body = line.split_once("\"entry\":").unwrap().1.strip_suffix('}').unwrap();
        let forged = body.replace("\"n\":4", "\"n\":44");
        let hash = Digest::of(&forged);
        bed.tamper(&format!("UPDATE sereno_journal SET body = '{forged}', hash = '{hash}' WHERE seq = 4"));
        let found = store.verify(&ana()).await.unwrap().problems;
        assert_eq!(found, [Problem { seq: 5, kind: ProblemKind::LinkBroken }]);
    });
}

#[test]
fn a_head_that_was_sent_once_tells_a_cut_and_a_rewrite() {
    for bed in Bed::all() {
        block_on(async {
            let store = bed.store().await;
            let heads = fill(&store).await;
            assert!(store.verify_against(&ana(), heads[4].clone()).await.unwrap().is_sound());
            let other = Head { seq: 5, hash: Digest::of("other") };
            let found = store.verify_against(&ana(), other).await.unwrap().problems;
            assert_eq!(found, [Problem { seq: 5, kind: ProblemKind::Rewritten }]);
            bed.tamper("DELETE FROM sereno_journal WHERE seq > 7");
            assert!(
                store
                    .verify(&ana())
                    .await
                    .unwrap()
                    .problems
                    .iter()
                    .all(|p| matches!(p.kind, ProblemKind::ListDiffers { .. }))
            );
            let found = store.verify_against(&ana(), heads[8].clone()).await.unwrap().problems;
            assert!(found.contains(&Problem { seq: 9, kind: ProblemKind::Truncated }), "{found:?}");
        });
    }
}

#[test]
fn an_export_is_checked_without_a_database() {
    for bed in Bed::all() {
        let (lines, heads) = block_on(async {
            let store = bed.store().await;
            let heads = fill(&store).await;
            let mut export = Vec::new();
            let head = store.export(&ana(), &mut export).await.unwrap();
            assert_eq!(Some(&head), heads.last());
            let report = verify_export(export.as_slice(), Some(head.clone())).unwrap();
            assert!(report.is_sound(), "{:?}", report.problems);
            assert_eq!((report.entries, report.head), (9, head));
            let text = String::from_utf8(export).unwrap();
            (text.lines().map(str::to_owned).collect::<Vec<_>>(), heads)
        });
        let check = |lines: &[String]| {
            let text = lines.join("\n");
            verify_export(text.as_bytes(), heads.last().cloned()).unwrap().problems
        };
        assert_eq!(check(&lines), []);
        let mut edited = lines.clone();
        edited[3] = edited[3].replace("\"n\":4", "\"n\":5");
        assert_eq!(check(&edited), [Problem { seq: 4, kind: ProblemKind::Edited }]);
        let mut swapped = lines.clone();
        swapped.swap(3, 4);
        assert!(check(&swapped).contains(&Problem { seq: 4, kind: ProblemKind::OutOfOrder }));
        let mut shorter = lines.clone();
        shorter.pop();
        assert_eq!(check(&shorter), [Problem { seq: 9, kind: ProblemKind::Truncated }]);
        let mut without = lines.clone();
        without.remove(2);
        assert_eq!(check(&without), [Problem { seq: 4, kind: ProblemKind::Missing { from: 3, to: 3 } }]);
        let mut garbage = lines;
        garbage[2] = "not a line".to_owned();
        assert!(!check(&garbage).is_empty());
    }
}
