//! Policies from traffic, and the way to STRICT.

use super::{EffectLine, ObjectRef, Proposal, Unknown, wire};

wire! {
    /// What policies shall be made from traffic for.
    pub struct PoliciesArgs {
        pub session: String,
        pub namespace: String,
        /// Empty for all services of the namespace.
        pub service: String,
        /// 0 for all that the proxies have counted since each of them began.
        pub window_seconds: u32,
        /// The window ends at this time, in milliseconds since 1970; now where it is left out.
        #[serde(default)]
        #[ts(optional)]
        pub at: Option<f64>,
        /// Narrow callers to the methods and paths that the access logs show of them.
        pub requests: bool,
    }
}

wire! {
    /// Requests that were seen: each of these methods on each of these paths.
    pub struct AskedRequests { pub methods: Vec<String>, pub paths: Vec<String> }
}

wire! {
    /// A caller that the policies let in.
    pub struct LetIn {
        pub namespace: String,
        /// By it the mesh knows the caller.
        pub service_account: String,
        /// Those that were seen under it.
        pub workloads: Vec<String>,
        pub service: String,
        /// Empty where nobody counted them.
        pub ports: Vec<u16>,
        /// It opens connections that carry no HTTP to its proxy.
        pub tcp: bool,
        /// What it may ask; empty for anything.
        pub requests: Vec<AskedRequests>,
        /// Requests, or connections: a second, or in all.
        pub amount: f64,
    }
}

wire! {
    pub enum LeftWhy {
        /// It comes in plaintext: the mesh cannot know it.
        Plaintext,
        /// Its pods are gone.
        Gone,
        /// It is refused already.
        Refused,
        /// The service is not in a mesh that such policies guard.
        NotInMesh,
        /// The engine says that the policies would still refuse it, or cannot say.
        Otherwise,
    }
}

wire! {
    /// Somebody who was seen and is not let in.
    pub struct Left {
        /// Empty for callers that no proxy counts.
        pub namespace: String,
        pub workload: String,
        pub service: String,
        pub tcp: bool,
        pub amount: f64,
        pub why: LeftWhy,
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
    }
}

wire! {
    /// Policies that let in who was seen, and nobody else.
    pub struct Tailored {
        /// In dry-run.
        pub proposals: Vec<Proposal>,
        pub let_in: Vec<LetIn>,
        pub left: Vec<Left>,
        /// What they would do once enforced.
        pub says: Vec<EffectLine>,
        /// Policies in force besides that let more in.
        pub beside: Vec<ObjectRef>,
        /// Services that nobody was seen to call.
        pub silent: Vec<String>,
        /// For so many seconds of the window, or without one, the app has looked; null where another counted.
        pub watched_seconds: Option<f64>,
        /// Requests that were read in access logs.
        pub lines: u32,
        /// Access logs that could not be read.
        pub unknown: Vec<Unknown>,
    }
}

wire! {
    /// The policies of a namespace that only report, and what enforcing them would do.
    pub struct DryRun {
        pub namespace: String,
        pub proposals: Vec<Proposal>,
        pub says: Vec<EffectLine>,
        pub counted: DryRunCounted,
        /// The tray enforces them already.
        pub pending: bool,
    }
}

wire! {
    /// What the proxies themselves have counted of policies that only report.
    pub struct DryRunCounted {
        /// For so many seconds up to now; null where nobody has counted since the policies were last written to.
        pub seconds: Option<f64>,
        pub rows: Vec<DryRunRow>,
        /// `namespace/workload` of those under these policies whose proxies count no such thing.
        pub silent: Vec<String>,
    }
}

wire! {
    /// What the proxies of one workload counted of the policies of one action.
    pub struct DryRunRow {
        pub namespace: String,
        pub workload: String,
        /// DENY policies, else ALLOW policies.
        pub denies: bool,
        /// Connections over which goes no HTTP, else requests.
        pub tcp: bool,
        /// So many would have been refused.
        pub refused: f64,
        /// Of so many.
        pub of: f64,
    }
}

wire! {
    /// A mode of mutual TLS that a step leads to.
    pub enum StrictMode { Permissive, Strict }
}

wire! {
    pub enum StrictState {
        /// Every workload takes mutual TLS alone.
        Done,
        /// Nobody was seen to call in plaintext, for long enough.
        Ready,
        /// The same, but nobody has looked for long.
        Young,
        /// Somebody calls in plaintext, or the engine says that somebody would break.
        Blocked,
    }
}

wire! {
    /// Somebody who called in plaintext.
    pub struct PlainCaller {
        /// `namespace/workload`; empty for callers that no proxy counts.
        pub caller: String,
        pub workload: String,
        pub last: f64,
        /// For so many seconds the app has looked since.
        pub quiet_seconds: f64,
    }
}

wire! {
    /// How a port, or a workload at all others, takes connections.
    pub enum StrictTakes { Strict, Permissive, Disabled, None }
}

wire! {
    /// A port of the pod at which another mode is in force.
    pub struct StrictPort { pub port: u16, pub takes: StrictTakes }
}

wire! {
    /// A workload of the mesh on the way to STRICT.
    pub struct StrictWorkload {
        pub name: String,
        pub takes: StrictTakes,
        /// What decides it; null for the mesh's default.
        pub object: Option<ObjectRef>,
        pub path: String,
        pub ports: Vec<StrictPort>,
        /// The step of its namespace changes nothing here: a policy of its own decides.
        pub stays: bool,
        pub state: StrictState,
        /// What a step of its own leads to; `permissive` is for what takes no mutual TLS at all, be it a port alone.
        pub target: Option<StrictMode>,
        /// The others that its step changes as well.
        pub also: Vec<String>,
        /// Since when its own proxies are read; null where they never were.
        pub since: Option<f64>,
        /// For so many seconds of reading them nobody called in plaintext.
        pub quiet_seconds: f64,
        pub callers: Vec<PlainCaller>,
        /// Share of plaintext among the connections that its proxies have counted since they began.
        pub clear_ever: f64,
        /// The tray holds its step.
        pub pending: bool,
    }
}

wire! {
    /// A namespace, or the mesh as a whole, on the way to STRICT.
    pub struct StrictRow {
        pub namespace: String,
        pub whole_mesh: bool,
        pub each: Vec<StrictWorkload>,
        pub workloads: u32,
        pub strict: u32,
        pub off: u32,
        /// Workloads without a proxy.
        pub outside: u32,
        pub state: StrictState,
        pub target: Option<StrictMode>,
        /// For so many seconds of looking nobody called in plaintext.
        pub quiet_seconds: f64,
        pub callers: Vec<PlainCaller>,
        /// Largest share of plaintext connections that the proxies of one workload have counted since they began.
        pub clear_ever: f64,
        /// What the step would do to the traffic of the last minute, where it would do harm.
        pub says: Vec<EffectLine>,
        /// The tray holds the step.
        pub pending: bool,
    }
}

wire! {
    /// A caller that a step has broken.
    pub struct StrictBroken {
        pub entry: f64,
        pub namespace: String,
        /// `namespace/workload`; empty for callers that no proxy counts.
        pub caller: String,
        pub service: String,
        pub before_per_second: f64,
        pub since_per_second: f64,
        pub before_errors: f64,
        pub since_errors: f64,
    }
}

wire! {
    /// How far the mesh is on its way.
    pub struct Strict {
        /// Since when the app has looked; null where it never has.
        pub since: Option<f64>,
        pub watched_seconds: f64,
        pub rows: Vec<StrictRow>,
        /// The namespace that is safe to go on with; null while a caller is broken.
        pub next: Option<String>,
        pub broken: Vec<StrictBroken>,
        /// Namespaces that go back by themselves where a caller breaks.
        pub guards: Vec<StrictGuard>,
        /// Steps that went back by themselves, the last first.
        pub taken_back: Vec<StrictTakenBack>,
    }
}

wire! {
    /// A namespace whose step is guarded. A guard outlives the program.
    pub struct StrictGuard {
        pub namespace: String,
        /// The entry of the journal that wrote the step; null while it waits in the tray.
        pub entry: Option<f64>,
        /// Until when it is guarded; null while the step is not written.
        pub until: Option<f64>,
        /// For so many seconds nobody looked.
        pub interrupted_seconds: f64,
        /// Since when somebody looks again; null where somebody always did.
        pub resumed: Option<f64>,
        /// What was counted before the step is known.
        pub compares: bool,
        /// It goes back by itself; else what broke is only shown.
        pub by_itself: bool,
    }
}

wire! {
    /// A step that was taken back by itself, for it broke a caller.
    pub struct StrictTakenBack {
        /// The entry of the journal that took it back.
        pub entry: f64,
        pub namespace: String,
        pub at: f64,
        pub why: String,
        /// The same in Chinese.
        pub zh: String,
    }
}

wire! {
    pub struct StrictStepArgs {
        pub session: String,
        pub namespace: String,
        /// Of this workload alone; of the whole namespace where it is left out.
        #[serde(default)]
        #[ts(optional)]
        pub workload: Option<String>,
        /// It goes back by itself where a caller breaks.
        pub guard: bool,
    }
}
