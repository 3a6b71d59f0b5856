//! Reading any Kubernetes object: core kinds become slim facts, everything else is kept whole.

use crate::{Document, Namespace, ObjectKey, Pod, Said, Service, ServiceAccount, Workload, said};

/// One object of a world.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// core/v1 Namespace
    Namespace(Namespace),
    /// core/v1 Service
    Service(Service),
    /// core/v1 ServiceAccount
    ServiceAccount(ServiceAccount),
    /// core/v1 Pod
    Pod(Pod),
    /// apps/v1 Deployment, StatefulSet, DaemonSet
    Workload(Workload),
    /// Anything else.
    Document(Document),
}

/// One step of a world: an object appeared or changed, or went away.
#[allow(clippy::large_enum_variant, reason = "a change lives for one batch and is moved into place once")]
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It is now this.
    Put(Object),
    /// It is gone.
    Delete(ObjectKey),
}

/// Why a document could not be read. It names the field; the rest of the input is still read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is no object with `apiVersion`, `kind` and `metadata.name`.
    #[error("not a Kubernetes object: {field} is missing")]
    NotAnObject {
        /// The missing field.
        field: &'static str,
    },
    /// A field of a core kind has another shape than Kubernetes allows.
    #[error("{object}: {detail}")]
    Shape {
        /// Which object.
        object: ObjectKey,
        /// What is wrong, with the field.
        detail: String,
    },
}

impl ReadError {
    /// In both languages.
    pub fn said(&self) -> Said {
        match self {
            Self::NotAnObject { field } => {
                said!("not a Kubernetes object: {field} is missing", "不是 Kubernetes 对象：缺少 {field}")
            }
            Self::Shape { object, detail } => Said::from(format!("{object}: {detail}")),
        }
    }
}

impl Object {
    /// The identity of this object.
    pub fn key(&self) -> ObjectKey {
        match self {
            Self::Namespace(o) => ObjectKey::new("", "Namespace", "", &o.name),
            Self::Service(o) => ObjectKey::new("", "Service", &o.namespace, &o.name),
            Self::ServiceAccount(o) => ObjectKey::new("", "ServiceAccount", &o.namespace, &o.name),
            Self::Pod(o) => ObjectKey::new("", "Pod", &o.namespace, &o.name),
            Self::Workload(o) => ObjectKey::new("apps", &o.kind, &o.namespace, &o.name),
            Self::Document(o) => o.key.clone(),
        }
    }
}
