//! What we may do in pods: asked before it is tried, and not again for some minutes. Whoever looks at a mesh every few seconds without the right to
//! would fill the server's audit log with refusals.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::classify;
use crate::connection::Connection;
use crate::error::Cause;

/// Somebody may have been given a right by then.
const KEPT: Duration = Duration::from_secs(300);

/// A right to something in a pod: to open a stream of a subresource of pods. Streams are websockets, which begin with a GET, so servers want
/// `get` (kubernetes issue 78741); since 1.35 they want `create` beside it (KEP-4006, `AuthorizePodWebsocketUpgradeCreatePermission`), which
/// is not asked about: an older server does without, and a newer one says so when it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum InPod {
    /// `pods/portforward`
    Forward,
    /// `pods/exec`
    Run,
}

impl InPod {
    /// What is asked about.
    pub(crate) const VERB: &str = "get";

    pub(crate) fn subresource(self) -> &'static str {
        match self {
            Self::Forward => "portforward",
            Self::Run => "exec",
        }
    }

    /// It is missing.
    fn missing(self, detail: String) -> Cause {
        Cause::Forbidden { verb: Self::VERB.into(), resource: format!("pods/{}", self.subresource()), detail }
    }
}

/// Namespace, and pod; none for every pod of the namespace.
type Where = (InPod, String, String);

/// That we may, or what is missing.
type Answer = Result<(), Cause>;

/// What the server answered, and when.
#[derive(Default)]
pub(crate) struct Rights(RwLock<HashMap<Where, (Instant, Answer)>>);

impl Rights {
    fn known(&self, of: &Where) -> Option<Answer> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(of).filter(|(at, _)| at.elapsed() < KEPT).map(|(_, answer)| answer.clone())
    }

    fn keep(&self, of: Where, answer: Answer) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Pods come and go; what nobody asks for any more is not kept for ever.
        all.retain(|_, (at, _)| at.elapsed() < KEPT);
        all.insert(of, (Instant::now(), answer));
    }
}

impl Connection {
    /// Whether we may do this in a pod, by what the server answers for its namespace, else for the pod alone: a rule may name pods. Whoever is
    /// not told goes on and tries.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) async fn may_in(&self, right: InPod, namespace: &str, pod: &str) -> Result<(), Cause> {
        let of = |pod: &str| (right, namespace.to_owned(), pod.to_owned());
        let (whole, one) = (of(""), of(pod));
        let answer = |may: bool| {
            let missing = || right.missing(format!("pods/{} is not allowed in {namespace}", right.subresource()));
            if may { Ok(()) } else { Err(missing()) }
        };
        if let Some(known) = self.rights.known(&one) {
            return known;
        }
        match self.rights.known(&whole) {
            Some(Ok(())) => return Ok(()),
            Some(Err(_)) => {}
            None => {
                let Ok(may) = self.may(InPod::VERB, "", "pods", right.subresource(), namespace).await else {
                    return Ok(());
                };
                self.rights.keep(whole, answer(may));
                if may {
                    return Ok(());
                }
            }
        }
        let asked = self.may_to(InPod::VERB, "", "pods", right.subresource(), (namespace, pod)).await;
        let Ok(may) = asked else { return Ok(()) };
        self.rights.keep(one, answer(may));
        answer(may)
    }

    /// Why it failed when it was tried. Where the server refused it after all, that is remembered with what it says is missing.
    pub(crate) fn failed_in(&self, right: InPod, (namespace, pod): (&str, &str), error: &kube::Error) -> Cause {
        let cause = match classify::transport(error) {
            Cause::Forbidden { verb, detail, .. } if verb.is_empty() => right.missing(detail),
            cause @ Cause::Forbidden { .. } => cause,
            other => return other,
        };
        self.rights.keep((right, namespace.to_owned(), pod.to_owned()), Err(cause.clone()));
        cause
    }

    /// Asks anew at the next question: somebody may have been given a right.
    pub fn forget_rights(&self) {
        self.rights.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http::{Request, Response};
    use http_body_util::BodyExt;
    use kube::client::Body;
    use serde_json::{Value, json};
    use tower::service_fn;

    use super::*;

    /// A server that lets `get` what is asked for of this pod alone, as one before 1.35 does, and then wants `create` too; with what was
    /// asked for.
    fn server(allowed: &'static str) -> (Connection, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let seen = asked.clone();
        let service = service_fn(move |request: Request<Body>| {
            let seen = seen.clone();
            async move {
                let path = request.uri().path().to_owned();
                let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                let review = serde_json::from_slice::<Value>(&body).unwrap_or_default();
                let (status, answer, what) = match review.pointer("/spec/resourceAttributes") {
                    None => {
                        let part = path.rsplit('/').next().unwrap_or_default();
                        let message = format!(
                            "pods \"named\" is forbidden: User \"eve\" cannot create resource \"pods/{part}\" in API group \"\" in the namespace \"shop\""
                        );
                        let refused = json!({"kind": "Status", "code": 403, "reason": "Forbidden", "message": message});
                        (403, refused, format!("tries {part}"))
                    }
                    Some(of) => {
                        let text = |name: &str| of[name].as_str().unwrap_or("?").to_owned();
                        let may = text("name") == allowed && text("verb") == "get";
                        let what = ["verb", "subresource", "name"].map(text).join(" ");
                        (201, json!({"status": {"allowed": may}}), what)
                    }
                };
                seen.lock().unwrap().push(what);
                let answer = Body::from(answer.to_string().into_bytes());
                Ok::<_, std::io::Error>(Response::builder().status(status).body(answer).unwrap())
            }
        });
        (Connection::from_client(kube::Client::new(service, "default"), "test"), asked)
    }

    #[tokio::test]
    async fn what_is_refused_is_not_asked_again_until_somebody_says_so() {
        let (connection, asked) = server("named");
        let forward = async |pod: &str| {
            let error = connection.pod_forward_get("shop", pod, 15014, "/debug/syncz").await.unwrap_err();
            let Cause::Forbidden { verb, resource, .. } = &error.cause else { panic!("{error}") };
            format!("{verb} {resource}")
        };
        let seen = || std::mem::take(&mut *asked.lock().unwrap());
        assert_eq!(forward("istiod").await, "get pods/portforward");
        assert_eq!(seen(), ["get portforward ", "get portforward istiod"], "and it was not tried");
        assert_eq!(forward("istiod").await, "get pods/portforward");
        assert_eq!(seen(), [""; 0]);
        assert_eq!(forward("named").await, "create pods/portforward", "as the server says it");
        assert_eq!(seen(), ["get portforward named", "tries portforward"], "a review is not the last word");
        assert_eq!(forward("named").await, "create pods/portforward");
        assert_eq!(seen(), [""; 0]);
        connection.forget_rights();
        forward("istiod").await;
        assert_eq!(seen().len(), 2);
    }

    #[tokio::test]
    async fn a_program_that_may_not_be_run_after_all_is_not_tried_again() {
        let (connection, asked) = server("named");
        let ask = async || {
            let error = connection.admin_get("shop", "named", "/certs").await.unwrap_err();
            let Cause::Forbidden { verb, resource, .. } = &error.cause else { panic!("{error}") };
            assert_eq!((verb.as_str(), resource.as_str()), ("create", "pods/portforward, nor create pods/exec"));
        };
        let tries =
            || std::mem::take(&mut *asked.lock().unwrap()).iter().filter(|what| what.starts_with("tries")).count();
        ask().await;
        assert_eq!(tries(), 2, "a port-forward and a program");
        ask().await;
        assert_eq!(tries(), 0);
    }
}
