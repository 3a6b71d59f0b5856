//! Requests, verdicts and findings.

use std::time::{SystemTime, UNIX_EPOCH};

use mesh::{Foreign, Rule};
use world::yaml::{Edit, Op};

use crate::types::{
    Abort, Caller, Delay, Destination, EditOp, Finding, ForeignCode, ForeignWords, HeaderChanges, InjectedFault, Level,
    Lost, Mirror, ObjectRef, Outcome, Request, Retries, Rewrite, RuleCard, RuleWords, Secured, Silenced, Step, Unknown,
    Verdict, YamlEdit,
};
use crate::{Code, Fault};

impl From<&world::ObjectKey> for ObjectRef {
    fn from(key: &world::ObjectKey) -> Self {
        let world::ObjectKey { group, kind, namespace, name } = key.clone();
        Self { group, kind, namespace, name }
    }
}

impl From<ObjectRef> for world::ObjectKey {
    fn from(object: ObjectRef) -> Self {
        let ObjectRef { group, kind, namespace, name } = object;
        Self { group, kind, namespace, name }
    }
}

impl From<mesh::Unknown> for Unknown {
    fn from(unknown: mesh::Unknown) -> Self {
        let mesh::Unknown { about, because } = unknown;
        Self { about: about.en, about_zh: about.zh, because: because.en, zh: because.zh }
    }
}

impl From<mesh::Transport> for Secured {
    fn from(transport: mesh::Transport) -> Self {
        match transport {
            mesh::Transport::Mtls => Self::Mtls,
            mesh::Transport::Tls => Self::Tls,
            mesh::Transport::Plaintext => Self::Plaintext,
        }
    }
}

impl From<mesh::Level> for Level {
    fn from(level: mesh::Level) -> Self {
        match level {
            mesh::Level::Error => Self::Error,
            mesh::Level::Warning => Self::Warning,
            mesh::Level::Info => Self::Info,
        }
    }
}

impl From<mesh::Outcome> for Outcome {
    fn from(outcome: mesh::Outcome) -> Self {
        match outcome {
            mesh::Outcome::Forwarded => Self::Forwarded,
            mesh::Outcome::Denied => Self::Denied,
            mesh::Outcome::Direct => Self::Direct,
            mesh::Outcome::Redirected => Self::Redirected,
            mesh::Outcome::Aborted => Self::Aborted,
            mesh::Outcome::NoRoute => Self::NoRoute,
            mesh::Outcome::NoDestination => Self::NoDestination,
            mesh::Outcome::Refused => Self::Refused,
            mesh::Outcome::Blocked => Self::Blocked,
            mesh::Outcome::Unresolved => Self::Unresolved,
            mesh::Outcome::Unknown => Self::Unknown,
        }
    }
}

impl TryFrom<Request> for mesh::Request {
    type Error = Fault;

    fn try_from(request: Request) -> Result<Self, Fault> {
        let bad = |why: &str| {
            Fault::new(Code::BadInput, format!("request '{}': {why}", request.id))
                .hint("from: {namespace, workload}, {namespace, serviceAccount} or {outside: IP}")
        };
        let from = match request.from.clone() {
            Caller { namespace: Some(namespace), workload: Some(workload), service_account: None, outside: None } => {
                mesh::Caller::Workload { namespace, workload }
            }
            Caller {
                namespace: Some(namespace),
                workload: None,
                service_account: Some(service_account),
                outside: None,
            } => mesh::Caller::ServiceAccount { namespace, service_account },
            Caller { workload: None, service_account: None, outside: Some(ip), .. } => mesh::Caller::Outside { ip },
            _ => return Err(bad("it must say who calls, in exactly one way")),
        };
        let via = match &request.via {
            None => None,
            Some(via) => match via.split_once('/') {
                Some((namespace, service)) => Some((namespace.to_owned(), service.to_owned())),
                None => return Err(bad("'via' is NAMESPACE/SERVICE of a gateway")),
            },
        };
        if request.url.is_empty() {
            return Err(bad("its url is empty"));
        }
        let method = if request.method.is_empty() { "GET".to_owned() } else { request.method };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_secs()).ok());
        let headers = request.headers.into_iter().collect();
        Ok(Self { id: request.id, from, via, method, url: request.url, headers, at: now })
    }
}

/// `shop/reviews`; a host outside is itself.
pub(crate) fn service((namespace, name): (String, String)) -> String {
    if namespace.is_empty() { name } else { format!("{namespace}/{name}") }
}

impl From<mesh::Verdict> for Verdict {
    fn from(verdict: mesh::Verdict) -> Self {
        Self {
            id: verdict.id,
            outcome: verdict.outcome.into(),
            status: verdict.status,
            destinations: verdict.destinations.into_iter().map(Into::into).collect(),
            lost: verdict.lost.into_iter().map(Into::into).collect(),
            transport: verdict.transport.map(Into::into),
            rewrite: Rewrite { path: verdict.rewrite.path, authority: verdict.rewrite.authority },
            request_headers: HeaderChanges {
                set: verdict.request_headers.set.into_iter().collect(),
                add: verdict.request_headers.add.into_iter().collect(),
                remove: verdict.request_headers.remove,
            },
            location: verdict.location,
            timeout: verdict.timeout,
            retries: verdict.retries.map(|r| Retries {
                attempts: r.attempts,
                per_try_timeout: r.per_try_timeout,
                on: r.on,
            }),
            fault: InjectedFault {
                abort: verdict.fault.abort.map(|a| Abort { status: a.status, percent: a.percent }),
                delay: verdict.fault.delay.map(|d| Delay { duration: d.duration, percent: d.percent }),
            },
            mirror: verdict.mirror.into_iter().map(Into::into).collect(),
            trace: verdict.trace.into_iter().map(Into::into).collect(),
            unknown: verdict.unknown.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<mesh::Destination> for Destination {
    fn from(destination: mesh::Destination) -> Self {
        Self {
            service: service(destination.service),
            port: destination.port,
            subset: destination.subset,
            share: destination.share,
            workloads: destination.workloads,
        }
    }
}

impl From<mesh::Lost> for Lost {
    fn from(lost: mesh::Lost) -> Self {
        Self {
            share: lost.share,
            outcome: lost.outcome.into(),
            status: lost.status,
            workloads: lost.workloads,
            because: lost.step.because.en,
            zh: lost.step.because.zh,
            object: lost.step.object.as_ref().map(ObjectRef::from),
            path: lost.step.path.unwrap_or_default(),
        }
    }
}

impl From<mesh::Mirror> for Mirror {
    fn from(mirror: mesh::Mirror) -> Self {
        Self { service: service(mirror.service), subset: mirror.subset, percent: mirror.percent }
    }
}

impl From<mesh::Step> for Step {
    fn from(step: mesh::Step) -> Self {
        Self {
            step: step.step.to_owned(),
            object: step.object.map(|object| object.to_string()),
            path: step.path,
            because: step.because.en,
            zh: step.because.zh,
        }
    }
}

impl From<session::findings::Located> for Finding {
    fn from(located: session::findings::Located) -> Self {
        let session::findings::Located { finding, aliases, file, line } = located;
        Self {
            fixable: finding.fixable(),
            fix: finding.fix.into_iter().map(YamlEdit::from).collect(),
            rule: finding.rule.to_owned(),
            level: finding.level.into(),
            object: ObjectRef::from(&finding.object),
            kind: finding.object.kind,
            namespace: finding.object.namespace,
            name: finding.object.name,
            path: finding.path,
            file,
            line,
            message: finding.message.en,
            zh: finding.message.zh,
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        }
    }
}

impl From<Edit> for YamlEdit {
    fn from(edit: Edit) -> Self {
        let op = match edit.op {
            Op::Set => EditOp::Set,
            Op::Insert => EditOp::Insert,
            Op::Remove => EditOp::Remove,
            Op::Move => EditOp::Move,
        };
        let to = edit.to.and_then(|to| u32::try_from(to).ok());
        Self { op, path: edit.pointer, value: edit.value, to }
    }
}

impl From<session::findings::Quiet> for Silenced {
    fn from(quiet: session::findings::Quiet) -> Self {
        Self { finding: quiet.located.into(), by: quiet.by }
    }
}

impl From<&Foreign> for ForeignCode {
    fn from(foreign: &Foreign) -> Self {
        Self {
            code: foreign.code.to_owned(),
            level: foreign.level.map(Into::into),
            what: foreign.what.0.to_owned(),
            because: foreign.because.0.to_owned(),
            zh: ForeignWords { what: foreign.what.1.to_owned(), because: foreign.because.1.to_owned() },
        }
    }
}

impl From<&Rule> for RuleCard {
    fn from(rule: &Rule) -> Self {
        Self {
            rule: rule.name.to_owned(),
            level: rule.level.into(),
            aliases: rule.aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            what: rule.what.to_owned(),
            why: rule.why.to_owned(),
            fix: rule.fix.to_owned(),
            zh: RuleWords { what: rule.zh.what.to_owned(), why: rule.zh.why.to_owned(), fix: rule.zh.fix.to_owned() },
        }
    }
}
