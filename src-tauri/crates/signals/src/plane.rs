//! What one istiod says: by its debug pages, or over xDS where those are shut. Which way worked is remembered, so that nobody is asked twice.

use bytes::Bytes;
use cluster::{Any, ApiError, Cause, Connection, Unreachable};
use world::{Said, said};

use crate::health::{DEBUG_PORT, why};

/// What an istiod said, and by which way.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A page.
    Page(Bytes),
    /// The resources of an answer over xDS.
    Resources(Vec<Any>),
}

/// Why an istiod said nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsaid {
    /// Its pages are not shut, and still do not answer.
    Page(ApiError),
    /// They are, and xDS does not answer either.
    Shut {
        /// How they are shut; `None` where that was known before.
        page: Option<ApiError>,
        /// Why xDS does not answer.
        xds: ApiError,
    },
}

impl Unsaid {
    /// The call that failed last.
    pub fn last(self) -> ApiError {
        match self {
            Self::Page(error) | Self::Shut { xds: error, .. } => error,
        }
    }

    /// In both languages.
    pub fn said(&self) -> Said {
        match self {
            Self::Page(error) => why(error),
            Self::Shut { page, xds } => {
                let Said { en, zh } = why(xds);
                let xds = said!("over xDS: {en}", "经 xDS：{zh}");
                let Some(page) = page else { return xds };
                let (page, Said { en, zh }) = (page.cause.said(), xds);
                Said::new(
                    format!("its debug pages are shut ({}), and {en}", page.en),
                    format!("其调试页面已关闭（{}），{zh}", page.zh),
                )
            }
        }
    }
}

/// Asks an istiod, by namespace and pod, for what its debug page of this path says.
///
/// # Errors
/// Where it answers by neither way.
pub async fn ask(connection: &Connection, (namespace, pod): (&str, &str), path: &str) -> Result<Answer, Unsaid> {
    let page = if connection.is_over_xds(namespace, pod) {
        None
    } else {
        match connection.pod_forward_get(namespace, pod, DEBUG_PORT, path).await {
            Ok(body) => return Ok(Answer::Page(body)),
            Err(error) if is_shut(&error.cause) => Some(error),
            Err(error) => return Err(Unsaid::Page(error)),
        }
    };
    let said = connection.istiod_xds(namespace, pod, path).await;
    // One that lacks a page has answered all the same.
    let answers = said.as_ref().err().is_none_or(|error| matches!(error.cause, Cause::NotFound { .. }));
    connection.remember_over_xds(namespace, pod, answers);
    said.map(Answer::Resources).map_err(|xds| Unsaid::Shut { page, xds })
}

/// The page itself, also where it came over xDS: there it is the one resource of the answer (istio, pilot/pkg/xds/debuggen.go `Generate`).
///
/// # Errors
/// As [`ask`].
pub async fn page(connection: &Connection, plane: (&str, &str), path: &str) -> Result<Bytes, ApiError> {
    Ok(match ask(connection, plane, path).await.map_err(Unsaid::last)? {
        Answer::Page(body) => body,
        Answer::Resources(parts) => parts.into_iter().next().map(|part| part.value.into()).unwrap_or_default(),
    })
}

/// Nobody listens there, or no such page is there (istio, pilot/pkg/features/pilot.go `ENABLE_DEBUG_ON_HTTP`), or not for us. One that is
/// late is late by every way, and one that has no such proxy has its pages (pilot/pkg/xds/debug.go `errorHandler`).
fn is_shut(cause: &Cause) -> bool {
    match cause {
        Cause::Unreachable(Unreachable::Refused) | Cause::Unauthenticated { .. } | Cause::Refused { .. } => true,
        Cause::NotFound { detail } => detail.starts_with("404 page not found"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(cause: Cause) -> ApiError {
        ApiError { tried: "ask".into(), on: "test".into(), cause }
    }

    #[test]
    fn only_what_is_shut_is_asked_for_over_xds() {
        let detail = String::new;
        let table = [
            (Cause::Unreachable(Unreachable::Refused), true),
            (Cause::NotFound { detail: "404 page not found".into() }, true),
            (Cause::NotFound { detail: "Proxy not connected to this Pilot instance.".into() }, false),
            (Cause::Unauthenticated { detail: detail() }, true),
            (Cause::Refused { status: 405, detail: detail() }, true),
            (Cause::Unreachable(Unreachable::Timeout(std::time::Duration::from_secs(10))), false),
            (Cause::Unreachable(Unreachable::Cut(detail())), false),
            (Cause::Forbidden { verb: "get".into(), resource: "pods/portforward".into(), detail: detail() }, false),
            (Cause::Broken { detail: detail() }, false),
        ];
        for (cause, shut) in table {
            assert_eq!(is_shut(&cause), shut, "{cause}");
        }
    }

    #[test]
    fn a_missing_right_is_named_with_what_was_tried_before() {
        let right = |resource: &str| {
            error(Cause::Forbidden { verb: "create".into(), resource: resource.into(), detail: String::new() })
        };
        let page = Some(error(Cause::NotFound { detail: "404 page not found".into() }));
        let both = Unsaid::Shut { page, xds: right("serviceaccounts/token") };
        let said = both.said();
        assert_eq!(
            said.en,
            "its debug pages are shut (not found: 404 page not found), and over xDS: you may not create serviceaccounts/token there"
        );
        assert_eq!(
            said.zh,
            "其调试页面已关闭（未找到：404 page not found），经 xDS：你无权在那里 create serviceaccounts/token"
        );
        let said = Unsaid::Page(right("pods/portforward")).said();
        assert_eq!(said.en, "you may not create pods/portforward there", "the verb is the server's");
        let both = Unsaid::Page(right("pods/portforward, nor get pods/exec")).said();
        assert_eq!(both.en, "you may not create pods/portforward there, nor get pods/exec");
        assert_eq!(both.zh, "你无权在那里 create pods/portforward，也无权 get pods/exec");
    }
}
