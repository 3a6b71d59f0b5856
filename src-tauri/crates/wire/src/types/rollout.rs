//! Rollouts: the plan, what stands in its way, and how it goes.

use super::{ObjectRef, Proposal, UndoChoice, Unknown, wire};

wire! {
    pub enum RolloutKind {
        #[serde(rename = "VirtualService")]
        VirtualService,
        #[serde(rename = "HTTPRoute")]
        HttpRoute,
    }
}

wire! {
    pub enum RolloutMetric { SuccessRate, P50, P99, Promql }
}

wire! {
    /// What happens after a failure, or after the program that drove it was away.
    pub enum RolloutFate { Hold, Return }
}

wire! {
    pub struct RolloutPlan {
        pub name: String,
        pub namespace: String,
        pub service: String,
        pub kind: RolloutKind,
        pub route: String,
        pub route_namespace: String,
        pub stable: String,
        pub canary: String,
        pub interval_seconds: f64,
        pub steps: Vec<RolloutStep>,
        pub gates: Vec<RolloutGate>,
        /// Looks in a row that a gate may fail.
        pub tolerance: u32,
        /// Fewer requests of the canary in an interval tell nothing.
        pub min_requests: u32,
        /// How long a step may go without measurements.
        pub patience_seconds: f64,
        /// What happens is in Prometheus so much later at most.
        pub lag_seconds: f64,
        pub on_failure: RolloutFate,
        pub interrupted: RolloutFate,
    }
}

wire! {
    /// Requests with this header all go to the canary.
    pub struct RolloutCohort { pub header: String, pub value: String }
}

wire! {
    pub struct RolloutStep {
        /// Percent of the requests.
        pub weight: u32,
        /// Percent of the requests that are copied.
        pub mirror: u32,
        pub cohort: Option<RolloutCohort>,
        /// How long all gates have to hold; null until a person promotes it.
        pub pause_seconds: Option<f64>,
    }
}

wire! {
    pub struct RolloutGate {
        pub metric: RolloutMetric,
        /// What is asked of Prometheus; empty for the other metrics.
        pub query: String,
        /// What its answer is called.
        pub name: String,
        /// Percent or milliseconds; for a query its own unit.
        pub min: Option<f64>,
        pub max: Option<f64>,
        /// By how much it may be worse than the stable version.
        pub max_over_stable: Option<f64>,
    }
}

wire! {
    pub struct RolloutArgs { pub session: String, pub plan: RolloutPlan, pub take_over: Vec<String> }
}

wire! {
    pub struct RolloutObstacle {
        pub about: String,
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        pub blocks: bool,
        /// The manager that its fields may be taken over from; else empty.
        pub owner: String,
    }
}

wire! {
    pub struct RolloutChecked {
        /// The field that makes no sense, and why; empty where the plan does.
        pub problem: String,
        pub obstacles: Vec<RolloutObstacle>,
        /// The plan as `netloft rollout` reads it.
        pub yaml: String,
    }
}

wire! {
    pub struct RolloutRoutesArgs { pub session: String, pub namespace: String, pub service: String }
}

wire! {
    /// A subset, or a Service behind an HTTPRoute, with its share of the requests now, 0 to 1.
    pub struct RolloutVersion { pub name: String, pub share: f64 }
}

wire! {
    /// A route that a rollout may drive for a service.
    pub struct RolloutRoute {
        pub object: ObjectRef,
        /// It decides for callers in the mesh.
        pub within: bool,
        /// The Gateways at which it decides for requests from outside: `namespace/name`.
        pub gateways: Vec<String>,
        /// What it can send requests to, those that get most of them now first.
        pub versions: Vec<RolloutVersion>,
    }
}

wire! {
    /// A rollout that a program elsewhere drives, or drove and never ended.
    pub struct RolloutLease {
        pub object: ObjectRef,
        pub plan: String,
        pub by: String,
        /// When it may be taken for abandoned.
        pub until: f64,
        pub has_run_out: bool,
        /// Who drives it, and what becomes of it then.
        pub said: Said,
        /// The stable version that it wants everything back to; null where its program may still be there, or it does not.
        pub back: Option<String>,
    }
}

wire! {
    pub struct RolloutLeaseArgs { pub session: String, pub object: ObjectRef }
}

wire! {
    pub enum RolloutPhase { Moving, Watching, Waiting, Paused, Returning, Done, Returned, Stopped }
}

wire! {
    pub enum RolloutCommand { Promote, Pause, Resume, Abort }
}

wire! {
    pub struct RolloutCommandArgs { pub session: String, pub rollout: f64, pub command: RolloutCommand }
}

wire! {
    pub struct RolloutRef { pub session: String, pub rollout: f64 }
}

wire! {
    pub struct RolloutUndoReviewArgs {
        pub session: String,
        pub rollout: f64,
        pub choices: Vec<UndoChoice>,
        /// Objects that stay as they are.
        pub left_out: Vec<ObjectRef>,
    }
}

wire! {
    pub struct RolloutUndoArgs { pub session: String, pub rollout: f64, pub token: String }
}

wire! {
    pub enum GateVerdict { Holds, Fails, Unknown }
}

wire! {
    pub struct RolloutRates {
        pub requests_per_second: f64,
        /// 0 to 1.
        pub error_share: f64,
        /// Milliseconds.
        pub p50: Option<f64>,
        pub p99: Option<f64>,
    }
}

wire! {
    pub struct RolloutJudged {
        pub verdict: GateVerdict,
        pub value: Option<f64>,
        /// The stable version's that it was compared with, of a query.
        pub stable: Option<f64>,
        /// Seconds until it is judged, for as long its query reads what was before the step.
        pub early: Option<f64>,
        pub because: String,
        /// The same in Chinese; empty where an earlier version looked.
        pub zh: String,
    }
}

wire! {
    /// One look at the gates.
    pub struct RolloutCheck {
        /// Seconds since it began.
        pub at: f64,
        pub step: u32,
        /// Percent to the canary then.
        pub weight: u32,
        pub stable: Option<RolloutRates>,
        pub canary: Option<RolloutRates>,
        /// In the order of the plan's gates.
        pub judged: Vec<RolloutJudged>,
    }
}

wire! {
    pub struct Rollout {
        pub id: f64,
        pub user: String,
        pub started_at: f64,
        /// When its driver last gave a sign.
        pub heard_at: f64,
        /// This window's session drives it.
        pub is_ours: bool,
        pub is_over: bool,
        pub plan: RolloutPlan,
        /// The Gateways at which its route decided when it began: `namespace/name`.
        pub gateways: Vec<String>,
        /// From 0.
        pub step: u32,
        pub phase: RolloutPhase,
        /// Why it paused, returns or stopped; null where it did none of these.
        pub phase_because: Option<Said>,
        /// What stands in the way of its next write.
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        pub weight: u32,
        pub mirror: u32,
        /// How long all gates of this step held.
        pub held_seconds: f64,
        /// Oldest first.
        pub checks: Vec<RolloutCheck>,
        /// Entries of the journal that it made.
        pub entries: Vec<f64>,
    }
}

wire! {
    /// What is supposed of the new version; null for as it was measured, or else as the stable version's.
    pub struct RolloutSupposed {
        /// 0 to 1.
        pub error_share: Option<f64>,
        /// Milliseconds.
        pub p50: Option<f64>,
        pub p99: Option<f64>,
        /// What the query of each gate gives, in the order of the plan's gates.
        pub queries: Vec<Option<f64>>,
    }
}

wire! {
    pub struct RolloutSimulateArgs { pub session: String, pub plan: RolloutPlan, pub supposed: RolloutSupposed }
}

wire! {
    /// A step as it would go.
    pub struct RolloutPlayed {
        /// From 0.
        pub step: u32,
        /// Seconds after the beginning.
        pub from: f64,
        pub to: f64,
        /// Requests a second of which the new version gets a copy.
        pub copied: f64,
        pub looks: u32,
        /// The look at which it was left, or broke.
        pub last: Option<RolloutCheck>,
        /// A person had to promote it, which is supposed to happen at once.
        pub by_hand: bool,
    }
}

wire! {
    /// Where what a gate's query gives in a play comes from; `stable` is what Prometheus has of the stable version.
    pub enum RolloutSource { Supposed, Recorded, Stable, Unplayed }
}

wire! {
    pub struct RolloutGiven {
        /// From 0.
        pub gate: u32,
        pub source: RolloutSource,
        /// Why it is not played.
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
    }
}

wire! {
    /// A plan as it would go.
    pub struct RolloutSimulated {
        pub phase: RolloutPhase,
        /// Why it paused or went back; null where it did not.
        pub phase_because: Option<Said>,
        /// Where it ended, from 0.
        pub step: u32,
        /// How long it took.
        pub seconds: f64,
        /// Those that were reached.
        pub steps: Vec<RolloutPlayed>,
        /// The last looks, oldest first.
        pub checks: Vec<RolloutCheck>,
        /// From and to when the traffic was recorded; null where it is that of now.
        pub recorded_from: Option<f64>,
        pub recorded_to: Option<f64>,
        /// Of both versions, in the mean.
        pub requests_per_second: f64,
        /// The new version had traffic: what is not supposed of it was measured.
        pub canary_known: bool,
        /// Share of the requests that go another way than the split says.
        pub astray: f64,
        /// The gates that ask Prometheus.
        pub given: Vec<RolloutGiven>,
    }
}

wire! {
    pub enum ForeignHealth { Going, Paused, Done, Failed, Unknown }
}

wire! {
    /// What a person may want of a rollout of another controller; `finish` is to the end now, past all steps and checks.
    pub enum ForeignOrder { Promote, Finish, Pause, Resume, Abort, Retry }
}

wire! {
    /// What is said in both languages of the window; without Chinese where an earlier version said it.
    pub struct Said { pub because: String, pub zh: String }
}

wire! {
    /// Why an order has no meaning now; empty where it has.
    pub struct ForeignChoice { pub order: ForeignOrder, pub because: String, pub zh: String }
}

wire! {
    /// A rollout that another controller drives.
    pub struct ForeignRollout {
        pub controller: String,
        pub object: ObjectRef,
        pub health: ForeignHealth,
        /// The controller's own word.
        pub phase: String,
        pub message: String,
        /// The same in Chinese; the controller's own words as they are.
        pub zh: String,
        /// Steps behind it.
        pub step: Option<f64>,
        pub steps: Option<f64>,
        /// Percent to the new version.
        pub weight: Option<f64>,
        /// Routing objects whose weights it writes.
        pub moves: Vec<ObjectRef>,
        pub orders: Vec<ForeignChoice>,
    }
}

wire! {
    pub struct ForeignRollouts {
        /// Controllers that are installed.
        pub controllers: Vec<String>,
        pub rollouts: Vec<ForeignRollout>,
        pub unknown: Vec<Unknown>,
    }
}

wire! {
    pub struct ForeignOrderArgs { pub session: String, pub object: ObjectRef, pub order: ForeignOrder }
}

wire! {
    pub struct ForeignPlanArgs { pub session: String, pub plan: RolloutPlan, pub controller: String }
}

wire! {
    /// A plan as another controller would have it.
    pub struct ForeignPlan {
        /// What goes into the tray: what the rollout names for its gates, then the rollout.
        pub proposals: Vec<Proposal>,
        /// What it does not say, or says otherwise.
        pub lost: Vec<Said>,
    }
}
