//! Ten thousand pods of a server of their own, listed by `cluster`. The server is another process, so that its memory is
//! not counted; its time is, for it shares the processors.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bench_engine::figure::{Figure, memory};
use cluster::{Batch, ExecPolicy, Followed, Sources, follow};
use tokio_util::sync::CancellationToken;
use world::{Coverage, World};

use crate::Failure;

/// The word by which this program becomes the server.
pub const SERVE: &str = "serve";
const PODS: usize = 10_000;
const RUNS: usize = 5;

/// Serves a cluster of so many services until its standard input ends.
pub fn serve(services: &str, out: &mut impl Write) -> Result<(), Failure> {
    let options = demo::Options { services: services.parse()?, ..demo::Options::default() };
    runtime()?.block_on(async {
        let cluster = demo::Demo::start(&options)?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let text = cluster.kubeconfig(listener.local_addr()?);
        writeln!(out, "{}", serde_json::to_string(&text)?)?;
        out.flush()?;
        let input_ended = tokio::task::spawn_blocking(|| std::io::stdin().lines().for_each(drop));
        tokio::select! {
            served = cluster.serve(listener, CancellationToken::new()) => Ok(served?),
            ended = input_ended => Ok(ended?),
        }
    })
}

/// Two threads, whatever the machine has: the server has the rest.
pub fn runtime() -> Result<tokio::runtime::Runtime, std::io::Error> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// The server, ended with this.
pub struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

/// A server of so many services, and its kubeconfig.
pub fn server(services: usize) -> Result<(Server, String), Failure> {
    beside(&[SERVE, &services.to_string()])
}

/// This program once more, as a server, and the kubeconfig that it prints.
pub fn beside(words: &[&str]) -> Result<(Server, String), Failure> {
    let mut child =
        Command::new(std::env::current_exe()?).args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let out = child.stdout.take().ok_or("the server has no output")?;
    let server = Server(child);
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    Ok((server, serde_json::from_str(&line)?))
}

pub fn run() -> Result<Vec<Figure>, Failure> {
    let (_server, kubeconfig) = server(PODS)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("kubeconfig");
    std::fs::write(&file, kubeconfig)?;
    let contexts = cluster::kubeconfig::read(&Sources { list: vec![file], ..Sources::default() });
    let context = contexts.named(None).ok_or("the server's kubeconfig has no current context")?;
    let silent = "this system does not tell a process's memory";
    let (mut millis, mut worlds, mut held) = (Vec::new(), Vec::new(), vec![memory().ok_or(silent)?.0]);
    let runtime = runtime()?;
    for _ in 0..RUNS {
        let (took, world) = runtime.block_on(async {
            let connection = cluster::connect(context, &ExecPolicy::default()).await?;
            listed(connection).await
        })?;
        let pods = world.pods().count();
        if pods < PODS {
            return Err(format!("only {pods} pods were listed").into());
        }
        millis.push(took.as_secs_f64() * 1e3);
        worlds.push(world);
        held.push(memory().ok_or(silent)?.0);
    }
    let each: Vec<f64> = held.windows(2).map(|pair| (pair[1] - pair[0]) / PODS as f64 / 1024.0).collect();
    let (first, further) = each.split_at(1);
    let peak = memory().ok_or(silent)?.1 / 1024.0 / 1024.0;
    Ok(vec![
        Figure::of("10,000 pods from nothing to stored", "ms", "goal: 500 ms", millis),
        Figure::of("memory of a pod in the first world, with all else", "KiB", "", first.to_vec()),
        Figure::of("memory of a pod in each further world", "KiB", "goal: 1.5 KiB", further.to_vec()),
        Figure::of("greatest memory with five such worlds", "MiB", "", vec![peak]),
    ])
}

pub async fn listed(connection: cluster::Connection) -> Result<(Duration, World), Failure> {
    let start = Instant::now();
    let cancel = CancellationToken::new();
    let _stop = cancel.clone().drop_guard();
    let mut batches = follow(connection, vec![Followed::new("", "Pod")], cancel);
    let mut world = World::new();
    loop {
        let batch = tokio::time::timeout(Duration::from_secs(120), batches.recv()).await?;
        match batch.ok_or("following ended")? {
            Batch::Changes(changes) => world = world.after(changes),
            Batch::Coverage { coverage: Coverage::Ready, .. } => break,
            Batch::Coverage { .. } | Batch::Heard => {}
        }
    }
    Ok((start.elapsed(), world))
}
