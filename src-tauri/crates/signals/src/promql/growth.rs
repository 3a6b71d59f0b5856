//! Who called whom, from Istio's own metrics that a Prometheus keeps: counted as proxies are read, in the same way.

use super::answer::Labels;
use crate::Edge;
use crate::envoy::{Sample, standard};

/// The counter of requests.
pub const REQUESTS: &str = "istio_requests_total";
/// The times of their answers.
pub const BUCKETS: &str = "istio_request_duration_milliseconds_bucket";

/// Edges, from how much [`REQUESTS`] and [`BUCKETS`] grew within so many seconds.
pub fn edges(requests: Vec<(Labels, f64)>, buckets: Vec<(Labels, f64)>, seconds: f64) -> Vec<Edge> {
    let mut sample = Sample::default();
    for (name, all) in [(REQUESTS, requests), (BUCKETS, buckets)] {
        for (labels, value) in all.into_iter().filter(|(_, value)| *value >= 0.0) {
            standard(&mut sample, name, &|label| labels.get(label).cloned().unwrap_or_default(), value);
        }
    }
    crate::traffic::edges_of(sample, seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Secured, Source};

    fn labels(reporter: &str, from: &str, to: &str, more: &[(&str, &str)]) -> Labels {
        let security = if reporter == "source" { "unknown" } else { "mutual_tls" };
        let all = [
            ("reporter", reporter),
            ("source_workload", from),
            ("source_workload_namespace", "shop"),
            ("destination_workload", to),
            ("destination_workload_namespace", "shop"),
            ("destination_service", "reviews.shop.svc.cluster.local"),
            ("request_protocol", "http"),
            ("connection_security_policy", security),
        ];
        all.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn edges_as_proxies_are_read() {
        let code = |code| [("response_code", code)];
        let requests = vec![
            (labels("source", "page-v1", "reviews-v1", &code("200")), 90.0),
            (labels("source", "page-v1", "reviews-v1", &code("503")), 10.0),
            (labels("destination", "page-v1", "reviews-v1", &code("200")), 90.0),
        ];
        let bucket = |le| labels("source", "page-v1", "reviews-v1", &[("le", le)]);
        let buckets = vec![(bucket("10"), 50.0), (bucket("100"), 100.0), (bucket("+Inf"), 100.0)];
        let found = edges(requests, buckets, 50.0);
        assert_eq!(found.len(), 1, "{found:#?}");
        let edge = &found[0];
        assert_eq!((edge.requests_per_second, edge.error_share), (2.0, 0.1));
        assert_eq!((edge.p50, edge.secured, edge.source), (Some(10.0), Secured::Mtls, Source::IstioCaller));
        assert_eq!(edge.to_service, Some(("shop".to_owned(), "reviews".to_owned())));
    }
}
