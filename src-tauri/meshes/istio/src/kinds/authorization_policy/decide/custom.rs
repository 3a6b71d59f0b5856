//! What becomes of a request that CUSTOM policies name, as far as it does not depend on what the authorizer says.
//! Upstream: istio/istio pilot/pkg/security/authz/builder/builder.go, buildHTTP, buildTCP; extauthz.go, processExtensionProvider.

use std::collections::BTreeSet;

use world::{ObjectKey, Said, said};

use super::{Arriving, Matched, first_rule};
use crate::kinds::Typed;
use crate::kinds::authorization_policy::AuthorizationPolicy;
use crate::kinds::sidecar::Scope;
use crate::read::Index;
use crate::read::registry::Host;
use crate::read::settings::Authorizer;

/// Who asks an authorizer: the proxy of a workload, by what it sees of the mesh.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub index: &'a Index,
    pub scope: Scope<'a>,
    pub namespace: &'a str,
}

/// What comes of the policies that hand the decision to somebody else.
pub(super) enum Asked {
    /// Nothing: the other policies decide.
    Nothing,
    /// Nobody can be asked, so that what a rule names is denied.
    Denied(ObjectKey, String),
    /// The authorizer does not answer, and this is what the caller sees then.
    Failed(ObjectKey, String, u16),
    /// Whether a rule names it, or what the authorizer says, is not known.
    Perhaps(ObjectKey, Said),
}

/// Asks them.
pub(super) fn ask(asker: Asker, policies: &[&Typed<AuthorizationPolicy>], request: &Arriving) -> Asked {
    // Of two authorizers for one workload istiod asks neither, unless it is told to when it starts.
    let names: BTreeSet<&str> = policies.iter().map(|typed| typed.spec.provider()).collect();
    let alone = names.len() < 2;
    for typed in policies {
        let key = || typed.document.key.clone();
        let provider = typed.spec.provider();
        let found = asker.index.settings.authorizer(provider);
        let there = alone && !matches!(&found, Some(None)) && !found.as_ref().is_some_and(|a| asker.is_nowhere(a));
        if there && request.tcp && matches!(&found, Some(Some(authorizer)) if !authorizer.rpc) {
            continue;
        }
        match (first_rule(typed, request), &found) {
            (Matched::No, _) => {}
            (Matched::Rule(path), Some(_)) if !there => return Asked::Denied(key(), path),
            (Matched::Rule(path), Some(Some(authorizer))) if !asker.reaches(authorizer) => {
                if !authorizer.fail_open {
                    return Asked::Failed(key(), path, authorizer.status_on_error().unwrap_or(403));
                }
            }
            (Matched::Unknown(why), _) => return Asked::Perhaps(key(), why),
            (Matched::Rule(_), _) => {
                let why =
                    said!("{provider} decides, an authorizer outside the mesh", "由网格外的授权服务 {provider} 决定");
                return Asked::Perhaps(key(), why);
            }
        }
    }
    Asked::Nothing
}

impl Asker<'_> {
    /// No host of the mesh is called as the authorizer is. Upstream: pilot/pkg/model/telemetry_logging.go, LookupCluster.
    fn is_nowhere(&self, authorizer: &Option<Authorizer>) -> bool {
        let Some(authorizer) = authorizer else { return true };
        let (home, host) = authorizer.place();
        let service = self.index.service_called(host).filter(|s| home.is_none_or(|home| home == s.namespace));
        let entry = || {
            let mut all = self.index.entries_for(host).filter(|t| t.spec.hosts.iter().any(|h| h == host));
            all.any(|t| home.is_none_or(|home| home == t.document.key.namespace))
        };
        service.is_none() && !entry()
    }

    /// The proxy sees it, and somebody is there.
    fn reaches(&self, authorizer: &Authorizer) -> bool {
        let found = self.index.host(&self.scope, authorizer.place().1, self.namespace);
        let port = found.as_ref().is_some_and(|host| host.speech(authorizer.port).is_some());
        port && match found {
            Some(Host::Service(service)) => self.index.places.behind(&service).next().is_some(),
            _ => true,
        }
    }
}
