//! A Rollout of Argo Rollouts, step by step (argo-rollouts, rollout/canary.go, `reconcileCanaryPause` and `syncRolloutStatusCanary`;
//! rollout/sync.go, `persistRolloutStatus`; utils/rollout/rolloututil.go, `GetRolloutPhase`).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Turn, is_over};

pub(super) fn next(rollout: &Value, now: Timestamp) -> Option<Turn> {
    let status = &rollout["status"];
    let mut turn = step(rollout, status, now);
    let generation = rollout["metadata"]["generation"].as_i64().unwrap_or_default();
    turn.status["observedGeneration"] = generation.to_string().into();
    if let Some(weight) = turn.weight {
        let weights = json!({"canary": {"weight": weight}, "stable": {"weight": weight.abs_diff(100)}});
        turn.status["canary"] = json!({"weights": weights});
    }
    turn.beside(status)
}

fn stands(phase: &str, message: &str) -> Turn {
    Turn { status: json!({"phase": phase, "message": message}), weight: None }
}

/// Where the steps go on from an index.
fn at(index: usize) -> Turn {
    let status = json!({"phase": "Progressing", "message": "", "currentStepIndex": index, "controllerPause": false, "pauseConditions": null});
    Turn { status, weight: None }
}

fn step(rollout: &Value, status: &Value, now: Timestamp) -> Turn {
    if status["stableRS"] == status["currentPodHash"] {
        return stands("Healthy", "");
    }
    let steps = rollout.pointer("/spec/strategy/canary/steps").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if status["abort"] == true {
        let mut back = at(0);
        back.status["phase"] = "Degraded".into();
        back.status["message"] = "RolloutAborted: Rollout aborted update to revision 2".into();
        return Turn { weight: Some(0), ..back };
    }
    let index = status["currentStepIndex"].as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
    if status["promoteFull"] == true || index >= steps.len() {
        let mut done = at(steps.len());
        done.status["phase"] = "Healthy".into();
        done.status["promoteFull"] = false.into();
        done.status["stableRS"] = status["currentPodHash"].clone();
        return Turn { weight: Some(100), ..done };
    }
    if rollout["spec"]["paused"] == true {
        return stands("Paused", "manually paused");
    }
    let step = &steps[index];
    if let Some(weight) = step["setWeight"].as_u64() {
        return Turn { weight: Some(weight), ..at(index + 1) };
    }
    let Some(pause) = step.get("pause") else { return at(index + 1) };
    match status.pointer("/pauseConditions/0/startTime") {
        None if status["controllerPause"] == true => at(index + 1),
        Some(since) if pause.get("duration").is_some_and(|lasts| is_over(since, lasts, now)) => at(index + 1),
        Some(_) => stands("Paused", "CanaryPauseStep"),
        None => {
            let mut waits = stands("Paused", "CanaryPauseStep");
            waits.status["controllerPause"] = true.into();
            waits.status["pauseConditions"] =
                json!([{"reason": "CanaryPauseStep", "startTime": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()}]);
            waits
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What it comes to by itself: its index, its phase and the weights that it set on the way.
    fn settled(rollout: &mut Value, now: Timestamp) -> (u64, String, Vec<u64>) {
        let mut weights = Vec::new();
        for _ in 0..20 {
            let Some(turn) = next(rollout, now) else { break };
            weights.extend(turn.weight);
            order(rollout, turn.status);
        }
        let status = &rollout["status"];
        (status["currentStepIndex"].as_u64().unwrap(), status["phase"].as_str().unwrap().to_owned(), weights)
    }

    fn order(rollout: &mut Value, status: Value) {
        for (name, value) in status.as_object().unwrap() {
            rollout["status"][name] = value.clone();
        }
    }

    #[test]
    fn takes_its_steps_and_obeys() {
        let steps = json!([{"setWeight": 20}, {"pause": {"duration": "1m"}}, {"setWeight": 50}, {"pause": {}}, {"setWeight": 80}]);
        let mut rollout = json!({"metadata": {"generation": 1}, "spec": {"strategy": {"canary": {"steps": steps}}},
            "status": {"currentPodHash": "b", "stableRS": "a"}});
        let begin: Timestamp = "2026-11-26T10:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-11-26T10:01:00Z".parse().unwrap();
        assert_eq!(settled(&mut rollout, begin), (1, "Paused".into(), vec![20]));
        assert_eq!(settled(&mut rollout, begin), (1, "Paused".into(), vec![]), "it waits");
        assert_eq!(settled(&mut rollout, later), (3, "Paused".into(), vec![50]), "a minute is over");
        rollout["spec"]["paused"] = true.into();
        settled(&mut rollout, later);
        assert_eq!(rollout["status"]["message"], "manually paused");
        rollout["spec"]["paused"] = false.into();
        order(&mut rollout, json!({"abort": true}));
        assert_eq!(settled(&mut rollout, later).1, "Degraded");
        order(&mut rollout, json!({"abort": false}));
        assert_eq!(settled(&mut rollout, later), (1, "Paused".into(), vec![20]), "it begins again");
        order(&mut rollout, json!({"pauseConditions": null}));
        assert_eq!(settled(&mut rollout, later), (3, "Paused".into(), vec![50]), "promoted");
        order(&mut rollout, json!({"promoteFull": true}));
        assert_eq!(settled(&mut rollout, later), (5, "Healthy".into(), vec![100]));
    }
}
