//! A request: who calls what, and how.

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A workload in the cluster, by its owner's name.
    Workload {
        /// Namespace.
        namespace: String,
        /// Name of the Deployment or other owner.
        workload: String,
    },
    /// Any workload that runs as this service account.
    ServiceAccount {
        /// Namespace.
        namespace: String,
        /// Name of the account.
        service_account: String,
    },
    /// Somebody outside the cluster.
    Outside {
        /// Address.
        ip: String,
    },
}

/// One request, as its sender makes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// The asker's own name for it; answers carry it.
    pub id: String,
    /// Who sends it.
    pub from: Caller,
    /// (namespace, service) of the gateway by which a request from outside comes in.
    pub via: Option<(String, String)>,
    /// HTTP method.
    pub method: String,
    /// The whole URL: `http://reviews:9080/x?y=z`.
    pub url: String,
    /// Headers in order; names as sent.
    pub headers: Vec<(String, String)>,
    /// When it is sent, seconds since 1970; `None` where that does not matter or is not known. Tokens have their time.
    pub at: Option<i64>,
}

impl Request {
    /// What a workload, by namespace and name, sends without headers of its own, at no particular time.
    pub fn of_workload((namespace, workload): &(String, String), method: &str, url: String) -> Self {
        Self {
            id: String::new(),
            from: Caller::Workload { namespace: namespace.clone(), workload: workload.clone() },
            via: None,
            method: method.to_owned(),
            url,
            headers: Vec::new(),
            at: None,
        }
    }
}
