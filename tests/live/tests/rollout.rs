//! A rollout on a genuine mesh: reviews v1 to v3 in four steps while its gate holds; and back by itself when a tenth of the
//! answers fail.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use cluster::Connection;
use live::cluster::kubeconfig;
use live::rollouts::{WHOLE, answered_by, failing, filter, load, rolled};
use live::shop::{NAMESPACE, ask, clear, client, fetch, keys, make, open, open_as, subsets, until};
use rollout::{Command, Phase, Plan};
use serde_json::{Value, json};
use session::Session;
use world::ObjectKey;

const NAME: &str = "netloft-rollout";

/// All requests to v1.
fn stable() -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"namespace": NAMESPACE, "name": NAME},
        "spec": {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews", "subset": "v1"}}]}]}})
}

fn plan() -> Plan {
    Plan::read(&format!(
        "name: reviews to v3\nservice: {{namespace: {NAMESPACE}, name: reviews}}\nroute: {{kind: VirtualService, name: {NAME}}}\nstable: v1\ncanary: v3\n\
         interval: 10s\nminRequests: 1\npatience: 3m\n\
         steps: [{{weight: 10, cohort: {{header: x-user, value: tester}}, pause: 10s}}, {{weight: 30, pause: 10s}}, {{weight: 60, pause: 10s}}, {{weight: 100, pause: 10s}}]\n\
         gates: [{{metric: success-rate, min: 97}}]\n"
    ))
    .unwrap()
}

async fn begun(connection: &Connection) {
    clear(connection, &all_keys()).await.unwrap();
    make(connection, &subsets(NAME)).await.unwrap();
    make(connection, &stable()).await.unwrap();
}

/// Everything that a test here makes.
fn all_keys() -> Vec<ObjectKey> {
    keys(NAME).into_iter().chain([filter(NAME)]).collect()
}

async fn job(kubeconfig: PathBuf, folder: PathBuf) {
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let connection = session.connection().clone();
    let client = client(&session).unwrap();

    begun(&connection).await;
    let asking = tokio::task::spawn_local(load(client.clone()));
    let done = rolled(&session, plan()).await.unwrap();
    asking.abort();
    assert_eq!(done.run.phase, Phase::Done, "{:#?}", done.run.checks);
    let seen: Vec<u8> = done.run.checks.iter().map(|check| check.split.canary).collect();
    assert!([10, 30, 60, 100].iter().all(|weight| seen.contains(weight)), "{seen:?}");
    answered_by(&client, "v3").await.unwrap();

    begun(&connection).await;
    make(&connection, &failing(NAME, 10)).await.unwrap();
    let world = session.world();
    let third = world.pods_in(NAMESPACE).find(|pod| pod.workload.1 == "reviews-v3").unwrap().ip.clone();
    until("some of what version 3 is asked is answered with 503", async || {
        let url = format!("http://{third}:9080/");
        let answers = fetch(&client, &url, 100, "").await.map_err(|error| error.to_string())?;
        if answers.iter().any(|answer| answer["status"] == 503) { Ok(()) } else { Err(format!("{answers:?}")) }
    })
    .await
    .unwrap();
    let asking = tokio::task::spawn_local(load(client.clone()));
    let back = rolled(&session, plan()).await.unwrap();
    asking.abort();
    assert!(
        matches!(&back.run.phase, Phase::Returned(because) if because.en.contains("below 97 %")),
        "{:#?}",
        back.run
    );
    // The look at which the gate broke is the last: the way back began with it.
    let last = back.run.checks.back().unwrap();
    assert_eq!(last.split.canary, 10, "{:#?}", back.run.checks);
    let broke = back.at as f64 + last.at * 1000.0;
    let history = session.history(&session::history::Wanted::default()).await.unwrap();
    let written = history.iter().filter(|row| back.entries.contains(&row.entry.id)).map(|row| row.entry.at as f64);
    let returned = written.filter(|at| *at > broke - 1000.0).fold(f64::INFINITY, f64::min);
    assert!(returned - broke < 10_000.0, "the way back began {} ms after the gate broke", returned - broke);
    answered_by(&client, "v1").await.unwrap();
    let [route, _] = keys(NAME);
    let route = connection.get(&route).await.unwrap();
    assert!(route.pointer("/metadata/annotations").is_none(), "no lease is left: {route}");
    eprintln!(
        "to v3 in {} looks; back after {} looks: {:?}",
        done.run.checks.len(),
        back.run.checks.len(),
        back.run.phase
    );
    workbench.close(session.id());
}

/// The program that is killed: this test again, in a process of its own, with the profile to work in.
const PROFILE: &str = "NETLOFT_ROLLOUT_PROFILE";

/// Ended with this, however the test ends.
struct Program(Child);

impl Program {
    fn start(folder: &Path) -> Self {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_killed_program_leaves_a_rollout_that_holds_and_goes_on"]).env(PROFILE, folder);
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }

    /// Without a word of warning.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have been killed already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Drives the rollout until it is killed.
async fn program(kubeconfig: PathBuf, folder: &Path) {
    let (_workbench, session) = open(kubeconfig, folder).await.unwrap();
    let over = rolled(&session, plan()).await.unwrap();
    panic!("nobody killed it: {:?}", over.run.phase);
}

async fn route(connection: &Connection) -> (u64, bool) {
    let [route, _] = keys(NAME);
    let route = connection.get(&route).await.unwrap();
    let rules = route.pointer("/spec/http").and_then(Value::as_array).cloned().unwrap_or_default();
    let all = rules.last().and_then(|rule| rule["route"].as_array()).cloned().unwrap_or_default();
    let canary =
        all.iter().find(|to| to["destination"]["subset"] == "v3").map_or(0, |to| to["weight"].as_u64().unwrap());
    (canary, route.pointer("/metadata/annotations/netloft.dev~1rollout").is_some())
}

async fn killed(kubeconfig: PathBuf, folder: PathBuf) {
    let connection = live::cluster::open(kubeconfig.clone(), "real").await.unwrap();
    begun(&connection).await;
    let mut first = Program::start(&folder);
    let (held, leased) = until("the first step is written", async || match route(&connection).await {
        (0, _) => Err("all goes to v1".into()),
        at => Ok(at),
    })
    .await
    .unwrap();
    first.kill();
    let (workbench, session) = open(kubeconfig, &folder).await.unwrap();
    let asker = client(&session).unwrap();
    until("the cohort reaches v3 whatever the weights say", async || {
        let counts = ask(&asker, 40, "x-user:tester").await.map_err(|error| error.to_string())?;
        let all = counts.keys().all(|(answered, status)| answered == "v3" && *status == 200);
        if all { Ok(()) } else { Err(format!("{counts:?}")) }
    })
    .await
    .unwrap();
    assert!(leased, "anybody sees who drives it");

    // The next start takes it over once its driver was silent for long enough, and holds what it finds.
    let asking = tokio::task::spawn_local(load(asker.clone()));
    session.rollouts_keep_watch();
    let own = async || session.rollouts().await.map_err(|error| error.to_string()).map(|mut all| all.remove(0));
    let found = until("it is taken over", async || match own().await? {
        one if one.is_ours => Ok(one),
        one => Err(format!("{:?}", one.run.phase)),
    })
    .await
    .unwrap();
    assert!(matches!(&found.run.phase, Phase::Paused(because) if because.en.contains("away")), "{:?}", found.run.phase);
    let looks = found.run.checks.len();
    let still = until("it is looked at while it holds", async || match own().await? {
        one if one.run.checks.len() > looks => Ok(one),
        one => Err(format!("{:?}", one.run.phase)),
    })
    .await
    .unwrap();
    assert!(matches!(still.run.phase, Phase::Paused(_)), "{:?}", still.run.phase);
    assert_eq!(route(&connection).await, (held, true), "nothing moves by itself");

    session.rollout_command(found.id, Command::Resume).await.unwrap();
    let mut traffic = session.traffic();
    let over = async {
        loop {
            let one = own().await.unwrap();
            if one.is_over {
                return one;
            }
            let _ = tokio::time::timeout(Duration::from_secs(1), traffic.changed()).await;
        }
    };
    let done = tokio::time::timeout(WHOLE, over).await.expect("it ends");
    asking.abort();
    assert_eq!(done.run.phase, Phase::Done, "{:#?}", done.run.checks);
    assert_eq!(route(&connection).await, (100, false), "the end of it, and no lease");
    answered_by(&asker, "v3").await.unwrap();
    eprintln!("killed at {held} %, held, and went on to the end");
    workbench.close(session.id());
}

/// A kubeconfig for a second person with a context of her own name: the same server, another user.
fn for_ann(kubeconfig: &Path, folder: &Path) -> PathBuf {
    let text = std::fs::read_to_string(kubeconfig).unwrap();
    let mut config = world::yaml::value(&text).unwrap();
    let admin = config["users"].as_array().unwrap().iter().find(|user| user["name"] == "real-admin").unwrap().clone();
    let mut user = admin["user"].clone();
    (user["as"], user["as-groups"]) = (json!("ann"), json!(["system:masters"]));
    config["users"] = json!([{"name": "ann", "user": user}]);
    config["contexts"] = json!([{"name": "ann", "context": {"cluster": "real", "user": "ann"}}]);
    config["current-context"] = json!("ann");
    let path = folder.join("ann.yaml");
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

/// A step that waits for a person.
fn waits() -> Plan {
    let mut plan = plan();
    plan.steps.truncate(1);
    plan.steps[0].pause = rollout::Pause::Manual;
    plan.gates.clear();
    plan
}

async fn stands(session: &Arc<Session>, what: &str, is: impl Fn(&Phase) -> bool) -> Phase {
    let look = async || match session.rollouts().await.map_err(|error| error.to_string())?.into_iter().next() {
        Some(one) if is(&one.run.phase) => Ok(one.run.phase),
        other => Err(format!("{:?}", other.map(|one| one.run.phase))),
    };
    until(what, look).await.unwrap()
}

async fn two(kubeconfig: PathBuf, folder: PathBuf) {
    let [first, second] = ["first", "second"].map(|name| folder.join(name));
    std::fs::create_dir_all(&second).unwrap();
    let (own, session) = open(kubeconfig.clone(), &first).await.unwrap();
    let (hers, ann) = open_as("ann", for_ann(&kubeconfig, &second), &second).await.unwrap();
    let connection = session.connection().clone();
    let seen = async |session: &Arc<Session>| {
        let world = session.world();
        world.documents_of("networking.istio.io", "VirtualService").any(|route| route.key == keys(NAME)[0])
    };

    begun(&connection).await;
    for one in [&session, &ann] {
        until("the route is seen", async || seen(one).await.then_some(()).ok_or("not yet".to_owned())).await.unwrap();
    }
    ann.rollout_begin(waits(), Vec::new()).await.unwrap();
    stands(&ann, "hers waits", |phase| *phase == Phase::Waiting).await;
    let before = connection.get(&keys(NAME)[0]).await.unwrap();
    let refused = session.rollout_begin(waits(), Vec::new()).await.unwrap_err().to_string();
    assert!(refused.contains("ann drives “reviews to v3” here since 20"), "{refused}");
    assert!(session.rollouts().await.unwrap().is_empty(), "nothing began");
    assert_eq!(connection.get(&keys(NAME)[0]).await.unwrap(), before, "nothing was written");
    eprintln!("the second: {refused}");

    let id = ann.rollouts().await.unwrap()[0].id;
    ann.rollout_command(id, Command::Abort).await.unwrap();
    stands(&ann, "hers is back", |phase| matches!(phase, Phase::Returned(_))).await;

    // Both at the same moment: neither sees the other's lease before it starts.
    let (a, b) = tokio::join!(session.rollout_begin(waits(), Vec::new()), ann.rollout_begin(waits(), Vec::new()));
    assert!(a.is_ok() || b.is_ok(), "{a:?} {b:?}");
    let ended = until("one of them drives, the other does not", async || {
        let mut phases = Vec::new();
        for (one, began) in [(&session, a.is_ok()), (&ann, b.is_ok())] {
            let all = one.rollouts().await.map_err(|error| error.to_string())?;
            phases.push(if began { all[0].run.phase.clone() } else { Phase::Stopped(("refused", "").into()) });
        }
        let drives = phases.iter().filter(|phase| **phase == Phase::Waiting).count();
        let stopped = phases.iter().filter(|phase| matches!(phase, Phase::Stopped(_))).count();
        if (drives, stopped) == (1, 1) { Ok(phases) } else { Err(format!("{phases:?}")) }
    })
    .await
    .unwrap();
    eprintln!("at the same moment: {ended:?}");
    own.close(session.id());
    hers.close(ann.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_operators_cannot_drive_one_service() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &keys(NAME), two).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_program_leaves_a_rollout_that_holds_and_goes_on() {
    let Some(path) = kubeconfig() else { return };
    match std::env::var_os(PROFILE) {
        Some(folder) => {
            let work = Box::pin(program(path, Path::new(&folder)));
            tokio::task::LocalSet::new().run_until(work).await;
        }
        None => live::shop::job(path, &keys(NAME), killed).await.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviews_is_rolled_out_and_a_bad_version_goes_back() {
    let Some(path) = kubeconfig() else { return };
    live::shop::job(path, &all_keys(), job).await.unwrap();
}
