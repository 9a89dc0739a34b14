use crate::bed::{Bed, ana, block_on, run};
use serde_json::json;
use sereno_store::{FoundRun, NewEntry, RunFilter, RunUpdate, Store};

fn update(state: &str) -> RunUpdate {
    RunUpdate { state: Some(state.to_owned()), ..RunUpdate::default() }
}

async fn fill(store: &Store) {
    for number in 1..=3 {
        let start = RunUpdate {
            procedure: Some(format!("restart-{number}")),
            title: Some("Reiniciar".to_owned()),
            risk: Some("change".to_owned()),
            ..update("running")
        };
        let entry = NewEntry::new("run.started", json!({})).of(&run(number)).updating(start);
        store.append(&ana(), entry).await.unwrap();
    }
    let end = RunUpdate { finished: Some(true), ..update("succeeded") };
    store.append(&ana(), NewEntry::new("run.finished", json!({})).of(&run(1)).updating(end.clone())).await.unwrap();
    store.append(&ana(), NewEntry::new("run.finished", json!({})).of(&run(2)).updating(end)).await.unwrap();
    let again = RunUpdate { finished: Some(false), ..update("running") };
    store.append(&ana(), NewEntry::new("run.resumed", json!({})).of(&run(2)).updating(again)).await.unwrap();
    store.append(&ana(), NewEntry::new("note.added", json!({})).of(&run(3))).await.unwrap();
}

#[test]
fn the_list_follows_the_journal_and_can_be_rebuilt() {
    for bed in Bed::all() {
        block_on(async {
            let store = bed.store().await;
            fill(&store).await;
            let all = store.runs(&ana(), &RunFilter::default(), 10).await.unwrap();
            let shown: Vec<_> = all
                .iter()
                .map(|run| (run.procedure.as_str(), run.state.as_str(), run.finished_at.is_some(), run.last_seq))
                .collect();
            assert_eq!(
                shown,
                [
                    ("restart-3", "running", false, 7),
                    ("restart-2", "running", false, 6),
                    ("restart-1", "succeeded", true, 4)
                ],
                "{}",
                bed.name
            );
            assert_eq!(all[0].started_by, "os:1000:ana");
            assert!(all[0].updated_at > all[0].started_at);
            let open = RunFilter { open: true, ..RunFilter::default() };
            assert_eq!(store.runs(&ana(), &open, 10).await.unwrap().len(), 2);
            let one =
                RunFilter { procedure: Some("restart-2".to_owned()), state: Some("running".to_owned()), open: false };
            assert_eq!(store.runs(&ana(), &one, 10).await.unwrap().len(), 1);
            assert_eq!(store.runs(&ana(), &RunFilter::default(), 1).await.unwrap().len(), 1);

            bed.raw("UPDATE sereno_runs SET state = 'forged'; DELETE FROM sereno_runs WHERE procedure = 'restart-1'")
                .unwrap();
            let report = store.verify(&ana()).await.unwrap();
            assert_eq!(report.problems.len(), 3, "{:?}", report.problems);
            assert_eq!(store.rebuild_runs(&ana()).await.unwrap(), 3);
            assert_eq!(store.runs(&ana(), &RunFilter::default(), 10).await.unwrap(), all);
            assert!(store.verify(&ana()).await.unwrap().is_sound());
        });
    }
}

#[test]
fn a_run_is_found_by_the_beginning_of_its_id() {
    for bed in Bed::all() {
        block_on(async {
            let store = bed.store().await;
            fill(&store).await;
            let id = run(2).to_string();
            for prefix in [id.as_str(), &id[2..], &id[2..8], &id.to_uppercase()] {
                let found = store.find_run(&ana(), prefix).await.unwrap();
                assert!(matches!(&found, FoundRun::One(run) if run.id == id), "{prefix}: {found:?}");
            }
            for none in ["", "r-", "%", "r-zzzzzzz", "x'; DROP TABLE sereno_runs"] {
                assert_eq!(store.find_run(&ana(), none).await.unwrap(), FoundRun::None, "{none}");
            }
            // Ids that begin alike.
            let other = format!("{}2", &id[..8]).parse().unwrap();
            store.append(&ana(), NewEntry::new("run.started", json!({})).of(&other)).await.unwrap();
            let found = store.find_run(&ana(), &id[..8]).await.unwrap();
            assert!(matches!(&found, FoundRun::Several(runs) if runs.len() == 2), "{found:?}");
        });
    }
}
