//! Rollouts.

use std::time::Duration;

use rollout::{
    Cohort, Failure, Gate, Interrupted, Metric, Pause, Phase, Plan, Rates, Route, RouteKind, Service, Step, Verdict,
};
use session::rollout::{Drivable, Given, Leased, Obstacle, Shown, Simulated, Source, Supposed};

use super::all;
use crate::types::{
    GateVerdict, ObjectRef, Rollout, RolloutCheck, RolloutCohort, RolloutCommand, RolloutFate, RolloutGate,
    RolloutGiven, RolloutJudged, RolloutKind, RolloutLease, RolloutMetric, RolloutObstacle, RolloutPhase, RolloutPlan,
    RolloutPlayed, RolloutRates, RolloutRoute, RolloutSimulated, RolloutSource, RolloutStep, RolloutSupposed,
    RolloutVersion, Said,
};

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn percent(share: u32) -> u8 {
    u8::try_from(share).unwrap_or(u8::MAX)
}

impl From<RolloutPlan> for Plan {
    fn from(plan: RolloutPlan) -> Self {
        let kind = match plan.kind {
            RolloutKind::VirtualService => RouteKind::VirtualService,
            RolloutKind::HttpRoute => RouteKind::HttpRoute,
        };
        let namespace = if plan.route_namespace.is_empty() { plan.namespace.clone() } else { plan.route_namespace };
        Self {
            name: plan.name,
            service: Service { namespace: plan.namespace, name: plan.service },
            route: Route { kind, namespace, name: plan.route },
            stable: plan.stable,
            canary: plan.canary,
            interval: seconds(plan.interval_seconds),
            steps: all(plan.steps),
            gates: all(plan.gates),
            tolerance: plan.tolerance,
            min_requests: plan.min_requests,
            patience: seconds(plan.patience_seconds),
            lag: seconds(plan.lag_seconds),
            on_failure: if plan.on_failure == RolloutFate::Hold { Failure::Hold } else { Failure::Return },
            interrupted: if plan.interrupted == RolloutFate::Hold { Interrupted::Hold } else { Interrupted::Return },
        }
    }
}

impl From<Plan> for RolloutPlan {
    fn from(plan: Plan) -> Self {
        Self {
            name: plan.name,
            namespace: plan.service.namespace,
            service: plan.service.name,
            kind: match plan.route.kind {
                RouteKind::VirtualService => RolloutKind::VirtualService,
                RouteKind::HttpRoute => RolloutKind::HttpRoute,
            },
            route: plan.route.name,
            route_namespace: plan.route.namespace,
            stable: plan.stable,
            canary: plan.canary,
            interval_seconds: plan.interval.as_secs_f64(),
            steps: all(plan.steps),
            gates: all(plan.gates),
            tolerance: plan.tolerance,
            min_requests: plan.min_requests,
            patience_seconds: plan.patience.as_secs_f64(),
            lag_seconds: plan.lag.as_secs_f64(),
            on_failure: if plan.on_failure == Failure::Hold { RolloutFate::Hold } else { RolloutFate::Return },
            interrupted: if plan.interrupted == Interrupted::Hold { RolloutFate::Hold } else { RolloutFate::Return },
        }
    }
}

impl From<RolloutStep> for Step {
    fn from(step: RolloutStep) -> Self {
        let pause = step.pause_seconds.map_or(Pause::Manual, |pause| Pause::For(seconds(pause)));
        let cohort = step.cohort.map(|RolloutCohort { header, value }| Cohort { header, value });
        Self { weight: percent(step.weight), mirror: percent(step.mirror), cohort, pause }
    }
}

impl From<Step> for RolloutStep {
    fn from(step: Step) -> Self {
        let pause_seconds = match step.pause {
            Pause::Manual => None,
            Pause::For(time) => Some(time.as_secs_f64()),
        };
        let cohort = step.cohort.map(|Cohort { header, value }| RolloutCohort { header, value });
        Self { weight: step.weight.into(), mirror: step.mirror.into(), cohort, pause_seconds }
    }
}

impl From<RolloutGate> for Gate {
    fn from(gate: RolloutGate) -> Self {
        let metric = match gate.metric {
            RolloutMetric::SuccessRate => Metric::SuccessRate,
            RolloutMetric::P50 => Metric::P50,
            RolloutMetric::P99 => Metric::P99,
            RolloutMetric::Promql => Metric::Promql,
        };
        Self { metric, query: gate.query, name: gate.name, min: gate.min, max: gate.max, over: gate.max_over_stable }
    }
}

impl From<Gate> for RolloutGate {
    fn from(gate: Gate) -> Self {
        let metric = match gate.metric {
            Metric::SuccessRate => RolloutMetric::SuccessRate,
            Metric::P50 => RolloutMetric::P50,
            Metric::P99 => RolloutMetric::P99,
            Metric::Promql => RolloutMetric::Promql,
        };
        Self { metric, query: gate.query, name: gate.name, min: gate.min, max: gate.max, max_over_stable: gate.over }
    }
}

impl From<RolloutCommand> for rollout::Command {
    fn from(command: RolloutCommand) -> Self {
        match command {
            RolloutCommand::Promote => Self::Promote,
            RolloutCommand::Pause => Self::Pause,
            RolloutCommand::Resume => Self::Resume,
            RolloutCommand::Abort => Self::Abort,
        }
    }
}

impl From<Obstacle> for RolloutObstacle {
    fn from(obstacle: Obstacle) -> Self {
        let Obstacle { about, because, blocks, owner } = obstacle;
        Self { about, because: because.en, zh: because.zh, blocks, owner }
    }
}

impl From<Rates> for RolloutRates {
    fn from(rates: Rates) -> Self {
        Self { requests_per_second: rates.per_second, error_share: rates.error_share, p50: rates.p50, p99: rates.p99 }
    }
}

impl From<rollout::Judged> for RolloutJudged {
    fn from(judged: rollout::Judged) -> Self {
        let verdict = match judged.verdict {
            Verdict::Holds => GateVerdict::Holds,
            Verdict::Fails => GateVerdict::Fails,
            Verdict::Unknown => GateVerdict::Unknown,
        };
        let rollout::Judged { value, stable, early, because, zh, .. } = judged;
        Self { verdict, value, stable, early, because, zh }
    }
}

impl From<rollout::Check> for RolloutCheck {
    fn from(check: rollout::Check) -> Self {
        Self {
            at: check.at,
            step: check.step as u32,
            weight: check.split.canary.into(),
            stable: check.measured.stable.map(RolloutRates::from),
            canary: check.measured.canary.map(RolloutRates::from),
            judged: all(check.judged),
        }
    }
}

impl From<Shown> for Rollout {
    fn from(shown: Shown) -> Self {
        let run = shown.run;
        Self {
            id: shown.id as f64,
            user: shown.user,
            started_at: shown.at as f64,
            heard_at: shown.heard as f64,
            is_ours: shown.is_ours,
            is_over: shown.is_over,
            plan: run.plan.into(),
            gateways: shown.gateways,
            step: run.step as u32,
            phase: (&run.phase).into(),
            phase_because: run.phase.because().cloned().map(Said::from),
            because: shown.because.en,
            zh: shown.because.zh,
            weight: run.split.canary.into(),
            mirror: run.split.mirror.into(),
            held_seconds: run.held.as_secs_f64(),
            checks: all(run.checks),
            entries: shown.entries.into_iter().map(|entry| entry as f64).collect(),
        }
    }
}

impl From<mesh::Share> for RolloutVersion {
    fn from(share: mesh::Share) -> Self {
        Self { name: share.name, share: share.share }
    }
}

impl From<Drivable> for RolloutRoute {
    fn from(route: Drivable) -> Self {
        Self {
            object: ObjectRef::from(&route.object),
            within: route.within,
            gateways: route.gateways,
            versions: all(route.versions),
        }
    }
}

impl From<Leased> for RolloutLease {
    fn from(lease: Leased) -> Self {
        Self {
            object: ObjectRef::from(&lease.object),
            plan: lease.plan,
            by: lease.by,
            until: lease.until.as_millisecond() as f64,
            has_run_out: lease.has_run_out,
            said: lease.said.into(),
            back: lease.back,
        }
    }
}

impl From<rollout::Said> for Said {
    fn from(said: rollout::Said) -> Self {
        Self { because: said.en, zh: said.zh }
    }
}

impl From<&Phase> for RolloutPhase {
    fn from(phase: &Phase) -> Self {
        match phase {
            Phase::Moving => Self::Moving,
            Phase::Watching => Self::Watching,
            Phase::Waiting => Self::Waiting,
            Phase::Done => Self::Done,
            Phase::Paused(_) => Self::Paused,
            Phase::Returning(_) => Self::Returning,
            Phase::Returned(_) => Self::Returned,
            Phase::Stopped(_) => Self::Stopped,
        }
    }
}

impl From<RolloutSupposed> for Supposed {
    fn from(supposed: RolloutSupposed) -> Self {
        let queries = supposed.queries.into_iter().enumerate().filter_map(|(gate, value)| Some((gate, value?)));
        Self { error_share: supposed.error_share, p50: supposed.p50, p99: supposed.p99, queries: queries.collect() }
    }
}

impl From<rollout::PlayedStep> for RolloutPlayed {
    fn from(step: rollout::PlayedStep) -> Self {
        Self {
            step: step.step as u32,
            from: step.from,
            to: step.to,
            copied: step.copied,
            looks: step.looks as u32,
            last: step.last.map(RolloutCheck::from),
            by_hand: step.by_hand,
        }
    }
}

impl From<Given> for RolloutGiven {
    fn from(given: Given) -> Self {
        let (source, because) = match given.source {
            Source::Supposed => (RolloutSource::Supposed, world::Said::default()),
            Source::Recorded => (RolloutSource::Recorded, world::Said::default()),
            Source::Stable => (RolloutSource::Stable, world::Said::default()),
            Source::Unplayed(because) => (RolloutSource::Unplayed, because),
        };
        Self { gate: given.gate as u32, source, because: because.en, zh: because.zh }
    }
}

impl From<Simulated> for RolloutSimulated {
    fn from(simulated: Simulated) -> Self {
        let run = simulated.played.run;
        Self {
            phase: (&run.phase).into(),
            phase_because: run.phase.because().cloned().map(Said::from),
            step: run.step as u32,
            seconds: run.driven.as_secs_f64(),
            steps: all(simulated.played.steps),
            checks: all(run.checks),
            recorded_from: simulated.recorded.map(|(from, _)| from as f64 * 1000.0),
            recorded_to: simulated.recorded.map(|(_, to)| to as f64 * 1000.0),
            requests_per_second: simulated.per_second,
            canary_known: simulated.canary_known,
            astray: simulated.astray,
            given: all(simulated.given),
        }
    }
}
