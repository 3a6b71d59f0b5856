//! What we may do in pods: asked before it is tried, and not again for some minutes. Whoever looks at a mesh every few seconds without the right to
//! would fill the server's audit log with refusals.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::error::Cause;

/// Somebody may have been given a right by then.
const KEPT: Duration = Duration::from_secs(300);

/// A right to something in a pod; each is to `create` a subresource of pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum InPod {
    /// `pods/portforward`
    Forward,
    /// `pods/exec`
    Run,
}

impl InPod {
    fn subresource(self) -> &'static str {
        match self {
            Self::Forward => "portforward",
            Self::Run => "exec",
        }
    }

    /// It is missing.
    pub(crate) fn missing(self, detail: String) -> Cause {
        Cause::Forbidden { verb: "create".into(), resource: format!("pods/{}", self.subresource()), detail }
    }
}

/// Namespace, and pod; none for every pod of the namespace.
type Where = (InPod, String, String);

/// What the server answered, and when.
#[derive(Default)]
pub(crate) struct Rights(RwLock<HashMap<Where, (Instant, bool)>>);

impl Rights {
    fn known(&self, of: &Where) -> Option<bool> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(of).filter(|(at, _)| at.elapsed() < KEPT).map(|(_, may)| *may)
    }

    fn keep(&self, of: Where, may: bool) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Pods come and go; what nobody asks for any more is not kept for ever.
        all.retain(|_, (at, _)| at.elapsed() < KEPT);
        all.insert(of, (Instant::now(), may));
    }
}

impl Connection {
    /// Whether we may do this in a pod, by what the server answers for its namespace, else for the pod alone: a rule may name pods. Whoever is
    /// not told goes on and tries.
    pub(crate) async fn may_in(&self, right: InPod, namespace: &str, pod: &str) -> bool {
        let of = |pod: &str| (right, namespace.to_owned(), pod.to_owned());
        let (whole, one) = (of(""), of(pod));
        if let Some(may) = self.rights.known(&one) {
            return may;
        }
        if self.rights.known(&whole) == Some(true) {
            return true;
        }
        if self.rights.known(&whole).is_none() {
            let Ok(may) = self.may("create", "", "pods", right.subresource(), namespace).await else { return true };
            self.rights.keep(whole, may);
            if may {
                return true;
            }
        }
        let Ok(may) = self.may_to("create", "", "pods", right.subresource(), (namespace, pod)).await else {
            return true;
        };
        self.rights.keep(one, may);
        may
    }

    /// The server refused it after all.
    pub(crate) fn refused_in(&self, right: InPod, namespace: &str, pod: &str) {
        self.rights.keep((right, namespace.to_owned(), pod.to_owned()), false);
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

    /// A server that allows what is asked for of this pod alone, and refuses every port-forward; with what was asked for.
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
                        (403, json!({"kind": "Status", "code": 403, "reason": "Forbidden", "message": "no"}), "tries")
                    }
                    Some(of) => {
                        (201, json!({"status": {"allowed": of["name"] == allowed}}), of["name"].as_str().unwrap_or("?"))
                    }
                };
                let last = path.rsplit('/').next().unwrap_or_default();
                seen.lock().unwrap().push(format!("{last} {what}"));
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
            assert_eq!((verb.as_str(), resource.as_str()), ("create", "pods/portforward"));
        };
        let seen = || std::mem::take(&mut *asked.lock().unwrap());
        forward("istiod").await;
        assert_eq!(seen(), ["selfsubjectaccessreviews ", "selfsubjectaccessreviews istiod"], "and it was not tried");
        forward("istiod").await;
        assert_eq!(seen(), [""; 0]);
        forward("named").await;
        assert_eq!(seen(), ["selfsubjectaccessreviews named", "portforward tries"], "a review is not the last word");
        forward("named").await;
        assert_eq!(seen(), [""; 0]);
        connection.forget_rights();
        forward("istiod").await;
        assert_eq!(seen().len(), 2);
    }
}
