//! A recorded world and what was put into it, read from files as `netloft explain --world … --requests …` reads them, answer as the mesh did.

use std::path::{Path, PathBuf};

use mesh::{Caller, Outcome, Request};
use serde_json::Value;

fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/live/oracle/topics/ambient")
}

fn request(asked: &Value) -> Request {
    let text = |name: &str| asked[name].as_str().unwrap().to_owned();
    let from = text("from");
    let (namespace, workload) = from.split_once('/').unwrap();
    Request {
        id: "1".into(),
        from: Caller::Workload { namespace: namespace.into(), workload: workload.into() },
        via: None,
        method: text("method"),
        url: text("url"),
        headers: Vec::new(),
        at: None,
    }
}

#[test]
fn ambient_requests_are_answered_from_files() {
    let cases = std::fs::read_to_string(recorded().join("recorded.jsonl")).unwrap();
    let mut asked = 0;
    for case in cases.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let folder = tempfile::tempdir().unwrap();
        for (at, object) in case["objects"].as_array().unwrap().iter().enumerate() {
            std::fs::write(folder.path().join(format!("{at}.json")), object.to_string()).unwrap();
        }
        let paths = [recorded().join("world.json"), folder.path().to_owned()];
        let files = session::files::read(&paths, &mut std::io::empty()).unwrap();
        assert_eq!(files.problems, []);
        let ready = meshes::engine().ready(&files.world());
        for observation in case["observations"].as_array().unwrap() {
            asked += 1;
            let verdict = ready.explain(&request(&observation["request"]));
            let seen = &observation["observed"];
            let answered: Vec<&String> = seen["answered_by"].as_object().unwrap().keys().collect();
            let told = format!("{}: {}: {verdict:?}", case["case"], observation["request"]);
            if answered.is_empty() {
                let refused = matches!(verdict.outcome, Outcome::Denied | Outcome::Refused) && verdict.status.is_none();
                assert!(refused && seen["status"].get("error").is_some(), "{told}");
            } else {
                assert_eq!(verdict.outcome, Outcome::Forwarded, "{told}");
                let workloads: Vec<&String> = verdict.destinations.iter().flat_map(|d| &d.workloads).collect();
                assert!(answered.iter().all(|workload| workloads.contains(workload)), "{told}");
            }
        }
    }
    assert!(asked >= 20, "{asked}");
}
