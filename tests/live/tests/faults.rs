//! The API server goes away in the middle of five writes: all of them are there in the end, or none, and the journal says which.
#![cfg(test)]

use std::path::PathBuf;
use std::time::Duration;

use cluster::Connection;
use journal::State;
use live::cluster::kubeconfig;
use live::server::{Server, spare};
use live::shop::{clear, open_as, until};
use live::way::Way;
use serde_json::json;
use world::ObjectKey;
use world::yaml;

/// A namespace that every cluster has.
const NAMESPACE: &str = "default";
/// How long it is away.
const AWAY: Duration = Duration::from_secs(5);

fn key(number: u8) -> ObjectKey {
    ObjectKey::new("networking.istio.io", "ServiceEntry", NAMESPACE, &format!("netloft-faults-{number}"))
}

fn entry(number: u8) -> String {
    yaml::write(&json!({"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
        "metadata": {"namespace": NAMESPACE, "name": key(number).name},
        "spec": {"hosts": [format!("{number}.faults.example")], "resolution": "STATIC",
            "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
            "endpoints": [{"address": "192.0.2.1"}]}}))
}

async fn there(connection: &Connection) -> usize {
    let mut count = 0;
    for number in 1..=5 {
        count += usize::from(connection.get(&key(number)).await.is_ok());
    }
    count
}

/// Who takes the server away, and brings it back.
enum Hand {
    /// The way to it is cut, for [`AWAY`].
    Cut,
    /// It is killed, and started again.
    Kill(Server),
}

async fn job(context: &'static str, hand: Hand, kubeconfig: PathBuf, folder: PathBuf) {
    let direct = live::cluster::open(kubeconfig.clone(), context).await.unwrap();
    clear(&direct, &[1, 2, 3, 4, 5].map(key)).await.unwrap();
    let (way, slow) = Way::open(&kubeconfig, &folder).await.unwrap();
    let (workbench, session) = open_as(context, slow, &folder).await.unwrap();
    for number in 1..=5 {
        session.draft_put(&entry(number), "").await.unwrap();
    }
    let plan = session.review().await.unwrap();
    assert!(plan.because.en.is_empty() && plan.steps.len() == 5, "{plan:?}");

    let fault = async {
        let begun = until("two of five are written", async || match there(&direct).await {
            count if count >= 2 => Ok(count),
            count => Err(format!("{count} of 5")),
        });
        let left = begun.await.unwrap();
        match &hand {
            Hand::Cut => {
                way.cut();
                tokio::time::sleep(AWAY).await;
                let left = there(&direct).await;
                way.mend();
                left
            }
            Hand::Kill(server) => {
                server.kill().await.unwrap();
                server.start().unwrap();
                left
            }
        }
    };
    let (applied, left) = tokio::join!(session.apply(&plan.token, "five at once", &[]), fault);
    let applied = applied.unwrap();
    let count = until("the server answers again", async || {
        direct.get(&ObjectKey::new("", "Namespace", "", "default")).await.map_err(|error| error.to_string())?;
        Ok(there(&direct).await)
    });
    let count = count.await.unwrap();
    match applied.state {
        State::Applied => assert_eq!(count, 5, "{applied:#?}"),
        State::RolledBack => assert_eq!(count, 0, "{applied:#?}"),
        other => panic!("all or none, not {other:?}: {applied:#?}"),
    }
    let row = session.history(&Default::default()).await.unwrap().remove(0);
    assert_eq!((row.entry.id, row.entry.state), (applied.entry, applied.state), "the journal says the same");
    assert!(row.entry.objects.iter().all(|object| object.outcome.state == applied.state), "{:#?}", row.entry.objects);
    eprintln!("{left} of 5 were there when the server went away; in the end {count}: {:?}", applied.state);
    workbench.close(session.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_in_the_middle_leaves_all_or_none() {
    let Some(path) = kubeconfig() else { return };
    let work = |path, folder| job("real", Hand::Cut, path, folder);
    live::shop::job(path, &[1, 2, 3, 4, 5].map(key), work).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_in_the_middle_leaves_all_or_none() {
    let Some(path) = spare() else { return };
    let hand = Hand::Kill(Server::beside(&path).unwrap());
    let work = |path, folder| job("west", hand, path, folder);
    live::shop::job_in("west", path, &[1, 2, 3, 4, 5].map(key), work).await.unwrap();
}
