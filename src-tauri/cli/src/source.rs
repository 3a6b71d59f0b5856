//! The world that is asked: of files, of a cluster, of the demo.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mesh::{Engine, Observed};
use session::files::{self, Files};
use session::live::Link;
use session::{DEMO, Session};
use wire::{Host, Profile};
use world::World;

use crate::args::Target;
use crate::failure::Failure;
use crate::print::say;

/// How long the first lists may take.
const READY: Duration = Duration::from_secs(60);

/// How long the proxies are counted for `--observed`.
const COUNTED: Duration = Duration::from_secs(10);

/// An open cluster.
pub struct Open {
    /// The core.
    pub host: Host,
    /// The session in it.
    pub session: Arc<Session>,
}

/// A world and where it came from.
pub struct Source {
    /// The meshes.
    pub engine: Arc<Engine>,
    /// The world.
    pub world: World,
    /// The files that it was read from.
    pub files: Files,
    /// The cluster, where it is one.
    pub open: Option<Open>,
}

/// Files that were asked for; what could not be read of them is said, and fails at the end.
pub fn read(paths: &[PathBuf]) -> Result<Files, Failure> {
    let files = files::read(paths, &mut std::io::stdin())?;
    for problem in &files.problems {
        say(&problem.to_string());
    }
    Ok(files)
}

/// The core with this user's profile.
pub fn host(from: &Target) -> Result<Host, Failure> {
    let mut profile = Profile::of_this_user();
    if let Some(file) = &from.kubeconfig {
        if !file.is_file() {
            return Err(Failure::Unreadable(format!("{}: there is no such file", file.display())));
        }
        profile.sources.list = vec![file.clone()];
        profile.sources.home = None;
    }
    Ok(Host::start(profile)?)
}

/// Opens the cluster that is meant, and waits until all that may be read has been.
pub async fn open(from: &Target) -> Result<Open, Failure> {
    if !from.world.is_empty() {
        return Err(Failure::WrongUse("this needs a cluster: --context or --demo instead of --world".into()));
    }
    let host = host(from)?;
    let bench = host.workbench();
    let id = if from.demo { DEMO.to_owned() } else { bench.id_of(from.context.as_deref())? };
    if from.allow_exec {
        bench.allow_exec(&id).await?;
    }
    let session = bench.open_session(&id).await?;
    let mut live = session.live();
    let ready = tokio::time::timeout(READY, live.wait_for(|live| live.link == Link::Live)).await;
    match ready {
        Ok(Ok(_)) => {}
        _ => {
            let because = session.live().borrow().because.clone();
            return Err(Failure::NotReady(format!("{id} could not be read within {} s: {because}", READY.as_secs())));
        }
    }
    Ok(Open { host, session })
}

impl Source {
    /// The world that is meant.
    pub async fn of(from: &Target) -> Result<Self, Failure> {
        if !from.world.is_empty() {
            let files = read(&from.world)?;
            let (engine, world) = (Arc::new(meshes::engine()), files.world());
            return Ok(Self { engine, world, files, open: None });
        }
        let open = open(from).await?;
        let (engine, world) = (open.session.engine().clone(), open.session.world());
        Ok(Self { engine, world, files: Files::default(), open: Some(open) })
    }

    /// Traffic that is seen while the proxies are counted.
    pub async fn observed(&self) -> Result<Vec<Observed>, Failure> {
        let Some(open) = &self.open else {
            return Err(Failure::WrongUse("--observed needs a cluster: --context or --demo".into()));
        };
        tokio::time::sleep(COUNTED).await;
        Ok(open.session.traffic().borrow().observed(&self.engine.ready(&self.world)))
    }

    /// Fails where a document could not be read: an answer about the rest was given before.
    pub fn whole(&self, draft: &Files) -> Result<(), Failure> {
        match self.files.problems.first().or(draft.problems.first()) {
            Some(problem) => Err(Failure::Broken(problem.clone())),
            None => Ok(()),
        }
    }
}
