//! What a mesh does with a request, and why. The words and their meaning are those of the `netloft explain` form.

use std::collections::BTreeMap;

use world::{ObjectKey, Said};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It reaches a destination.
    Forwarded,
    /// Authorization or authentication refuses it.
    Denied,
    /// The route answers itself.
    Direct,
    /// The route redirects.
    Redirected,
    /// An injected fault answers at 100 %.
    Aborted,
    /// No route matches: 404.
    NoRoute,
    /// Nothing to send it to: no endpoints, or an unknown cluster.
    NoDestination,
    /// The connection is refused or reset, as for plaintext into STRICT.
    Refused,
    /// The outbound policy lets nothing unknown out: 502.
    Blocked,
    /// The name does not resolve.
    Unresolved,
    /// It cannot be known; `Verdict::unknown` says why.
    Unknown,
}

impl Outcome {
    /// The caller gets an answer that somebody meant to give.
    pub fn serves(self) -> bool {
        matches!(self, Self::Forwarded | Self::Direct | Self::Redirected)
    }
}

/// How the request travels between the proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Mutual TLS of the mesh.
    Mtls,
    /// TLS that the mesh did not make mutual.
    Tls,
    /// Nothing protects it.
    Plaintext,
}

/// One place where the request may end, with its share.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// (namespace, name) of the service, or ("", host) for a host outside.
    pub service: (String, String),
    /// Port of the service.
    pub port: u16,
    /// Subset, where the route names one.
    pub subset: Option<String>,
    /// Share of the requests, 0 to 1; all shares add up to 1.
    pub share: f64,
    /// Names of the workloads with ready pods behind it.
    pub workloads: Vec<String>,
}

/// A share of a request's kind that ends otherwise than the rest of it, which arrives: its pods do not all take it alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// Which of the verdict's destinations it was for.
    pub destination: usize,
    /// Share of the requests, 0 to 1.
    pub share: f64,
    /// What becomes of them.
    pub outcome: Outcome,
    /// HTTP status that the caller sees; `None` where it gets none.
    pub status: Option<u16>,
    /// Names of the workloads at which it ends so; none where there is nobody to send it to.
    pub workloads: Vec<String>,
    /// What decides it.
    pub step: Step,
}

/// One step of the way, with what decided it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Kebab-case name of the step: `resolve`, `route`, `split`, `subset`, `transport`, `authorize`, `deliver` …
    pub step: &'static str,
    /// The object that decided it.
    pub object: Option<ObjectKey>,
    /// The field in it: `spec.http[0].match[0]`.
    pub path: Option<String>,
    /// In words.
    pub because: Said,
}

/// Something that could not be known, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unknown {
    /// What is not known.
    pub about: Said,
    /// Why.
    pub because: Said,
}

/// A changed path or authority.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Rewrite {
    /// The path that the destination sees.
    pub path: Option<String>,
    /// The authority that the destination sees.
    pub authority: Option<String>,
}

/// Request headers that the mesh sets, adds and removes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HeaderChanges {
    /// Overwritten.
    pub set: Vec<(String, String)>,
    /// Appended.
    pub add: Vec<(String, String)>,
    /// Removed.
    pub remove: Vec<String>,
}

/// Retries of the caller's proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Attempts after the first.
    pub attempts: u32,
    /// Time limit of one try, as written.
    pub per_try_timeout: Option<String>,
    /// Conditions, as written.
    pub on: Option<String>,
}

/// A fault that answers instead of the destination.
#[derive(Clone, Debug, PartialEq)]
pub struct Abort {
    /// HTTP status.
    pub status: u16,
    /// Percentage of the requests, 0 to 100.
    pub percent: f64,
}

/// A fault that delays.
#[derive(Clone, Debug, PartialEq)]
pub struct Delay {
    /// As written: `5s`.
    pub duration: String,
    /// Percentage of the requests, 0 to 100.
    pub percent: f64,
}

/// Faults that a route injects.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Fault {
    /// Answers with an error.
    pub abort: Option<Abort>,
    /// Waits.
    pub delay: Option<Delay>,
}

/// A copy of the request that goes elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Mirror {
    /// (namespace, service).
    pub service: (String, String),
    /// Subset, where one is named.
    pub subset: Option<String>,
    /// Percentage of the requests, 0 to 100.
    pub percent: f64,
}

/// What the mesh does with one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The request's id.
    pub id: String,
    /// What becomes of it.
    pub outcome: Outcome,
    /// HTTP status that the caller sees; `None` where it gets none or the application decides.
    pub status: Option<u16>,
    /// Where it may end.
    pub destinations: Vec<Destination>,
    /// What does not arrive of a request that is forwarded: each way in which a share of it ends. What arrives is the rest.
    pub lost: Vec<Lost>,
    /// How it travels; `None` where it does not.
    pub transport: Option<Transport>,
    /// Changed path or authority.
    pub rewrite: Rewrite,
    /// Changed request headers.
    pub request_headers: HeaderChanges,
    /// Where a redirect points.
    pub location: Option<String>,
    /// Time limit of the route, as written.
    pub timeout: Option<String>,
    /// Retries of the route.
    pub retries: Option<Retries>,
    /// Faults of the route.
    pub fault: Fault,
    /// Copies.
    pub mirror: Vec<Mirror>,
    /// What the caller's proxy keeps to on the way there that no single request shows: limits, which pods are left out, how one is
    /// chosen, names in TLS; each as it is written, by its name in a policy.
    pub settings: BTreeMap<String, String>,
    /// How it came to this.
    pub trace: Vec<Step>,
    /// What could not be known.
    pub unknown: Vec<Unknown>,
}

/// How a pod takes a request that another mesh brings to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// What becomes of it there.
    pub outcome: Outcome,
    /// HTTP status that the caller sees; `None` where it gets none or the application decides.
    pub status: Option<u16>,
    /// How it came to this.
    pub steps: Vec<Step>,
    /// What could not be known.
    pub unknown: Vec<Unknown>,
}

impl Step {
    /// A step that no object decides.
    pub fn said(step: &'static str, because: impl Into<Said>) -> Self {
        Self { step, object: None, path: None, because: because.into() }
    }

    /// A step that a field of an object decides.
    pub fn by(step: &'static str, object: &ObjectKey, path: impl Into<String>, because: impl Into<Said>) -> Self {
        Self { step, object: Some(object.clone()), path: Some(path.into()), because: because.into() }
    }
}

impl Destination {
    /// A host outside the cluster, which takes everything.
    pub fn outside(host: &str, port: u16) -> Self {
        Self { service: (String::new(), host.to_owned()), port, subset: None, share: 1.0, workloads: Vec::new() }
    }
}

impl Verdict {
    /// Nothing known yet of this request.
    pub fn unknown(request: &crate::Request) -> Self {
        Self {
            id: request.id.clone(),
            outcome: Outcome::Unknown,
            status: None,
            destinations: Vec::new(),
            lost: Vec::new(),
            transport: None,
            rewrite: Rewrite::default(),
            request_headers: HeaderChanges::default(),
            location: None,
            timeout: None,
            retries: None,
            fault: Fault::default(),
            mirror: Vec::new(),
            settings: BTreeMap::new(),
            trace: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// What becomes of it is not known.
    pub fn not_known(&mut self, unknown: Unknown) {
        self.outcome = Outcome::Unknown;
        self.unknown.push(unknown);
    }

    /// The same, unknown, because.
    #[must_use]
    pub fn because(mut self, about: impl Into<Said>, because: impl Into<Said>) -> Self {
        self.not_known(Unknown { about: about.into(), because: because.into() });
        self
    }

    /// It ends here without a destination or a way.
    pub fn ends(&mut self, outcome: Outcome) {
        self.outcome = outcome;
        self.destinations.clear();
        self.lost.clear();
        self.transport = None;
    }

    /// The caller gets an answer that somebody meant to give.
    pub fn serves(&self) -> bool {
        self.outcome.serves()
    }

    /// A share of what is forwarded is lost, at a workload where there is one. What ends alike for the same reason is told once.
    pub fn loses(&mut self, lost: Lost) {
        let end = |lost: &Lost| (lost.destination, lost.outcome, lost.step.clone());
        let same = |known: &&mut Lost| end(known) == end(&lost);
        match self.lost.iter_mut().find(same) {
            Some(known) => {
                known.share += lost.share;
                known.workloads.extend(lost.workloads);
                known.workloads.sort();
                known.workloads.dedup();
            }
            None => self.lost.push(lost),
        }
    }

    /// The share of it that does not arrive though the rest is forwarded, 0 to 1.
    pub fn lost_share(&self) -> f64 {
        self.lost.iter().map(|lost| lost.share).sum()
    }
}
