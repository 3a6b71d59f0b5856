//! What a use case can fail with. Each says what was tried, on what, and why; the hints are the caller's next step.

use cluster::ApiError;
use world::ObjectKey;

use crate::settings::SettingsError;

/// A use case that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server, or the way to it.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The journal on disk.
    #[error(transparent)]
    Journal(#[from] journal::JournalError),
    /// The settings on disk.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The built-in cluster did not start.
    #[error("the demo could not start: {reason}")]
    Demo {
        /// Why.
        reason: String,
    },
    /// No such cluster in the kubeconfig.
    #[error("there is no cluster '{id}'")]
    NoSuchCluster {
        /// As asked for.
        id: String,
    },
    /// The session was closed.
    #[error("the session '{id}' is not open")]
    NoSuchSession {
        /// As asked for.
        id: String,
    },
    /// The context is there but cannot be used, or gives no credentials.
    #[error(transparent)]
    Connect(#[from] cluster::ConnectError),
    /// A field of a form that cannot be used.
    #[error("{field}: {reason}")]
    Field {
        /// Which.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// The token of an added server is not at hand.
    #[error("the token of {cluster} is not at hand: {because}")]
    NoToken {
        /// Which cluster.
        cluster: String,
        /// Why.
        because: String,
    },
    /// The keyring may still have a token that was to be forgotten.
    #[error("{cluster} is forgotten, its token may still be in the keyring: {because}")]
    Keyring {
        /// Which cluster.
        cluster: String,
        /// Why.
        because: String,
    },
    /// A file that cannot be read, or is none of what it shall be.
    #[error("{path}: {reason}")]
    File {
        /// As given.
        path: String,
        /// Why.
        reason: String,
    },
    /// An object is not there.
    #[error("{object} is not there")]
    Gone {
        /// Which.
        object: ObjectKey,
    },
    /// No node of this id.
    #[error("there is no '{node}' on the map")]
    NoSuchNode {
        /// As asked for.
        node: String,
    },
    /// A caller without a service account cannot be named in a policy.
    #[error("{node} has no identity that a policy could name")]
    NoIdentity {
        /// Which.
        node: String,
    },
    /// A text that is no object.
    #[error("line {line}: {reason}")]
    NotAnObject {
        /// From 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// The kind is one that Netloft does not write.
    #[error("{object} is not a kind that can be changed here")]
    NotOurs {
        /// Which.
        object: ObjectKey,
    },
    /// The tray is empty.
    #[error("there is nothing to apply")]
    NothingToApply,
    /// The token is not that of the last review, or the tray has changed since.
    #[error("what was reviewed is no longer what would be applied")]
    OutdatedReview,
    /// Somebody changed an object between review and apply.
    #[error("{object} was changed by somebody since it was reviewed{detail}; nothing was written")]
    Changed {
        /// Which.
        object: ObjectKey,
        /// What changed, where it is known: `: spec.http`.
        detail: String,
    },
    /// Fields that others own were not taken over by name.
    #[error("{object}: {} owned by {manager}; nothing was written", fields.join(", "))]
    Owned {
        /// Which.
        object: ObjectKey,
        /// Who owns them.
        manager: String,
        /// The fields.
        fields: Vec<String>,
    },
    /// Something reviewed stands in the way.
    #[error("{reason}; nothing was written")]
    Refused {
        /// What.
        reason: String,
    },
    /// The user switched writing off.
    #[error("this Netloft is set to read only; nothing was written")]
    ReadOnly,
    /// No entry of this number.
    #[error("the journal has no entry {entry}")]
    NoSuchEntry {
        /// As asked for.
        entry: i64,
    },
    /// An undo that would overwrite a third hand.
    #[error("{object} cannot be taken back: {} changed by somebody since", fields.join(", "))]
    Disturbed {
        /// Which.
        object: ObjectKey,
        /// The fields.
        fields: Vec<String>,
    },
    /// A defect of ours.
    #[error("a defect: {what}")]
    Defect {
        /// Where.
        what: String,
    },
}

impl Error {
    /// An object that is not there.
    pub fn gone(object: ObjectKey) -> Self {
        Self::Gone { object }
    }

    /// What to do next; empty where nothing can be done.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Api(error) => error.hint(),
            Self::Journal(_) | Self::Settings(_) => "Is the disk full, or the folder read-only?",
            Self::NoSuchCluster { .. } => "Look at the list of clusters; the kubeconfig may have changed.",
            Self::NoSuchSession { .. } => "Open the cluster again.",
            Self::Connect(error) => error.hint(),
            Self::File { .. } => "Choose another file.",
            Self::Field { .. } => "Correct that field.",
            Self::NoToken { .. } => "Unlock the keyring and try again, or add the server again with its token.",
            Self::Keyring { .. } => "Remove the entry \"Netloft\" with your system's keyring program.",
            Self::Gone { .. } => "It may have been deleted; look at the list again.",
            Self::NoSuchNode { .. } => "It may have gone; look at the map again.",
            Self::NoIdentity { .. } => "Write the policy by namespace or address instead.",
            Self::NotAnObject { .. } => "Correct that line.",
            Self::NotOurs { .. } => "Use kubectl for this kind.",
            Self::NothingToApply => "Change something first.",
            Self::OutdatedReview | Self::Changed { .. } => "Review again.",
            Self::Owned { .. } => "Take the fields over by the manager's name, or leave them to it.",
            Self::Refused { .. } => "The review says what stands in the way.",
            Self::ReadOnly => "Allow writing in the settings.",
            Self::NoSuchEntry { .. } => "Look at the history.",
            Self::Disturbed { .. } => "Look at what changed, and take your part back by hand.",
            Self::Demo { .. } | Self::Defect { .. } => "",
        }
    }

    /// The object that it is about.
    pub fn about(&self) -> Option<&ObjectKey> {
        match self {
            Self::Gone { object }
            | Self::NotOurs { object }
            | Self::Changed { object, .. }
            | Self::Owned { object, .. }
            | Self::Disturbed { object, .. } => Some(object),
            _ => None,
        }
    }
}

/// Short for the answers of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
