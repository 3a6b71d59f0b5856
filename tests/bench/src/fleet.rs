//! A fleet of a thousand sidecars that answer 1.8 MB of statistics each: what a round costs, and how old its oldest answer is.
//!
//! The fleet is another process: one prepared text over plain HTTP, since what TLS costs is the same for every peer. It
//! ignores the filter that it is sent, which is the worst that a proxy can do; what a filter leaves is a figure of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use bench_engine::figure::{Figure, memory, worked};
use cluster::{Connection, ExecPolicy, Sources};
use serde_json::json;
use signals::{Poller, Proxy, Traffic};

use crate::{Failure, list, proxies};

/// The word by which this program becomes the fleet.
pub const SERVE: &str = "serve-fleet";
const FLEET: usize = 1000;
const ROUNDS: usize = 5;
/// From one round to the next (issue: "1,000 proxies of 1.8 MB each every 15 s").
const EVERY: f64 = 15_000.0;
/// So many clusters make a text of 1.8 MB.
const CLUSTERS: usize = 100;

pub fn run() -> Result<Vec<Figure>, Failure> {
    let (_pods, pods) = list::server(FLEET)?;
    let (_fleet, fleet) = list::beside(&[SERVE])?;
    let silent = "this system does not tell a process's memory";
    list::runtime()?.block_on(async {
        let (_, world) = list::listed(connected(&pods).await?).await?;
        let mut asked = signals::counting(&world);
        asked.truncate(FLEET);
        if asked.len() < FLEET {
            return Err(format!("the fleet has only {} proxies", asked.len()).into());
        }
        drop(world);
        let poller = Poller::new(connected(&fleet).await?);
        let before = memory().ok_or(silent)?.0;
        rounds(&poller, &asked, before).await
    })
}

async fn rounds(poller: &Poller, asked: &[Proxy], before: f64) -> Result<Vec<Figure>, Failure> {
    let mut traffic = Traffic::new();
    let (mut wall, mut share, mut oldest, mut held) = (vec![], vec![], vec![], vec![]);
    for _ in 0..=ROUNDS {
        let (start, cpu) = (Instant::now(), worked());
        let round = poller.round(asked).await;
        if let Some((_, error)) = round.failed.first() {
            return Err(format!("{} proxies did not answer: {error}", round.failed.len()).into());
        }
        let first = round.samples.iter().map(|(_, at, _)| *at).fold(f64::INFINITY, f64::min);
        traffic.take(round, asked);
        wall.push(start.elapsed().as_secs_f64() * 1e3);
        share.push((worked() - cpu) / EVERY * 100.0);
        oldest.push(poller.now() - first);
        held.push((memory().map_or(0.0, |(now, _)| now) - before) / 1024.0 / 1024.0);
    }
    // The first opens the connections.
    let later = |mut figures: Vec<f64>| figures.split_off(1);
    let peak = memory().map_or(0.0, |(_, peak)| peak - before) / 1024.0 / 1024.0;
    Ok(vec![
        Figure::of("a round over 1,000 proxies of 1.8 MB each", "ms", "", later(wall)),
        Figure::of("its share of a core, a round every 15 s", "%", "P9: parsing at most 6 %", later(share)),
        Figure::of("age of its oldest answer when it ends", "s", "", later(oldest)),
        Figure::of("memory that the fleet's counters hold", "MiB", "", later(held)),
        Figure::of("greatest memory beside what was there before", "MiB", "", vec![peak]),
    ])
}

async fn connected(kubeconfig: &str) -> Result<Connection, Failure> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("kubeconfig");
    std::fs::write(&file, kubeconfig)?;
    let contexts = cluster::kubeconfig::read(&Sources { list: vec![file], ..Sources::default() });
    let context = contexts.named(None).ok_or("the server's kubeconfig has no current context")?;
    Ok(cluster::connect(context, &ExecPolicy::default()).await?)
}

/// Answers every request with one proxy's statistics until its standard input ends.
pub fn serve(out: &mut impl Write) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = format!("http://{}", listener.local_addr()?);
    let kubeconfig = json!({"apiVersion": "v1", "kind": "Config", "current-context": "fleet",
        "clusters": [{"name": "fleet", "cluster": {"server": server}}], "users": [{"name": "fleet", "user": {}}],
        "contexts": [{"name": "fleet", "context": {"cluster": "fleet", "user": "fleet"}}]});
    writeln!(out, "{}", serde_json::to_string(&kubeconfig.to_string())?)?;
    out.flush()?;
    let text = proxies::statistics(CLUSTERS);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n", text.len());
    let answer = Arc::new([head.into_bytes(), text.into_bytes()].concat());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || drop(converse(stream, &answer)));
        }
    });
    std::io::stdin().lines().for_each(drop);
    Ok(())
}

/// One answer for each empty line that ends a request's head.
fn converse(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    let reader = BufReader::new(stream.try_clone()?);
    for line in reader.lines() {
        if line?.is_empty() {
            stream.write_all(answer)?;
        }
    }
    Ok(())
}
