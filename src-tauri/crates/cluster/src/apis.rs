//! What an API server serves, asked of it (aggregated discovery), never assumed.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::connection::{Call, Connection};
use crate::error::{ApiError, Cause};

const SERVED: (&str, &str) = ("ask what is served", "询问提供哪些资源");
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// How a kind is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// API group; empty for the core group.
    pub group: String,
    /// The version that the server prefers.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Resource name in paths, e.g. `virtualservices`.
    pub plural: String,
    /// Lives in a namespace.
    pub namespaced: bool,
    /// `get`, `list`, `watch`, `patch` …
    pub verbs: Vec<String>,
    /// Every version that serves it, in the server's order.
    pub versions: Vec<String>,
}

impl Api {
    /// `networking.istio.io/v1`, or `v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The path of all objects in this namespace; of all namespaces where it is empty.
    pub(crate) fn collection(&self, namespace: &str) -> String {
        let root = if self.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", self.group) };
        let version = &self.version;
        if self.namespaced && !namespace.is_empty() {
            format!("{root}/{version}/namespaces/{namespace}/{}", self.plural)
        } else {
            format!("{root}/{version}/{}", self.plural)
        }
    }
}

/// Everything that is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apis {
    by_kind: HashMap<(String, String), Api>,
    groups: Vec<String>,
}

impl Apis {
    /// How a kind is served, at the version that the server prefers.
    pub fn find(&self, group: &str, kind: &str) -> Option<&Api> {
        self.by_kind.get(&(group.to_owned(), kind.to_owned()))
    }

    /// All API groups, the core group as an empty name first.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// All kinds, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Api> {
        self.by_kind.values()
    }

    fn add(&mut self, group: GroupDiscovery) {
        let name = group.metadata.name.unwrap_or_default();
        for version in group.versions {
            for resource in version.resources {
                let Some(kind) = resource.response_kind.map(|kind| kind.kind).filter(|kind| !kind.is_empty()) else {
                    continue;
                };
                let api = self.by_kind.entry((name.clone(), kind.clone())).or_insert_with(|| Api {
                    group: name.clone(),
                    version: version.version.clone(),
                    kind,
                    plural: resource.resource,
                    namespaced: resource.scope == "Namespaced",
                    verbs: resource.verbs,
                    versions: Vec::new(),
                });
                if !api.versions.contains(&version.version) {
                    api.versions.push(version.version.clone());
                }
            }
        }
        if !self.groups.contains(&name) {
            self.groups.push(name);
        }
    }
}

#[derive(Deserialize)]
struct GroupList {
    kind: String,
    #[serde(default)]
    items: Vec<GroupDiscovery>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct GroupDiscovery {
    metadata: Metadata,
    versions: Vec<VersionDiscovery>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata {
    name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct VersionDiscovery {
    version: String,
    resources: Vec<ResourceDiscovery>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ResourceDiscovery {
    resource: String,
    response_kind: Option<ResponseKind>,
    scope: String,
    verbs: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResponseKind {
    kind: String,
}

/// What servers before aggregated discovery (Kubernetes 1.26) say of one group and version.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ResourceList {
    resources: Vec<OldResource>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OldResource {
    name: String,
    kind: String,
    namespaced: bool,
    verbs: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OldGroups {
    groups: Vec<OldGroup>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OldGroup {
    name: String,
    versions: Vec<OldVersion>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OldVersion {
    version: String,
}

impl Connection {
    /// Asks what is served.
    ///
    /// # Errors
    /// As any call.
    pub async fn apis(&self) -> Result<Arc<Apis>, ApiError> {
        let (core, rest) = tokio::join!(self.discover("/api"), self.discover("/apis"));
        let mut apis = Apis::default();
        for group in core?.into_iter().chain(rest?) {
            apis.add(group);
        }
        Ok(self.learn(apis))
    }

    async fn discover(&self, path: &str) -> Result<Vec<GroupDiscovery>, ApiError> {
        let call = Call { accept: AGGREGATED, ..Call::get(SERVED, path) };
        let body = self.send(&call).await?.body;
        let list: GroupList = self.decode(&call, &body)?;
        match list.kind.as_str() {
            "APIGroupDiscoveryList" => Ok(list.items),
            "APIVersions" => Ok(vec![self.discover_old("", &["v1".into()]).await?]),
            "APIGroupList" => {
                let old: OldGroups = self.decode(&call, &body)?;
                let mut groups = Vec::new();
                for group in old.groups {
                    let versions: Vec<_> = group.versions.into_iter().map(|v| v.version).collect();
                    groups.push(self.discover_old(&group.name, &versions).await?);
                }
                Ok(groups)
            }
            other => Err(self.error(call.tried, Cause::Broken { detail: format!("{path} answers with a '{other}'") })),
        }
    }

    async fn discover_old(&self, group: &str, versions: &[String]) -> Result<GroupDiscovery, ApiError> {
        let mut found = GroupDiscovery { metadata: Metadata { name: Some(group.into()) }, versions: Vec::new() };
        for version in versions {
            let path = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
            // An aggregated API whose own server is down must not cost all others.
            let Ok(list) = self.json::<ResourceList>(&Call::get(SERVED, path)).await else { continue };
            let resources = list.resources.into_iter().filter(|r| !r.name.contains('/')).map(|r| ResourceDiscovery {
                resource: r.name,
                response_kind: Some(ResponseKind { kind: r.kind }),
                scope: if r.namespaced { "Namespaced".into() } else { "Cluster".into() },
                verbs: r.verbs,
            });
            found.versions.push(VersionDiscovery { version: version.clone(), resources: resources.collect() });
        }
        Ok(found)
    }
}
