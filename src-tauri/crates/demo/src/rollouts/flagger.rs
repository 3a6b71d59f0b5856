//! A Canary of Flagger without a mesh: checks, one an interval, then the promotion (flagger, pkg/controller/scheduler.go, `advanceCanary`,
//! `runBlueGreen`, `shouldSkipAnalysis`; pkg/canary/status.go, `MakeStatusConditions`).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Turn, is_over};

pub(super) fn next(canary: &Value, now: Timestamp) -> Option<Turn> {
    let (spec, status) = (&canary["spec"], &canary["status"]);
    if spec["suspend"] == true {
        return None;
    }
    let at = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let phase = |phase: &str, promoted: &str, message: &str| {
        let condition = json!({"type": "Promoted", "status": promoted, "reason": phase, "message": message, "lastTransitionTime": at});
        let status = json!({"phase": phase, "iterations": 0, "canaryWeight": 0, "conditions": [condition], "lastTransitionTime": at});
        Some(Turn { status, weight: None })
    };
    let analysis = &spec["analysis"];
    match status["phase"].as_str().unwrap_or_default() {
        "Progressing" if spec["skipAnalysis"] == true => succeeded(phase),
        "Progressing" if !is_over(&status["lastTransitionTime"], &analysis["interval"], now) => None,
        "Progressing" => {
            let (done, of) =
                (status["iterations"].as_u64().unwrap_or(0), analysis["iterations"].as_u64().unwrap_or(10));
            if done >= of {
                return phase("Promoting", "Unknown", "Canary analysis completed, starting primary rolling update.");
            }
            Some(Turn { status: json!({"iterations": done + 1, "lastTransitionTime": at}), weight: None })
        }
        "Promoting" => phase("Finalising", "Unknown", "Canary analysis completed, routing all traffic to primary."),
        "Finalising" => succeeded(phase),
        _ => None,
    }
}

fn succeeded(phase: impl Fn(&str, &str, &str) -> Option<Turn>) -> Option<Turn> {
    phase("Succeeded", "True", "Canary analysis completed successfully, promotion finished.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_an_interval_each_and_obeys() {
        let canary = |spec: Value, iterations: u64| {
            let mut spec = spec;
            spec["analysis"] = json!({"interval": "30s", "iterations": 2});
            json!({"spec": spec, "status": {"phase": "Progressing", "iterations": iterations, "lastTransitionTime": "2026-11-26T10:00:00Z"}})
        };
        let soon: Timestamp = "2026-11-26T10:00:29Z".parse().unwrap();
        let due: Timestamp = "2026-11-26T10:00:30Z".parse().unwrap();
        let told = |canary: Value, now| next(&canary, now).map(|turn| turn.status);
        assert_eq!(told(canary(json!({}), 1), soon), None);
        assert_eq!(told(canary(json!({}), 1), due).unwrap()["iterations"], 2);
        assert_eq!(told(canary(json!({}), 2), due).unwrap()["phase"], "Promoting");
        assert_eq!(told(canary(json!({"suspend": true}), 1), due), None);
        assert_eq!(told(canary(json!({"skipAnalysis": true}), 1), soon).unwrap()["phase"], "Succeeded");
    }
}
