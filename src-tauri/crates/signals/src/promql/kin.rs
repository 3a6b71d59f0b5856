//! Prometheus and its kin, each as a genuine one answered the same questions over the same samples: Prometheus 2.42, Thanos 0.36 before it,
//! VictoriaMetrics 1.140.

use serde::Deserialize;

use super::answer::{Answer, NoNumber, Refused, kind_of, read, read_version};
use super::questions::{self, growth, was_counted};
use super::{BUCKETS, Kind, REQUESTS, edges};
use crate::Edge;

const KIN: [(Kind, &str); 3] = [
    (Kind::Prometheus, include_str!("recorded/prometheus.jsonl")),
    (Kind::Thanos, include_str!("recorded/thanos.jsonl")),
    (Kind::VictoriaMetrics, include_str!("recorded/victoriametrics.jsonl")),
];
/// A time of which all have samples, and one of which none has.
const TIMES: [u32; 2] = [1_795_728_000, 1_795_468_800];
const ONLY: &str = "destination_workload=\"ratings-v1\"";
/// The share of errors of a new version, as a gate asks for it.
const GATE: &str = "sum(rate(istio_requests_total{reporter=\"destination\",destination_workload=\"reviews-v2\",response_code=~\"5..\"}[1m])) / sum(rate(istio_requests_total{reporter=\"destination\",destination_workload=\"reviews-v2\"}[1m]))";

/// A line each with the query, the status and the body.
#[derive(Deserialize)]
struct Recorded {
    query: String,
    status: u16,
    body: String,
}

fn recorded(kind: Kind, query: &str) -> Recorded {
    let (_, text) = KIN.iter().find(|(name, _)| *name == kind).unwrap();
    let mut all = text.lines().map(|line| serde_json::from_str::<Recorded>(line).unwrap());
    all.find(|one| one.query == query).unwrap_or_else(|| panic!("{query} is not recorded of {}", kind.name()))
}

fn answer(kind: Kind, query: &str) -> Result<Answer, Refused> {
    let found = recorded(kind, query);
    read(found.status, found.body.as_bytes())
}

fn number(kind: Kind, query: &str) -> Result<f64, NoNumber> {
    answer(kind, query).unwrap().number()
}

#[test]
fn what_is_the_same_with_its_kin_and_what_is_not() {
    for (kind, _) in KIN {
        let number = |query: &str| number(kind, query);
        assert_eq!((number("1"), number("nothing")), (Ok(1.0), Err(NoNumber::Nothing)), "{kind:?}");
        assert!(number("time()").is_ok_and(|at| at > 1.7e9) && number("count(up)") == Ok(2.0), "{kind:?}");
        assert!(number(&questions::newest("")).is_ok_and(|age| age < 60.0), "{kind:?}");
        assert_eq!(number("vector(1)/0"), Err(NoNumber::Infinite), "{kind:?}");
        // A text, and what was divided by nothing, VictoriaMetrics leaves out: no number either.
        assert!(number("\"x\"").is_err() && number("vector(0)/0").is_err() && number("odd_nan").is_err(), "{kind:?}");
        let refused = answer(kind, "sum((").unwrap_err();
        assert!(
            matches!(&refused, Refused::Query { said, .. } if said.contains("unclosed") || said.contains("unexpected"))
        );
        let lines = answer(kind, "max(up) over a minute").unwrap().lines();
        assert!(lines.len() == 1 && lines[0].points.len() >= 2, "{kind:?}: {lines:?}");
        assert!(matches!(answer(kind, "/nothing"), Err(Refused::Status { .. })), "{kind:?}");
    }
}

#[test]
fn what_it_is_is_told_by_its_answers() {
    for (kind, _) in KIN {
        let told = kind_of(recorded(kind, "time()").body.as_bytes());
        assert_eq!(
            told,
            Some(kind).filter(|kind| *kind != Kind::Prometheus),
            "nothing tells Prometheus from what is like it"
        );
        let found = recorded(kind, "buildinfo");
        let (version, said) = read_version(found.status, found.body.as_bytes()).unwrap();
        assert_eq!(said, None);
        // VictoriaMetrics says a version of Prometheus', and a Thanos that was not built as a release has none.
        let expected = match kind {
            Kind::Prometheus => "2.42.0+ds",
            Kind::VictoriaMetrics => "2.24.0",
            Kind::Thanos | Kind::Mimir => "",
        };
        assert_eq!(version, expected, "{kind:?}");
    }
    let partial = br#"{"status":"success","isPartial":true,"data":{"resultType":"vector","result":[]}}"#;
    assert_eq!(read(200, partial).unwrap().warnings, ["a part of its storage did not answer"]);
    // grafana.com/docs/mimir, "Build information".
    let mimir = br#"{"status":"success","data":{"application":"Grafana Mimir","version":"2.17.0","features":{}}}"#;
    assert_eq!(read_version(200, mimir).unwrap(), ("2.17.0".to_owned(), Some(Kind::Mimir)));
}

/// What the map's past, gates and right-sizing ask gives the same numbers, whoever is asked.
#[test]
fn the_past_gates_and_sizes_are_the_same_with_all() {
    let past = |kind: Kind, at: u32| -> Vec<Edge> {
        let ask = |metric: &str, also: &str| {
            answer(kind, &format!("{} @ {at}", growth(metric, also, 120, ONLY))).unwrap().finite()
        };
        edges(ask(REQUESTS, "response_code"), if at == TIMES[0] { ask(BUCKETS, "le") } else { Vec::new() }, 120.0)
    };
    let expected = past(Kind::Prometheus, TIMES[0]);
    let [edge] = expected.as_slice() else { panic!("{expected:#?}") };
    assert_eq!((edge.from.as_ref().unwrap().name.as_str(), edge.requests_per_second), ("reviews-v2", 3.0));
    assert!(
        (edge.error_share - 0.1).abs() < 1e-9 && edge.p50.is_some_and(|half| (half - 5.0).abs() < 1e-6),
        "{edge:#?}"
    );
    let usage = questions::usage("shop", "", "7d", "");
    for (kind, _) in KIN {
        let [same] = past(kind, TIMES[0]).try_into().unwrap();
        let Edge { p50, p99, .. } = same;
        assert_eq!(Edge { p50, p99, ..edge.clone() }, same, "{kind:?}");
        // VictoriaMetrics rounds what a bucket grew by.
        for (ours, theirs) in [(edge.p50, p50), (edge.p99, p99)] {
            assert!((ours.unwrap() - theirs.unwrap()).abs() < 2.0, "{kind:?}: {ours:?} {theirs:?}");
        }
        assert!(past(kind, TIMES[1]).is_empty(), "{kind:?}: nothing is known of that time, and nothing is 0");
        let counted = answer(kind, &format!("{} over four hours", was_counted(""))).unwrap().lines();
        assert_eq!((counted.len(), counted[0].points.len()), (1, 11), "{kind:?}");
        assert!(
            number(kind, &format!("{GATE} @ {}", TIMES[0])).is_ok_and(|share| (share - 0.1).abs() < 1e-9),
            "{kind:?}"
        );
        assert!(number(kind, GATE).is_ok_and(|share| (share - 0.1).abs() < 0.02), "{kind:?}: of now");
        for (query, least, most) in
            [(&usage.cpu, 0.009, 0.08), (&usage.memory, 4e7, 4.7e7), (&usage.seen, 1.0, 604_800.0)]
        {
            let all = answer(kind, query).unwrap().finite();
            assert!(
                all.len() == 7
                    && all.iter().all(|(labels, value)| labels["namespace"] == "shop" && (least..most).contains(value)),
                "{kind:?}: {query}: {all:?}"
            );
        }
    }
}
