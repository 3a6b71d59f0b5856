//! Every error of the sessions as a fault: its code, its words, the next step.

use cluster::{ApiError, Cause, ConnectError};
use session::Error;

use crate::types::ObjectRef;
use crate::{Code, Fault};

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let code = code(&error);
        let about = error.about().map(ObjectRef::from);
        let (said, (hint, hint_zh)) = (error.said(), error.hint());
        Self { code, message: said.en, zh: said.zh, hint: hint.to_owned(), hint_zh: hint_zh.to_owned(), about }
    }
}

fn code(error: &Error) -> Code {
    match error {
        Error::Api(error) => of_api(error),
        Error::Connect(ConnectError::Credentials { .. }) | Error::NoToken { .. } => Code::Unauthenticated,
        Error::Connect(_)
        | Error::File { .. }
        | Error::Field { .. }
        | Error::NotAnObject { .. }
        | Error::NotOurs { .. }
        | Error::NoIdentity { .. } => Code::BadInput,
        Error::NoSuchCluster { .. }
        | Error::NoSuchSession { .. }
        | Error::NoSuchNode { .. }
        | Error::NoSuchEntry { .. }
        | Error::Gone { .. } => Code::NotFound,
        Error::OutdatedReview | Error::Changed { .. } | Error::Owned { .. } => Code::Conflict,
        Error::Refused { .. } => Code::Refused,
        Error::NothingToApply | Error::ReadOnly => Code::NotNow,
        Error::Journal(_) | Error::Settings(_) | Error::Keyring { .. } | Error::Demo { .. } | Error::Defect { .. } => {
            Code::Internal
        }
    }
}

pub(crate) fn of_api(error: &ApiError) -> Code {
    match &error.cause {
        Cause::Unreachable(_) | Cause::Untrusted(_) | Cause::Server { .. } | Cause::Broken { .. } => Code::Unreachable,
        Cause::Unauthenticated { .. } | Cause::Credentials(_) => Code::Unauthenticated,
        Cause::Forbidden { .. } => Code::Forbidden,
        Cause::NotFound { .. } | Cause::NotServed { .. } | Cause::Gone => Code::NotFound,
        Cause::Conflict { .. } => Code::Conflict,
        Cause::Invalid { .. } | Cause::Refused { .. } => Code::Refused,
        Cause::TooManyRequests { .. } => Code::NotNow,
        Cause::NotAllowed { .. } => Code::BadInput,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_what_was_tried_on_what_and_what_to_do() {
        let error = |cause| {
            Error::Api(ApiError { tried: "apply VirtualService shop/reviews".into(), on: "prod".into(), cause })
        };
        let forbidden =
            Cause::Forbidden { verb: "patch".into(), resource: "virtualservices".into(), detail: String::new() };
        let fault = Fault::from(error(forbidden));
        assert_eq!(fault.code, Code::Forbidden);
        assert_eq!(fault.message, "apply VirtualService shop/reviews on prod: you may not patch virtualservices");
        assert!(!fault.hint.is_empty());
        let key = world::ObjectKey::new("g", "K", "ns", "n");
        let fault = Fault::from(Error::Changed { object: key, detail: ": spec.http".into() });
        assert_eq!(fault.code, Code::Conflict);
        assert_eq!(fault.about.unwrap().name, "n");
        assert_eq!(
            fault.message,
            "K ns/n was changed by somebody since it was reviewed: spec.http; nothing was written"
        );
    }
}
