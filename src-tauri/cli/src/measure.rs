//! `netloft health`, `usage` and `traffic`.

use std::time::Duration;

use mesh::Unknown;
use serde_json::{Map, Value, json};
use session::map::{Flow, Secured};
use session::prometheus::{Usage, Uses};
use session::proxies::{Fleet, Ill, Proxy, Sync, Use};
use session::resources::{Resources, Row};
use world::Said;

use crate::args::{self, Form, Target, Traffic};
use crate::failure::Failure;
use crate::print::{json as print_json, json_line, say, table};
use crate::source::open;

/// Who waits longer is told for what.
const SOON: Duration = Duration::from_secs(1);
/// metrics-server measures every 15 s.
const AGAIN: Duration = Duration::from_secs(15);

fn word(sync: Sync) -> &'static str {
    match sync {
        Sync::Synced => "SYNCED",
        Sync::NotSent => "NOT_SENT",
        Sync::Stale => "STALE",
        Sync::Error => "ERROR",
        Sync::Unknown => "UNKNOWN",
    }
}

/// RFC 3339, from milliseconds since 1970.
fn time(millis: Option<f64>) -> Option<String> {
    jiff::Timestamp::from_millisecond(millis? as i64).ok().map(|at| at.to_string())
}

pub async fn health(from: &Target, format: Form) -> Result<bool, Failure> {
    let open = open(from).await?;
    let fleet = open.session.fleet_now().await;
    for unknown in &fleet.unknown {
        say(&format!("unknown: {}: {}", unknown.about, unknown.because));
    }
    for plane in fleet.control_planes.iter().filter(|plane| plane.over_xds) {
        say(&format!("{}: its debug pages are shut, synchronisation was asked for over xDS", plane.name));
    }
    for ill in &fleet.ills {
        let object = ill.object.as_ref().map(|object| format!("{object}: ")).unwrap_or_default();
        say(&format!(
            "mesh: {} {object}{}. {}",
            ill.diagnosis.what,
            Said::joined(&ill.evidence, "; "),
            ill.diagnosis.next
        ));
    }
    for silent in &fleet.silent {
        say(&format!("{}/{}: {}", silent.namespace, silent.pod, silent.diagnosis));
    }
    if format == Form::Json {
        print_json(&fleet.proxies.iter().map(row).collect::<Vec<_>>())?;
    } else {
        let cells = |p: &Proxy| {
            vec![
                p.namespace.clone(),
                p.pod.clone(),
                p.role.clone(),
                word(p.sync).to_owned(),
                p.ready.to_string(),
                p.diagnosis.en.clone(),
            ]
        };
        table(
            &["NAMESPACE", "POD", "ROLE", "SYNC", "READY", "DIAGNOSIS"],
            &fleet.proxies.iter().map(cells).collect::<Vec<_>>(),
        )?;
    }
    Ok(true)
}

fn row(proxy: &Proxy) -> Value {
    let state: Map<String, Value> = proxy.types.iter().map(|t| (t.name.clone(), json!(word(t.state)))).collect();
    let sent = proxy
        .types
        .iter()
        .filter_map(|t| t.sent_at)
        .fold(None, |last: Option<f64>, at| Some(last.map_or(at, |l| l.max(at))));
    let certificate = proxy.certificate.as_ref().map(|of| {
        json!({"notAfter": time(Some(of.ends_at)), "issuer": of.issuer, "spiffe": of.spiffe, "rootMatches": of.root_matches})
    });
    let ill = |ill: &Ill| {
        json!({"code": ill.diagnosis.code, "what": ill.diagnosis.what, "next": ill.diagnosis.next, "evidence": ill.evidence.iter().map(|said| &said.en).collect::<Vec<_>>(),
            "object": ill.object.as_ref().map(ToString::to_string)})
    };
    json!({
        "namespace": proxy.namespace, "pod": proxy.pod, "workload": proxy.workload, "mesh": proxy.mesh, "role": proxy.role,
        "version": proxy.version, "state": state,
        "nack": Some(&proxy.nack).filter(|nack| !nack.is_empty()), "lastSent": time(sent),
        "certificate": certificate, "ready": proxy.ready, "restarts": proxy.restarts, "controlPlane": proxy.control_plane,
        "connectedSince": time(proxy.connected_at), "configurationBytes": proxy.size.map(|size| size.bytes),
        "diagnoses": proxy.ills.iter().map(ill).collect::<Vec<_>>(),
        "unknown": proxy.unknown.iter().map(|u| json!({"about": u.about.en, "because": u.because.en})).collect::<Vec<_>>(),
    })
}

/// What proxies use now is told at once; what they used over days follows, or why it is not known.
pub async fn usage(from: &Target, args: &args::Usage) -> Result<bool, Failure> {
    let open = open(from).await?;
    let session = open.session.clone();
    let mut asked = tokio::spawn(async move {
        let uses = session.uses_asked().await;
        (session.prometheus().borrow().name(), uses)
    });
    let mut days: Option<Days> = None;
    loop {
        let (fleet, cost) = open.session.cost_now().await;
        // One document has to be whole.
        if args.format == Form::Json && !args.watch {
            if let Ok(told) = tokio::time::timeout(SOON, &mut asked).await {
                days = told.ok();
            } else {
                say("waiting for what was used over days; --watch tells what is used now at once");
                days = (&mut asked).await.ok();
            }
            unless_known(days.as_ref());
        }
        match args.format {
            Form::Json => {
                let rows: Vec<Value> = fleet.proxies.iter().map(|proxy| used(proxy, of_days(&days, proxy))).collect();
                if args.watch { json_line(&rows)? } else { print_json(&rows)? }
            }
            Form::Text => {
                now_table(&fleet)?;
                say(&total(&cost));
            }
        }
        if args.format == Form::Text && !args.watch {
            days = (&mut asked).await.ok();
            over_days(days.as_ref())?;
        }
        if !args.watch {
            return Ok(true);
        }
        tokio::select! {
            told = &mut asked, if days.is_none() => {
                days = told.ok();
                match args.format {
                    Form::Text => over_days(days.as_ref())?,
                    Form::Json => unless_known(days.as_ref()),
                }
            }
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Who was asked of the days before, and what it has of them, or why that is not known.
type Days = (&'static str, std::result::Result<Uses, Unknown>);

fn of_days(days: &Option<Days>, proxy: &Proxy) -> Option<(&'static str, Usage)> {
    let (who, uses) = days.as_ref()?;
    Some((who, *uses.as_ref().ok()?.get(&(proxy.namespace.clone(), proxy.workload.clone()))?))
}

fn now_table(fleet: &Fleet) -> Result<(), Failure> {
    let amount = |of: &Use, unit: f64| {
        let text = |n: Option<f64>| n.map_or("-".to_owned(), |n| format!("{:.0}", n / unit));
        format!("{} / {} / {}", text(of.usage), text(of.request), text(of.limit))
    };
    let cells =
        |p: &Proxy| vec![p.namespace.clone(), p.pod.clone(), amount(&p.cpu, 1.0), amount(&p.memory, 1_048_576.0)];
    table(
        &["NAMESPACE", "POD", "CPU m (use/request/limit)", "MEMORY MiB"],
        &fleet.proxies.iter().map(cells).collect::<Vec<_>>(),
    )
}

/// What the proxies of each workload used over days.
fn over_days(days: Option<&Days>) -> Result<(), Failure> {
    unless_known(days);
    match days {
        Some((who, Ok(uses))) if !uses.is_empty() => days_table(who, uses),
        _ => Ok(()),
    }
}

/// Says why nothing is known of the days before.
fn unless_known(days: Option<&Days>) {
    let because = match days {
        Some((_, Ok(uses))) if !uses.is_empty() => return,
        Some((_, Err(unknown))) => unknown.because.en.clone(),
        Some((who, Ok(_))) => format!("{who} has no container series"),
        None => "asking for it ended in the middle".into(),
    };
    say(&format!("over days: unknown, because {because}"));
}

fn days_table(who: &str, uses: &Uses) -> Result<(), Failure> {
    let cells = |((namespace, workload), of): (&(String, String), &Usage)| {
        let (cpu, memory) = (format!("{:.0}", of.cpu_p95), format!("{:.0}", of.memory_most / 1_048_576.0));
        vec![namespace.clone(), workload.clone(), cpu, memory, span(of.seen)]
    };
    let mut rows: Vec<_> = uses.iter().map(cells).collect();
    rows.sort();
    let seen = format!("SEEN ({who})");
    table(&["NAMESPACE", "WORKLOAD", "CPU m (p95 of the busiest)", "MEMORY MiB (most)", &seen], &rows)
}

fn span(seconds: f64) -> String {
    match seconds {
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.0} h", seconds / 3600.0),
        _ => format!("{:.0} days", seconds / 86_400.0),
    }
}

/// What all proxies use together, beside what the containers next to them use.
fn total(all: &Resources) -> String {
    // A sum of nothing is −0.
    let sum = |of: fn(&Row) -> Option<f64>| 0.0 + all.rows.iter().filter_map(of).sum::<f64>();
    let share = |used: f64, app: f64| {
        if app > 0.0 { format!(", {:.0} % of the workloads'", used / app * 100.0) } else { String::new() }
    };
    let (cpu, memory) = (sum(|row| row.used.cpu), sum(|row| row.used.memory));
    format!(
        "in all {:.2} cores{} and {:.2} GiB{}",
        cpu / 1000.0,
        share(cpu, sum(|row| row.app.cpu)),
        memory / 1_073_741_824.0,
        share(memory, sum(|row| row.app.memory)),
    )
}

fn used(proxy: &Proxy, days: Option<(&str, Usage)>) -> Value {
    let days = days.map(|(who, of)| {
        json!({"source": "prometheus", "server": who, "seconds": of.seen, "cpuP95Millicores": of.cpu_p95, "memoryMostBytes": of.memory_most})
    });
    json!({
        "namespace": proxy.namespace, "pod": proxy.pod, "container": "istio-proxy",
        "cpu": {"usageMillicores": proxy.cpu.usage, "requestMillicores": proxy.cpu.request, "limitMillicores": proxy.cpu.limit, "throttledShare": proxy.throttled},
        "memory": {"usageBytes": proxy.memory.usage, "requestBytes": proxy.memory.request, "limitBytes": proxy.memory.limit},
        "source": proxy.source, "workloadOverDays": days,
    })
}

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
        let name = |(namespace, name): &(String, String)| {
            if namespace.is_empty() { name.clone() } else { format!("{namespace}/{name}") }
        };
        let cells = |f: &Flow| {
            let percent = format!("{:.1} %", f.error_share * 100.0);
            vec![
                name(&f.from),
                name(&f.service),
                f.workload.clone(),
                format!("{:.1}", f.per_second),
                percent,
                secured(f.secured).unwrap_or("-").to_owned(),
            ]
        };
        table(
            &["FROM", "SERVICE", "WORKLOAD", "REQ/S", "ERRORS", "TRANSPORT"],
            &flows.iter().map(cells).collect::<Vec<_>>(),
        )?;
    }
    Ok(traffic.measured)
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
