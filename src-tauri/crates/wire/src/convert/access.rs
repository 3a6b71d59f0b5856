//! The access log of one proxy.

use session::proxies::access::{Call, Direction, Entry, Following, Only, Shown, What, flag};
use world::Said;

use crate::types::{
    AccessCall, AccessDirection, AccessFlag, AccessOnly, AccessRow, AccessState, ObjectRef, ProxyAccess,
};

pub(crate) fn only(only: AccessOnly) -> Only {
    match only {
        AccessOnly::All => Only::All,
        AccessOnly::Calls => Only::Calls,
        AccessOnly::Failed => Only::Failed,
    }
}

impl From<Shown> for ProxyAccess {
    fn from(of: Shown) -> Self {
        let mut codes: Vec<String> = of.rows.iter().flat_map(|(_, entry)| flags(entry)).cloned().collect();
        codes.sort_unstable();
        codes.dedup();
        let card = |code: String| {
            let known = flag(&code);
            let (what, zh) = known.map_or(("", ""), |known| (known.what, known.zh));
            AccessFlag { code, what: what.to_owned(), zh: zh.to_owned() }
        };
        let (state, because) = match of.following {
            Following::Begins => (AccessState::Begins, Said::default()),
            Following::Runs => (AccessState::Runs, Said::default()),
            Following::Ended(because) => (AccessState::Ended, because),
        };
        Self {
            state,
            because: because.en,
            zh: because.zh,
            rows: of.rows.into_iter().map(row).collect(),
            fit: of.fit as u32,
            read: of.read as f64,
            dropped: of.dropped as f64,
            unknown: of.unknown as u32,
            off: of.off,
            flags: codes.into_iter().map(card).collect(),
        }
    }
}

fn flags(entry: &Entry) -> &[String] {
    match &entry.what {
        What::Call(call) => &call.flags,
        What::Word(_) | What::Unknown => &[],
    }
}

fn row((n, entry): (u64, Entry)) -> AccessRow {
    let at = entry.at.map(|at| at.as_millisecond() as f64);
    let (call, level) = match entry.what {
        What::Call(call) => (Some((*call).into()), String::new()),
        What::Word(level) => (None, level),
        What::Unknown => (None, String::new()),
    };
    AccessRow { n: n as f64, at, call, level, raw: entry.raw }
}

impl From<Call> for AccessCall {
    fn from(of: Call) -> Self {
        let (policy, failed) = (of.policy().as_ref().map(ObjectRef::from), of.failed());
        let direction = match of.direction {
            Direction::Inbound => AccessDirection::Inbound,
            Direction::Outbound => AccessDirection::Outbound,
            Direction::Unknown => AccessDirection::Unknown,
        };
        Self {
            direction,
            method: of.method,
            path: of.path,
            protocol: of.protocol,
            authority: of.authority,
            status: of.status.map(u32::from),
            flags: of.flags,
            details: of.details,
            failure: of.failure,
            received: of.received.map(|n| n as f64),
            sent: of.sent.map(|n| n as f64),
            duration: of.duration,
            upstream_host: of.upstream_host,
            upstream_cluster: of.upstream_cluster,
            peer: of.peer,
            request_id: of.request_id,
            agent: of.agent,
            route: of.route,
            policy,
            failed,
            doubtful: of.doubtful,
        }
    }
}
