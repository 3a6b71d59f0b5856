//! Verdicts and findings.

use super::{ObjectRef, Secured, Unknown, wire};

wire! {
    pub struct ExplainArgs {
        pub session: String,
        pub request: Request,
        /// Ask the world with the tray applied.
        pub with_draft: bool,
    }
}

wire! {
    /// Who calls: a workload, an account, or somebody outside. Exactly one of the last three is set.
    #[derive(Default)]
    pub struct Caller {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        pub namespace: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        pub workload: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        pub service_account: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        pub outside: Option<String>,
    }
}

wire! {
    /// A request of `netloft explain --requests`.
    pub struct Request {
        #[serde(default)]
        pub id: String,
        pub from: Caller,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        pub via: Option<String>,
        #[serde(default)]
        pub method: String,
        pub url: String,
        #[serde(default)]
        pub headers: std::collections::BTreeMap<String, String>,
    }
}

wire! {
    pub enum Outcome {
        Forwarded, Denied, Direct, Redirected, Aborted, NoRoute, NoDestination, Refused, Blocked, Unresolved, Unknown,
    }
}

wire! {
    pub struct Destination {
        pub service: String,
        pub port: u16,
        pub subset: Option<String>,
        pub share: f64,
        pub workloads: Vec<String>,
    }
}

wire! {
    /// A share of the requests that ends otherwise than the rest, which is forwarded.
    pub struct Lost {
        pub share: f64,
        pub outcome: Outcome,
        pub status: Option<u16>,
        pub workloads: Vec<String>,
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        /// What decides it.
        pub object: Option<ObjectRef>,
        pub path: String,
    }
}

wire! {
    pub struct Step {
        pub step: String,
        /// As people say it: `VirtualService shop/reviews`; null where no object decides.
        pub object: Option<String>,
        pub path: Option<String>,
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
    }
}

wire! {
    pub struct Rewrite { pub path: Option<String>, pub authority: Option<String> }
}

wire! {
    pub struct HeaderChanges {
        pub set: std::collections::BTreeMap<String, String>,
        pub add: std::collections::BTreeMap<String, String>,
        pub remove: Vec<String>,
    }
}

wire! {
    pub struct Retries { pub attempts: u32, pub per_try_timeout: Option<String>, pub on: Option<String> }
}

wire! {
    pub struct Abort { pub status: u16, pub percent: f64 }
}

wire! {
    pub struct Delay { pub duration: String, pub percent: f64 }
}

wire! {
    pub struct InjectedFault { pub abort: Option<Abort>, pub delay: Option<Delay> }
}

wire! {
    pub struct Mirror { pub service: String, pub subset: Option<String>, pub percent: f64 }
}

wire! {
    /// The answer of `netloft explain`.
    pub struct Verdict {
        pub id: String,
        pub outcome: Outcome,
        pub status: Option<u16>,
        pub destinations: Vec<Destination>,
        /// What does not arrive though the rest does.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<Lost>>")]
        pub lost: Vec<Lost>,
        pub transport: Option<Secured>,
        pub rewrite: Rewrite,
        pub request_headers: HeaderChanges,
        pub location: Option<String>,
        pub timeout: Option<String>,
        pub retries: Option<Retries>,
        pub fault: InjectedFault,
        pub mirror: Vec<Mirror>,
        pub trace: Vec<Step>,
        pub unknown: Vec<Unknown>,
    }
}

wire! {
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Level { Error, Warning, Info }
}

wire! {
    pub struct FindingsArgs { pub session: String, pub with_draft: bool }
}

wire! {
    pub struct FindingList { pub findings: Vec<Finding>, pub unknown: Vec<Unknown>, pub silenced: Vec<Silenced> }
}

wire! {
    /// A finding that an annotation of its object silences.
    pub struct Silenced { pub finding: Finding, pub by: String }
}

wire! {
    /// The same words as `netloft check`.
    pub struct Finding {
        pub rule: String,
        pub level: Level,
        pub kind: String,
        pub namespace: String,
        pub name: String,
        pub path: String,
        pub file: Option<String>,
        pub line: Option<u32>,
        pub message: String,
        /// The same in Chinese.
        pub zh: String,
        pub aliases: Vec<String>,
        pub fixable: bool,
        /// The quick fix: edits of the object, in this order.
        pub fix: Vec<super::YamlEdit>,
        pub object: ObjectRef,
    }
}

wire! {
    pub struct RuleCard {
        pub rule: String,
        pub level: Level,
        pub aliases: Vec<String>,
        pub what: String,
        pub why: String,
        pub fix: String,
        pub zh: RuleWords,
    }
}

wire! {
    /// A code of another tool that no rule of ours stands for.
    pub struct ForeignCode {
        pub code: String,
        pub level: Option<Level>,
        pub what: String,
        pub because: String,
        pub zh: ForeignWords,
    }
}

wire! {
    /// The same in Chinese.
    pub struct ForeignWords { pub what: String, pub because: String }
}

wire! {
    /// The words of a rule in another language than English.
    pub struct RuleWords { pub what: String, pub why: String, pub fix: String }
}
