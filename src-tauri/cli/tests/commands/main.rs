//! The built program: its answers, its messages, its exit status.

mod measure;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn world() -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/worlds/shop.yaml").display().to_string()
}

/// Runs it in a profile of its own, with nothing of the user's.
fn run(profile: &tempfile::TempDir, args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_netloft"))
        .args(args)
        .env("NETLOFT_PROFILE", profile.path())
        .env("HOME", profile.path())
        .env_remove("KUBECONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who does not read its input closes it: that is its right.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn answer(args: &[&str], stdin: &str, status: i32) -> (String, String) {
    let profile = tempfile::tempdir().unwrap();
    let output = run(&profile, args, stdin);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(status), "{args:?}\n{out}\n{err}");
    assert!(!out.contains('\u{1b}'), "no colours into a pipe: {out}");
    (out, err)
}

const CLIENT: &str = r#"{"namespace":"shop","workload":"productpage-v1"}"#;

#[test]
fn requests_are_answered_in_their_order() {
    let requests = format!(
        "{{\"id\":\"a\",\"from\":{CLIENT},\"url\":\"http://reviews:9080/x\"}}\n\n{{\"id\":\"b\",\"from\":{CLIENT},\"url\":\"http://nobody:9080/\"}}\n"
    );
    let (out, err) = answer(&["explain", "--world", &world(), "--requests", "-"], &requests, 0);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{out}{err}");
    assert_eq!((&lines[0]["id"], &lines[0]["outcome"]), (&"a".into(), &"forwarded".into()));
    assert_eq!((&lines[1]["id"], &lines[1]["outcome"]), (&"b".into(), &"unresolved".into()));
    let shares: f64 = lines[0]["destinations"].as_array().unwrap().iter().map(|d| d["share"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-9);
    assert!(lines[0]["trace"].as_array().unwrap().iter().all(|step| !step["because"].as_str().unwrap().is_empty()));
}

#[test]
fn one_request_is_told_in_words() {
    let args = ["explain", "--world", &world(), "--from", "shop/productpage-v1", "--url", "http://reviews:9080/"];
    let (out, _) = answer(&args, "", 0);
    assert!(out.starts_with("forwarded\n") && out.contains("shop/reviews"), "{out}");
}

const WRONG: &str = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: reviews\n  namespace: shop\nspec:\n  hosts: [reviews]\n  http:\n  - route:\n    - destination:\n        host: nobody\n";

#[test]
fn a_draft_is_checked_at_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    let draft = folder.path().join("draft.yaml");
    std::fs::write(&draft, WRONG).unwrap();
    let draft = draft.display().to_string();
    let (out, _) = answer(&["check", "--world", &world(), "--draft", &draft, "--format", "json"], "", 1);
    let found: Value = serde_json::from_str(&out).unwrap();
    let finding = found["findings"].as_array().unwrap().iter().find(|f| f["level"] == "error").unwrap();
    assert_eq!((finding["kind"].as_str(), finding["file"].as_str()), (Some("VirtualService"), Some(draft.as_str())));
    assert!(finding["line"].as_u64().unwrap() >= 6, "{finding}");
    let names = ["rule", "level", "kind", "namespace", "name", "path", "file", "line", "message", "aliases", "fixable"];
    assert_eq!(finding.as_object().unwrap().keys().collect::<Vec<_>>(), names);

    let (out, _) = answer(&["effect", "--world", &world(), "--draft", &draft, "--format", "json"], "", 1);
    let effect: Value = serde_json::from_str(&out).unwrap();
    assert!(effect["requests"].as_array().unwrap().iter().any(|request| request["changed"] == true), "{out}");
    assert_eq!(effect["objects"][0]["change"], "create");
}

/// What the schema of SARIF 2.1.0 asks of every report, and what code hosts ask of it besides.
#[test]
fn a_report_for_code_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let draft = folder.path().join("a draft.yaml");
    std::fs::write(&draft, WRONG).unwrap();
    let args = ["check", "--world", &world(), "--draft", draft.to_str().unwrap(), "--format", "sarif"];
    let report: Value = serde_json::from_str(&answer(&args, "", 1).0).unwrap();
    assert_eq!((report["version"].as_str(), report["runs"].as_array().unwrap().len()), (Some("2.1.0"), 1));
    assert!(report["$schema"].as_str().unwrap().ends_with("sarif-2.1.0.json"));
    let run = &report["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(run["tool"]["driver"]["name"], "netloft");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let levels = ["none", "note", "warning", "error"];
    let mut ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{rule}");
        }
        assert!(levels.contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()));
    }
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(ids[rule], result["ruleId"]);
        assert!(
            levels.contains(&result["level"].as_str().unwrap())
                && !result["message"]["text"].as_str().unwrap().is_empty()
        );
        assert!(result["partialFingerprints"]["netloft/v1"].as_str().unwrap().starts_with(ids[rule]));
        let place = &result["locations"][0];
        assert!(place["logicalLocations"][0]["fullyQualifiedName"].as_str().unwrap().contains("shop/"));
        let file = place["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(file.starts_with("file:///") && file.ends_with("/a%20draft.yaml"), "{file}");
        assert!(place["physicalLocation"]["region"]["startLine"].as_u64().unwrap() >= 6, "{place}");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), rules.len(), "each rule once");
}

#[test]
fn what_an_annotation_silences_is_counted_and_shown_on_wish() {
    let quiet = WRONG
        .replace("  namespace: shop\n", "  namespace: shop\n  annotations: {kiali.io/ignore-validations: 'KIA1101'}\n");
    let run = |more: &[&str]| {
        let world = world();
        let args = [&["check", "--world", &world, "-"], more].concat();
        answer(&args, &quiet, 0).0
    };
    assert!(run(&[]).contains("1 silenced by annotations"), "{}", run(&[]));
    assert!(run(&["--silenced"]).contains("(silenced by kiali.io/ignore-validations: KIA1101)"));
    let json: Value = serde_json::from_str(&run(&["--format", "json"])).unwrap();
    assert_eq!((&json["findings"], &json["silenced"][0]["rule"]), (&serde_json::json!([]), &"host-not-found".into()));
    let sarif: Value = serde_json::from_str(&run(&["--format", "sarif"])).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["suppressions"][0]["kind"], "inSource");
}

#[test]
fn every_rule_and_every_foreign_code_is_listed() {
    let (out, _) = answer(&["check", "--codes", "--format", "json"], "", 0);
    let rows: Value = serde_json::from_str(&out).unwrap();
    let (foreign, rules): (Vec<&Value>, Vec<&Value>) =
        rows.as_array().unwrap().iter().partition(|row| row["rule"].is_null());
    assert!(rules.len() >= 12 && rules.iter().all(|rule| !rule["what"].as_str().unwrap().is_empty()), "{out}");
    let remote = foreign.iter().find(|row| row["aliases"][0] == "KIA0107").unwrap();
    assert!(!remote["notApplicable"].as_str().unwrap().is_empty());

    let (out, _) = answer(&["check", "--codes"], "", 0);
    assert!(out.lines().any(|line| line.starts_with("rule-shadowed ") && line.contains("IST0130")), "{out}");
    assert!(out.lines().any(|line| line.starts_with("KIA0107 ")), "{out}");
}

#[test]
fn wrong_use_and_broken_input() {
    let world = world();
    for (args, stdin, status, said) in [
        (vec!["nonsense"], "", 2, "unrecognized subcommand"),
        (vec!["explain", "--world", &world], "", 2, "--from"),
        (vec!["explain", "--world", &world, "--from", "shop", "--url", "http://a/"], "", 2, "NAMESPACE/WORKLOAD"),
        (vec!["check", "--demo", "--world", &world], "", 2, "cannot be used with"),
        (vec!["health", "--world", &world], "", 2, "this needs a cluster"),
        (vec!["check", "--world", "nowhere.yaml"], "", 3, "nowhere.yaml: "),
        (vec!["check", "--world", "-"], "a: [", 3, "-:1: "),
        (vec!["explain", "--world", &world, "--requests", "-"], "{}\n", 3, "-:1: missing field"),
        (vec!["check", "--context", "nobody"], "", 3, "there is no cluster 'nobody'"),
        (vec!["check", "--kubeconfig", "nowhere"], "", 3, "nowhere: there is no such file"),
        (vec!["traffic", "--demo", "--window", "1y"], "", 2, "a duration from 1s to 15m"),
        (vec!["show", "7"], "", 3, "the journal has no entry 7"),
    ] {
        let (_, err) = answer(&args, stdin, status);
        assert!(err.contains(said), "{args:?}: {err}");
    }
}

#[test]
fn the_demo_is_applied_to_and_the_journal_remembers() {
    let profile = tempfile::tempdir().unwrap();
    let file = profile.path().join("route.yaml");
    std::fs::write(&file, "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata:\n  name: probe\n  namespace: dev\nspec:\n  mtls:\n    mode: STRICT\n").unwrap();
    let file = file.display().to_string();
    let refused = run(&profile, &["apply", "--demo", "-f", &file], "");
    assert_eq!(refused.status.code(), Some(2), "nobody is there to say yes");
    let applied = run(&profile, &["apply", "--demo", "-f", &file, "--yes", "--format", "json", "--message", "try"], "");
    let out = String::from_utf8(applied.stdout).unwrap();
    assert_eq!(applied.status.code(), Some(0), "{out}{}", String::from_utf8_lossy(&applied.stderr));
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["applied"]["state"], "applied");
    let history = run(&profile, &["history", "--format", "json"], "");
    let rows: Value = serde_json::from_slice(&history.stdout).unwrap();
    assert_eq!((&rows[0]["message"], &rows[0]["state"]), (&"try".into(), &"applied".into()));
    let id = rows[0]["entry"].as_f64().unwrap().to_string();
    let shown = run(&profile, &["show", &id], "");
    assert!(String::from_utf8(shown.stdout).unwrap().contains("+ kind: PeerAuthentication"));
}

#[test]
fn a_dry_run_writes_nothing() {
    let profile = tempfile::tempdir().unwrap();
    let file = profile.path().join("bad.yaml");
    std::fs::write(&file, "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata:\n  name: probe\n  namespace: dev\nspec:\n  mtls:\n    mode: NONSENSE\n").unwrap();
    let refused = run(&profile, &["apply", "--demo", "-f", &file.display().to_string(), "--dry-run"], "");
    let err = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{err}");
    assert!(err.contains("spec.mtls.mode"), "{err}");
    let history = run(&profile, &["history", "--format", "json"], "");
    assert_eq!(String::from_utf8(history.stdout).unwrap().trim(), "[]");
}

#[test]
fn a_rollout_is_checked_run_and_told() {
    let profile = tempfile::tempdir().unwrap();
    let file = profile.path().join("plan.yaml");
    let plan = "name: reviews\nservice: {namespace: prod, name: reviews}\nroute: {kind: VirtualService, name: reviews}\nstable: v1\ncanary: v2\n\
                interval: 1s\nsteps: [{weight: 50, pause: 1s}, {weight: 100}]\n";
    std::fs::write(&file, plan).unwrap();
    let plan = file.display().to_string();
    let blocked = run(&profile, &["rollout", "check", &plan, "--demo", "--format", "json"], "");
    let out: Value = serde_json::from_slice(&blocked.stdout).unwrap();
    assert_eq!((blocked.status.code(), &out["ready"]), (Some(1), &false.into()), "{out}");
    assert!(out["obstacles"].to_string().contains("argocd-controller"), "{out}");
    let played = run(&profile, &["rollout", "simulate", &plan, "--demo", "--format", "json"], "");
    let out: Value = serde_json::from_slice(&played.stdout).unwrap();
    assert_eq!(
        (played.status.code(), &out["phase"], &out["steps"][1]["byHand"]),
        (Some(0), &"done".into(), &false.into()),
        "{out}"
    );
    let wrong = run(&profile, &["rollout", "simulate", &plan, "--demo", "--canary-query", "1=5"], "");
    assert_eq!(wrong.status.code(), Some(2), "its only gate asks no query: {}", String::from_utf8_lossy(&wrong.stderr));
    let done =
        run(&profile, &["rollout", "run", &plan, "--demo", "--take-over", "argocd-controller", "--format", "json"], "");
    let out = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{out}{}", String::from_utf8_lossy(&done.stderr));
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.iter().rfind(|line| line["phase"].is_string()).unwrap();
    assert_eq!((&last["phase"], &last["weight"]), (&"done".into(), &100.into()), "{out}");
    let status = run(&profile, &["rollout", "status", &plan, "--demo"], "");
    assert!(String::from_utf8(status.stdout).unwrap().contains("step 2 of 2, 100 % to v2: done"));
    let over = run(&profile, &["rollout", "abort", &plan, "--demo"], "");
    assert_eq!(over.status.code(), Some(1), "it is over");
    std::fs::write(&file, "name: x\nstabel: v1\n").unwrap();
    let broken = run(&profile, &["rollout", "check", &plan, "--demo"], "");
    assert_eq!(broken.status.code(), Some(3), "{}", String::from_utf8_lossy(&broken.stderr));
}

#[test]
fn rollouts_of_other_controllers_are_listed_ordered_and_written() {
    let profile = tempfile::tempdir().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let all = run(&profile, &["rollout", "status", "--demo", "--format", "json"], "");
    let out: Value = serde_json::from_slice(&all.stdout).unwrap();
    let found = |at: usize| (&out["foreign"][at]["controller"], &out["foreign"][at]["health"]);
    assert_eq!(found(0), (&"Argo Rollouts".into(), &"paused".into()), "{out}");
    assert_eq!(found(1), (&"Flagger".into(), &"going".into()), "{out}");

    let unasked = run(&profile, &["rollout", "abort", "--argo", "dev/reviews", "--demo"], "");
    assert_eq!(unasked.status.code(), Some(2), "nobody is there to be asked: {}", text(unasked.stdout));
    let done =
        run(&profile, &["rollout", "promote", "--argo", "dev/reviews", "--demo", "--yes", "-m", "looks well"], "");
    let out = text(done.stdout);
    assert_eq!(done.status.code(), Some(0), "{out}{}", text(done.stderr));
    assert!(out.contains("- ") && out.contains("pauseConditions") && out.contains("entry 1: applied"), "{out}");
    let history = text(run(&profile, &["history", "--format", "json"], "").stdout);
    assert!(history.contains("looks well"), "{history}");
    let senseless = run(&profile, &["rollout", "abort", "--flagger", "prod/recommendations", "--demo", "--yes"], "");
    assert_eq!(senseless.status.code(), Some(1), "{}", text(senseless.stderr));
    assert_eq!(
        run(&profile, &["rollout", "pause", "--argo", "dev/none", "--demo", "--yes"], "").status.code(),
        Some(3)
    );
    assert_eq!(run(&profile, &["rollout", "pause", "--demo"], "").status.code(), Some(2), "which one");

    let file = profile.path().join("plan.yaml");
    let plan = "name: r\nservice: {namespace: dev, name: reviews}\nroute: {kind: VirtualService, name: reviews}\nstable: v1\ncanary: v2\nsteps: [{weight: 30, pause: 1m}, {weight: 100}]\ngates: [{metric: p99, max: 9}]\n";
    std::fs::write(&file, plan).unwrap();
    let written = run(&profile, &["rollout", "export", "--as", "argo", &file.display().to_string(), "--demo"], "");
    let (out, lost) = (text(written.stdout), text(written.stderr));
    assert!(out.contains("kind: Rollout") && out.contains("setWeight: 30"), "{out}{lost}");
    assert!(lost.contains("the gate “p99, max 9” is left out: it would ask a Prometheus, and no Service"), "{lost}");
}
