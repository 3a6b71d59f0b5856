//! Istiod's own environment for the time of a case. It is put back when the case is over, however it ends.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Outcome;
use crate::kubectl::kubectl;

const NAMESPACE: &str = "istio-system";
const ISTIOD: &str = "deploy/istiod";
/// How long the proxies may take to find the new istiod.
const PATIENCE: Duration = Duration::from_secs(120);

/// Variables that istiod has until this is dropped.
pub struct Flags(Vec<String>);

impl Flags {
    /// Starts istiod with these variables, and waits until the proxies are with it; also gives it as it is to be recorded.
    pub fn put(flags: &BTreeMap<String, String>) -> Outcome<(Self, Value)> {
        let put = Self(flags.keys().map(|name| format!("{name}-")).collect());
        set(&flags.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>())?;
        let live: Value = serde_json::from_str(&kubectl(&["get", ISTIOD, "-n", NAMESPACE, "-o", "json"], None)?)?;
        let env: Vec<Value> = flags.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let recorded = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "istiod", "namespace": NAMESPACE},
            "spec": {"replicas": 1, "selector": live["spec"]["selector"], "template": {
                "metadata": {"labels": live["spec"]["template"]["metadata"]["labels"]},
                "spec": {"serviceAccountName": "istiod", "containers": [{"name": "discovery", "env": env}]}}}});
        Ok((put, recorded))
    }
}

impl Drop for Flags {
    fn drop(&mut self) {
        if let Err(why) = set(&self.0) {
            let _ =
                writeln!(std::io::stderr(), "istiod's environment could not be put back ({}): {why}", self.0.join(" "));
        }
    }
}

/// `NAME=value`, or `NAME-` to take it away.
fn set(words: &[String]) -> Outcome<()> {
    let proxies = connected()?;
    let old = kubectl(&["get", "pod", "-l", "app=istiod", "-n", NAMESPACE, "-o", "name"], None)?;
    let mut line = vec!["set", "env", ISTIOD, "-n", NAMESPACE];
    line.extend(words.iter().map(String::as_str));
    kubectl(&line, None)?;
    kubectl(&["rollout", "status", ISTIOD, "-n", NAMESPACE, "--timeout=120s"], None)?;
    // As long as the old one lives, proxies stay with it.
    for pod in old.lines() {
        kubectl(&["wait", pod, "-n", NAMESPACE, "--for=delete", "--timeout=120s"], None)?;
    }
    let started = Instant::now();
    while connected()? < proxies {
        if started.elapsed() > PATIENCE {
            return Err(format!("of {proxies} proxies, {} came to the new istiod", connected()?).into());
        }
    }
    Ok(())
}

/// How many proxies are with istiod.
fn connected() -> Outcome<usize> {
    let ask = ["exec", "-n", NAMESPACE, ISTIOD, "--", "pilot-discovery", "request", "GET", "/debug/syncz"];
    let text = kubectl(&ask, None)?;
    let json = text.find('[').and_then(|at| text.get(at..)).ok_or("istiod tells no proxies")?;
    Ok(serde_json::from_str::<Vec<Value>>(json)?.len())
}
