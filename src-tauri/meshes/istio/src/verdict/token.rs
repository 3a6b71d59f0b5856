//! The token of a request, where a proxy checks it: the end user's, for policies and, at a gateway, for routes.

use mesh::{Outcome, Step, Verdict};
use world::{Labels, ObjectKey, Said, said};

use super::way::Way;
use crate::kinds::request_authentication::decide::{Carrying, EndUser, Taken, authenticate, of_waypoint, of_workload};
use crate::read::Index;

/// What a proxy makes of the tokens of a request.
pub(super) enum Checked {
    /// There is none, or nobody asks.
    Nobody,
    /// One is taken.
    Taken(Box<Taken>, Step),
    /// The request ends here, with this status.
    Ends(Outcome, Option<u16>, Step),
}

/// Checks the tokens of a request at the proxy of a workload.
pub(super) fn check(index: &Index, namespace: &str, labels: &Labels, way: &Way) -> Checked {
    checked(authenticate(&of_workload(index, namespace, labels), carrying(way)))
}

/// Checks the tokens of a request at a waypoint of a service.
pub(super) fn check_at(index: &Index, waypoint: &ObjectKey, service: Option<&ObjectKey>, way: &Way) -> Checked {
    checked(authenticate(&of_waypoint(index, waypoint, service), carrying(way)))
}

fn carrying(way: &Way) -> Carrying<'_> {
    let query = way.path.split_once('?').map(|(_, query)| query).or(way.query.as_deref());
    Carrying { headers: &way.headers, query, method: &way.method, at: way.at }
}

fn checked(user: EndUser) -> Checked {
    match user {
        EndUser::Nobody => Checked::Nobody,
        EndUser::Known(taken) => {
            let because = said!("the token of {} is taken", "接受 {} 的令牌", taken.claims.text("sub"));
            let step = Step::by("authenticate", &taken.key, taken.path.clone(), because);
            Checked::Taken(taken, step)
        }
        EndUser::Refused(status, key, path, why) => {
            Checked::Ends(Outcome::Denied, Some(status), Step::by("authenticate", &key, path, why))
        }
        EndUser::Unknown(key, path, why) => {
            Checked::Ends(Outcome::Unknown, None, Step::by("authenticate", &key, path, why))
        }
    }
}

/// The headers as they are once the token is taken.
pub(super) fn carry(headers: &mut Vec<(String, String)>, taken: &Taken) {
    headers.retain(|(n, _)| !taken.remove.contains(n) && !taken.set.iter().any(|(set, _)| set == n));
    headers.extend(taken.set.iter().cloned());
}

/// The request goes on with its token, at a proxy that routes by it; `false` where it ends.
pub(super) fn taken(checked: Checked, who: impl Into<Said>, way: &mut Way, verdict: &mut Verdict) -> bool {
    way.claims = None;
    match checked {
        Checked::Nobody => true,
        Checked::Taken(taken, step) => {
            verdict.trace.push(step);
            carry(&mut way.headers, &taken);
            verdict.request_headers.set.extend(taken.set);
            verdict.request_headers.remove.extend(taken.remove);
            if let Some(param) = &taken.param {
                way.cut(param);
            }
            way.claims = Some(taken.claims);
            true
        }
        Checked::Ends(Outcome::Unknown, _, step) => {
            let because = step.because.clone();
            verdict.trace.push(step);
            *verdict = verdict.clone().because(who, because);
            false
        }
        Checked::Ends(outcome, status, step) => {
            verdict.trace.push(step);
            verdict.ends(outcome);
            verdict.status = status;
            false
        }
    }
}
