//! Who calls whom, how much and how well.

use std::time::Duration;

use serde_json::{Value, json};
use session::map::{Flow, Secured};
use session::traffic::Cost;

use crate::args::{Form, Target, Traffic};
use crate::failure::Failure;
use crate::print::{json as print_json, say, table};
use crate::source::open;

pub async fn traffic(from: &Target, args: &Traffic) -> Result<bool, Failure> {
    let open = open(from).await?;
    // Counters tell a rate only once they have been read at both ends of the window.
    tokio::time::sleep(Duration::from_secs(u64::from(args.window)) + Duration::from_secs(1)).await;
    let traffic = open.session.traffic().borrow().clone();
    for unknown in &traffic.unknown {
        say(&format!("unknown: {}: {}", unknown.about, unknown.because));
    }
    let ready = open.session.ready().await?;
    let flows = traffic.over(args.window, &ready);
    if args.format == Form::Json {
        print_json(&flows.iter().map(edge).collect::<Vec<_>>())?;
    } else {
        table(
            &["FROM", "SERVICE", "WORKLOAD", "REQ/S", "ERRORS", "P50 ms", "P99 ms", "TRANSPORT"],
            &flows.iter().map(cells).collect::<Vec<_>>(),
        )?;
    }
    say(&in_words(&traffic.cost));
    Ok(traffic.measured)
}

fn cells(flow: &Flow) -> Vec<String> {
    let name = |(namespace, name): &(String, String)| {
        if namespace.is_empty() { name.clone() } else { format!("{namespace}/{name}") }
    };
    let millis = |of: Option<f64>| of.map_or("-".to_owned(), |of| format!("{of:.1}"));
    vec![
        name(&flow.from),
        name(&flow.service),
        flow.workload.clone(),
        format!("{:.1}", flow.per_second),
        format!("{:.1} %", flow.error_share * 100.0),
        millis(flow.p50),
        millis(flow.p99),
        secured(flow.secured).unwrap_or("-").to_owned(),
    ]
}

/// What counting costs those who are asked.
fn in_words(cost: &Cost) -> String {
    let Cost { proxies, bytes, seconds, every } = cost;
    if *proxies == 0 {
        return "counting: the first round over the proxies is not over, so what it costs is not known".to_owned();
    }
    format!(
        "counting: {proxies} proxies answered {} within {seconds:.1} s, once every {every:.0} s",
        super::bytes(*bytes)
    )
}

fn secured(secured: Secured) -> Option<&'static str> {
    match secured {
        Secured::Mtls => Some("mtls"),
        Secured::Tls => Some("tls"),
        Secured::Plaintext => Some("plaintext"),
        Secured::Mixed => Some("mixed"),
        Secured::Unknown => None,
    }
}

fn edge(flow: &Flow) -> Value {
    json!({
        "from": {"namespace": flow.from.0, "workload": flow.from.1},
        "to": {"namespace": flow.service.0, "workload": flow.workload, "service": flow.service.1},
        "protocol": flow.protocol, "requestsPerSecond": flow.per_second, "errorShare": flow.error_share,
        "p50ms": flow.p50, "p99ms": flow.p99, "transport": secured(flow.secured), "source": "proxies",
    })
}
