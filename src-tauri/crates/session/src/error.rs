//! What a use case can fail with. Each says what was tried, on what, and why; the hints are the caller's next step.

use cluster::ApiError;
use world::{ObjectKey, Said};

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
        reason: Said,
    },
    /// The token of an added server is not at hand.
    #[error("the token of {cluster} is not at hand: {because}")]
    NoToken {
        /// Which cluster.
        cluster: String,
        /// Why.
        because: Said,
    },
    /// The keyring may still have a token that was to be forgotten.
    #[error("{cluster} is forgotten, its token may still be in the keyring: {because}")]
    Keyring {
        /// Which cluster.
        cluster: String,
        /// Why.
        because: Said,
    },
    /// A file that cannot be read, or is none of what it shall be.
    #[error("{path}: {reason}")]
    File {
        /// As given.
        path: String,
        /// Why.
        reason: Said,
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
        reason: Said,
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
        detail: Said,
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
        reason: Said,
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

    /// In both languages.
    pub fn said(&self) -> Said {
        let zh = match self {
            Self::Api(error) => return error.said(),
            Self::Connect(error) => return error.said(),
            Self::Journal(error) => return error.said(),
            Self::Settings(error) => format!("设置：{error}"),
            Self::Demo { reason } => format!("演示无法启动：{reason}"),
            Self::NoSuchCluster { id } => format!("没有集群“{id}”"),
            Self::NoSuchSession { id } => format!("会话“{id}”没有打开"),
            Self::Field { field, reason } => format!("{field}：{}", reason.zh),
            Self::NoToken { cluster, because } => format!("{cluster} 的令牌不在手边：{}", because.zh),
            Self::Keyring { cluster, because } => {
                format!("已移除 {cluster}，但其令牌可能仍在密钥环中：{}", because.zh)
            }
            Self::File { path, reason } => format!("{path}：{}", reason.zh),
            Self::Gone { object } => format!("{object} 不存在"),
            Self::NoSuchNode { node } => format!("地图上没有“{node}”"),
            Self::NoIdentity { node } => format!("{node} 没有策略可以写明的身份"),
            Self::NotAnObject { line, reason } => format!("第 {line} 行：{}", reason.zh),
            Self::NotOurs { object } => format!("{object} 的类型不能在这里修改"),
            Self::NothingToApply => "没有要应用的内容".to_owned(),
            Self::OutdatedReview => "审阅过的内容与将要应用的不再一致".to_owned(),
            Self::Changed { object, detail } => format!("审阅之后有人改了 {object}{}；未写入任何内容", detail.zh),
            Self::Owned { object, manager, fields } => {
                format!("{object}：{} 属于 {manager}；未写入任何内容", fields.join("、"))
            }
            Self::Refused { reason } => format!("{}；未写入任何内容", reason.zh),
            Self::ReadOnly => "此 Netloft 设为只读；未写入任何内容".to_owned(),
            Self::NoSuchEntry { entry } => format!("变更记录中没有第 {entry} 条"),
            Self::Defect { what } => format!("程序缺陷：{what}"),
        };
        Said::new(self.to_string(), zh)
    }

    /// What to do next; empty where nothing can be done.
    pub fn hint(&self) -> (&'static str, &'static str) {
        match self {
            Self::Api(error) => error.hint(),
            Self::Journal(_) | Self::Settings(_) => {
                ("Is the disk full, or the folder read-only?", "磁盘已满，或文件夹只读？")
            }
            Self::NoSuchCluster { .. } => (
                "Look at the list of clusters; the kubeconfig may have changed.",
                "请查看集群列表；kubeconfig 可能已更改。",
            ),
            Self::NoSuchSession { .. } => ("Open the cluster again.", "请重新打开集群。"),
            Self::Connect(error) => error.hint(),
            Self::File { .. } => ("Choose another file.", "请选择另一个文件。"),
            Self::Field { .. } => ("Correct that field.", "请修正该字段。"),
            Self::NoToken { .. } => (
                "Unlock the keyring and try again, or add the server again with its token.",
                "请解锁密钥环后重试，或带令牌重新添加该服务器。",
            ),
            Self::Keyring { .. } => (
                "Remove the entry \"Netloft\" with your system's keyring program.",
                "请用系统的密钥环程序删除“Netloft”条目。",
            ),
            Self::Gone { .. } => {
                ("It may have been deleted; look at the list again.", "它可能已被删除；请再看一次列表。")
            }
            Self::NoSuchNode { .. } => ("It may have gone; look at the map again.", "它可能已消失；请再看一次地图。"),
            Self::NoIdentity { .. } => {
                ("Write the policy by namespace or address instead.", "请改为按命名空间或地址编写策略。")
            }
            Self::NotAnObject { .. } => ("Correct that line.", "请修正该行。"),
            Self::NotOurs { .. } => ("Use kubectl for this kind.", "此类型请使用 kubectl。"),
            Self::NothingToApply => ("Change something first.", "请先做一些更改。"),
            Self::OutdatedReview | Self::Changed { .. } => ("Review again.", "请重新审阅。"),
            Self::Owned { .. } => (
                "Take the fields over by the manager's name, or leave them to it.",
                "请按管理者的名称接管这些字段，或留给它。",
            ),
            Self::Refused { .. } => ("The review says what stands in the way.", "审阅中写明了障碍。"),
            Self::ReadOnly => ("Allow writing in the settings.", "请在设置中允许写入。"),
            Self::NoSuchEntry { .. } => ("Look at the history.", "请查看变更记录。"),
            Self::Demo { .. } | Self::Defect { .. } => ("", ""),
        }
    }

    /// The object that it is about.
    pub fn about(&self) -> Option<&ObjectKey> {
        match self {
            Self::Gone { object }
            | Self::NotOurs { object }
            | Self::Changed { object, .. }
            | Self::Owned { object, .. } => Some(object),
            _ => None,
        }
    }
}

/// Short for the answers of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
