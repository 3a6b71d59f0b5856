//! What every proxy uses.

use std::time::Duration;

use mesh::Unknown;
use serde_json::{Value, json};
use session::prometheus::{Usage, Uses};
use session::proxies::{Fleet, Proxy};
use session::resources::{Resources, Row};

use super::{MIB, amounts, document, span, sums, uses};
use crate::args::{self, By, Form, Target};
use crate::failure::Failure;
use crate::print::{say, table};
use crate::source::{Open, open};

/// Who waits longer is told for what.
const SOON: Duration = Duration::from_secs(1);
/// metrics-server measures every 15 s.
const AGAIN: Duration = Duration::from_secs(15);

/// Who was asked of the days before, and what it has of them, or why that is not known.
pub type Days = (&'static str, std::result::Result<Uses, Unknown>);

/// The question for the days before, while it is asked.
type Asked = tokio::task::JoinHandle<Days>;

/// What proxies use now is told at once; what they used over days follows, or why it is not known.
pub async fn usage(from: &Target, args: &args::Usage) -> Result<bool, Failure> {
    let open = open(from).await?;
    let session = open.session.clone();
    let asked = tokio::spawn(async move {
        let uses = session.uses_asked().await;
        (session.prometheus().borrow().name(), uses)
    });
    match args.by {
        Some(by) => summed(&open, by, args, asked).await,
        None => each(&open, args, asked).await,
    }
}

/// Waits for the answer, and says so where that takes long.
async fn waited(asked: &mut Asked) -> Option<Days> {
    let days = if let Ok(told) = tokio::time::timeout(SOON, &mut *asked).await {
        told.ok()
    } else {
        say("waiting for what was used over days; --watch tells what is used now at once");
        asked.await.ok()
    };
    unless_known(days.as_ref());
    days
}

/// Advice is made of what is known of days, which has to be waited for.
async fn summed(open: &Open, by: By, args: &args::Usage, mut asked: Asked) -> Result<bool, Failure> {
    let days = waited(&mut asked).await;
    loop {
        Box::pin(sums::print(open, by, (args.format, args.watch), days.as_ref())).await?;
        if !args.watch {
            return Ok(true);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn each(open: &Open, args: &args::Usage, mut asked: Asked) -> Result<bool, Failure> {
    let mut days: Option<Days> = None;
    loop {
        let (fleet, cost) = open.session.cost_now(false, &Uses::new()).await;
        // One document has to be whole.
        if args.format == Form::Json && !args.watch {
            days = waited(&mut asked).await;
        }
        match args.format {
            Form::Json => {
                let rows: Vec<Value> = fleet.proxies.iter().map(|proxy| used(proxy, of_days(&days, proxy))).collect();
                document(&rows, args.watch)?;
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

fn of_days(days: &Option<Days>, proxy: &Proxy) -> Option<(&'static str, Usage)> {
    let (who, uses) = days.as_ref()?;
    Some((who, *uses.as_ref().ok()?.get(&(proxy.namespace.clone(), proxy.workload.clone()))?))
}

fn now_table(fleet: &Fleet) -> Result<(), Failure> {
    let cells = |p: &Proxy| vec![p.namespace.clone(), p.pod.clone(), amounts(&p.cpu, 1.0), amounts(&p.memory, MIB)];
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
        let (cpu, memory) = (format!("{:.0}", of.cpu_p95), format!("{:.0}", of.memory_most / MIB));
        vec![namespace.clone(), workload.clone(), cpu, memory, span(of.seen)]
    };
    let mut rows: Vec<_> = uses.iter().map(cells).collect();
    rows.sort();
    let seen = format!("SEEN ({who})");
    table(&["NAMESPACE", "WORKLOAD", "CPU m (p95 of the busiest)", "MEMORY MiB (most)", &seen], &rows)
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

/// What a workload's proxies used over days.
pub fn days_json(server: &str, of: Usage) -> Value {
    json!({"source": "prometheus", "server": server, "seconds": of.seen, "cpuP95Millicores": of.cpu_p95, "memoryMostBytes": of.memory_most})
}

fn used(proxy: &Proxy, days: Option<(&str, Usage)>) -> Value {
    let (cpu, memory) = uses(proxy);
    json!({
        "namespace": proxy.namespace, "pod": proxy.pod, "workload": proxy.workload, "container": proxy.container,
        "cpu": cpu, "memory": memory, "source": proxy.source,
        "workloadOverDays": days.map(|(who, of)| days_json(who, of)),
    })
}
