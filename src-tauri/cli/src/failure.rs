//! What ends a run, and with which exit status.

use session::files::Problem;
use wire::{Code, Fault};

/// A run that did not come to an answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The core refused or failed.
    #[error("{0}")]
    Core(#[from] Fault),
    /// The command cannot be used like this.
    #[error("{0}")]
    WrongUse(String),
    /// A file cannot be read, or is none of what it shall be.
    #[error("{0}")]
    Unreadable(String),
    /// A document of a file is broken.
    #[error("{0}")]
    Broken(Problem),
    /// The cluster did not become ready.
    #[error("{0}")]
    NotReady(String),
    /// The answer could not be written.
    #[error("the answer could not be written: {0}")]
    Output(#[from] std::io::Error),
}

impl From<session::Error> for Failure {
    fn from(error: session::Error) -> Self {
        match error {
            session::Error::File { .. } => Self::Unreadable(error.to_string()),
            error => Self::Core(error.into()),
        }
    }
}

impl Failure {
    /// 1 where the answer is "no", 2 for wrong use, 3 where something could not be read.
    pub fn exit(&self) -> u8 {
        match self {
            Self::Core(fault) => match fault.code {
                Code::Conflict | Code::Refused | Code::NotNow | Code::BadInput => 1,
                Code::BadCall => 2,
                Code::NotFound | Code::Unreachable | Code::Unauthenticated | Code::Forbidden | Code::Internal => 3,
            },
            Self::WrongUse(_) => 2,
            Self::Unreadable(_) | Self::Broken(_) | Self::NotReady(_) | Self::Output(_) => 3,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &str {
        match self {
            Self::Core(fault) => &fault.hint,
            _ => "",
        }
    }

    /// Whoever read the answer has seen enough.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}
