//! Everything that is open: the clusters that can be, the sessions that are, the settings and the journal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cluster::{ConnectError, Connection, Context, ExecError, ExecPolicy, FileReport, Fingerprint, Probed};
use mesh::{Engine, Presence};
use tokio::sync::{OnceCell, watch};
use world::{Said, World, said};

use crate::records::Records;
use crate::secrets::Secrets;
use crate::servers::Server;
use crate::settings::{self, Settings};
use crate::{Error, Profile, Result, Session};

/// The demo's id among the clusters.
pub const DEMO: &str = "demo";

/// How long the end of the program waits for what is to be put back.
const LEAVING: Duration = Duration::from_secs(3);

/// Words in a context's name that make it look like production.
const PRODUCTION: [&str; 4] = ["prod", "production", "prd", "live"];

/// Where control planes live by default: API group → namespace. A probe looks there alone; an open session knows all.
pub(crate) const CONTROL_PLANES: [(&str, &str); 3] =
    [("istio.io", "istio-system"), ("linkerd.io", "linkerd"), ("cilium.io", "kube-system")];

/// A cluster that can be opened, as known without asking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Stable id: `demo`, or file and context.
    pub id: String,
    /// The context's name.
    pub name: String,
    /// It is the built-in one.
    pub demo: bool,
    /// Looks like production, or was marked so.
    pub production: bool,
    /// The API server's address; empty for the demo.
    pub server: String,
    /// The kubeconfig user's name.
    pub user: String,
    /// The context's namespace, or empty.
    pub namespace: String,
    /// The file that it comes from; empty for the demo and for servers that the user added.
    pub file: PathBuf,
    /// The kubeconfig's current context.
    pub current: bool,
    /// A credential plugin that was not allowed yet: its command line.
    pub needs_consent: Option<String>,
    /// The session, where it is open.
    pub session: Option<String>,
}

impl Card {
    /// One stable name for the cluster, whatever its context is called.
    pub fn cluster(&self) -> &str {
        if self.demo { &self.id } else { &self.server }
    }
}

/// What a cluster says of itself.
#[derive(Debug)]
pub struct Seen {
    /// Which.
    pub id: String,
    /// Its answer.
    pub answer: Result<(Probed, Vec<Presence>)>,
}

/// All sessions of a user. No globals: two of these know nothing of each other but the journal on disk.
pub struct Workbench {
    profile: Profile,
    engine: Arc<Engine>,
    records: Records,
    settings: Mutex<Settings>,
    secrets: Secrets,
    demo: OnceCell<Arc<demo::Demo>>,
    sessions: Mutex<BTreeMap<String, Arc<Session>>>,
    next: AtomicU64,
    changed: watch::Sender<u64>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic elsewhere leaves these maps whole: each change of them is one step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Workbench {
    /// Opens the profile: settings and journal.
    ///
    /// # Errors
    /// Where they cannot be read; nothing is overwritten then.
    pub fn open(profile: Profile) -> Result<Self> {
        let settings = settings::load(&profile.folder)?;
        let records = Records::open(&profile.folder)?;
        Ok(Self {
            secrets: Secrets::new(profile.keyring.clone()),
            profile,
            engine: Arc::new(meshes::engine()),
            records,
            settings: Mutex::new(settings),
            demo: OnceCell::new(),
            sessions: Mutex::default(),
            next: AtomicU64::new(1),
            changed: watch::channel(0).0,
        })
    }

    /// The meshes.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The journal.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Grows whenever the list of clusters, the settings or the open sessions change.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn touch(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// The settings.
    pub fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }

    /// Saves settings.
    ///
    /// # Errors
    /// Where the disk refuses; the old ones stay.
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) -> Result<Settings> {
        let mut held = lock(&self.settings);
        let mut next = held.clone();
        change(&mut next);
        settings::save(&self.profile.folder, &next)?;
        *held = next.clone();
        drop(held);
        self.touch();
        Ok(next)
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    fn contexts(&self) -> cluster::Contexts {
        let mut sources = self.profile.sources.clone();
        let settings = self.settings();
        sources.added.extend(settings.kubeconfigs);
        let mut found = cluster::kubeconfig::read(&sources);
        found.contexts.extend(settings.servers.iter().map(Server::context));
        found
    }

    fn policy(&self) -> ExecPolicy {
        let allowed = self.settings().consents.into_values().map(Fingerprint::saved).collect::<Vec<_>>();
        ExecPolicy::new(self.profile.environment.clone(), allowed)
    }

    /// Every cluster that can be opened, and the files that they come from.
    pub fn clusters(&self) -> (Vec<Card>, Vec<FileReport>) {
        let contexts = self.contexts();
        let mut cards = vec![self.demo_card()];
        cards.extend(contexts.contexts.iter().map(|context| self.card(context)));
        (cards, contexts.files)
    }

    fn session_of(&self, id: &str) -> Option<String> {
        lock(&self.sessions).values().find(|session| session.card().id == id).map(|s| s.id().to_owned())
    }

    fn demo_card(&self) -> Card {
        Card {
            id: DEMO.into(),
            name: "Demo shop".into(),
            demo: true,
            production: self.settings().production.get(DEMO).copied().unwrap_or(false),
            server: String::new(),
            user: String::new(),
            namespace: String::new(),
            file: PathBuf::new(),
            current: false,
            needs_consent: None,
            session: self.session_of(DEMO),
        }
    }

    fn card(&self, context: &Context) -> Card {
        let settings = self.settings();
        let looks = context.name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| PRODUCTION.contains(&word));
        Card {
            id: context.id.clone(),
            name: context.name.clone(),
            demo: false,
            production: settings.production.get(&context.id).copied().unwrap_or(looks),
            server: context.server.clone(),
            user: context.user.clone(),
            namespace: context.namespace.clone(),
            file: context.file.clone(),
            current: context.current,
            needs_consent: context
                .exec
                .as_ref()
                .filter(|_| !settings.consents.contains_key(&context.id))
                .map(ToString::to_string),
            session: self.session_of(&context.id),
        }
    }

    /// Adds a kubeconfig file.
    ///
    /// # Errors
    /// Where it is none, or the settings cannot be saved.
    pub fn add_kubeconfig(&self, path: &Path) -> Result<()> {
        let sources = cluster::Sources { added: vec![path.to_owned()], ..cluster::Sources::default() };
        let found = cluster::kubeconfig::read(&sources);
        let bad = |reason: Said| Error::File { path: path.display().to_string(), reason };
        if found.contexts.is_empty() {
            let problem = found.files.iter().find_map(|file| file.problem.as_ref()).map(ToString::to_string);
            let none = || said!("it holds no context", "其中没有上下文");
            return Err(bad(problem.map_or_else(none, Said::from)));
        }
        let whole = std::path::absolute(path).map_err(|error| bad(error.to_string().into()))?;
        self.change_settings(|settings| {
            if !settings.kubeconfigs.contains(&whole) {
                settings.kubeconfigs.push(whole);
            }
        })?;
        Ok(())
    }

    /// Forgets an added kubeconfig file.
    ///
    /// # Errors
    /// Where the settings cannot be saved.
    pub fn remove_kubeconfig(&self, path: &Path) -> Result<()> {
        self.change_settings(|settings| settings.kubeconfigs.retain(|known| known != path))?;
        Ok(())
    }

    fn context(&self, id: &str) -> Result<Context> {
        self.contexts().by_id(id).cloned().ok_or_else(|| Error::NoSuchCluster { id: id.to_owned() })
    }

    /// The id of the context that kubectl would take for this name; of the current one where none is given.
    ///
    /// # Errors
    /// Where there is none.
    pub fn id_of(&self, name: Option<&str>) -> Result<String> {
        let contexts = self.contexts();
        let found = contexts.named(name).map(|context| context.id.clone());
        found.ok_or_else(|| Error::NoSuchCluster { id: name.unwrap_or("the current context").to_owned() })
    }

    /// Allows a context's credential plugin: exactly the program that is there now.
    ///
    /// # Errors
    /// Where the cluster is not there, or the settings cannot be saved.
    pub async fn allow_exec(&self, id: &str) -> Result<()> {
        let context = self.context(id)?;
        let nothing = ExecPolicy::new(self.profile.environment.clone(), []);
        // With nothing allowed the plugin is not run: the refusal names what would have been.
        let fingerprint = match cluster::connect(&context, &nothing).await {
            Err(ConnectError::Credentials { error: ExecError::NotAllowed { fingerprint, .. }, .. }) => fingerprint,
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(()),
        };
        self.change_settings(|settings| {
            drop(settings.consents.insert(id.to_owned(), fingerprint.as_str().to_owned()))
        })?;
        Ok(())
    }

    /// A connection to a cluster; nothing is asked of it yet.
    ///
    /// # Errors
    /// Where the context cannot be used.
    pub async fn connect(&self, id: &str) -> Result<Connection> {
        if id == DEMO {
            return Ok(Connection::from_client(self.demo().await?.client(), DEMO));
        }
        let mut context = self.context(id)?;
        if self.settings().servers.iter().any(|server| server.id() == id) {
            let found = self.secrets.find(id).await;
            let token = found.map_err(|because| Error::NoToken { cluster: context.name.clone(), because })?;
            context = context.with_token(token);
        }
        Ok(cluster::connect(&context, &self.policy()).await?)
    }

    /// The built-in cluster, started at its first use.
    ///
    /// # Errors
    /// Where it does not start.
    pub async fn demo(&self) -> Result<&Arc<demo::Demo>> {
        let started = self.demo.get_or_try_init(|| async { demo::Demo::start(&demo::Options::default()) }).await;
        started.map_err(|error| Error::Demo { reason: error.to_string() })
    }

    /// Asks a cluster who it is.
    pub async fn probe(&self, id: &str) -> Seen {
        let answer = async {
            let connection = self.connect(id).await?;
            let probed = connection.probe().await?;
            let presences = self.presences(&connection, &probed).await;
            Ok((probed, presences))
        };
        Seen { id: id.to_owned(), answer: answer.await }
    }

    /// The meshes by their control planes. Where those may not be read, by the kinds that are served.
    async fn presences(&self, connection: &Connection, probed: &Probed) -> Vec<Presence> {
        let served = |group: &str| probed.groups.iter().any(|known| known.ends_with(group));
        let homes = CONTROL_PLANES.iter().filter(|(group, _)| served(group));
        let asked = homes.map(|(_, namespace)| connection.list("", "Pod", Some(namespace)));
        let pods = futures::future::join_all(asked).await.into_iter().flatten().flatten();
        let changes = pods.filter_map(|body| world::Object::read(body, world::Origin::Cluster).ok());
        let world = World::new().after(changes.map(world::Change::Put));
        self.engine.detect(&world, &probed.groups)
    }

    /// Opens a cluster and starts to follow it. A second opening of the same cluster is a second session.
    ///
    /// # Errors
    /// Where the context cannot be used, or the server does not let us in.
    pub async fn open_session(&self, id: &str) -> Result<Arc<Session>> {
        let connection = self.connect(id).await?;
        let card = self.clusters().0.into_iter().find(|card| card.id == id);
        let mut card = card.ok_or_else(|| Error::NoSuchCluster { id: id.to_owned() })?;
        let probed = connection.probe().await?;
        let name = format!("s{}", self.next.fetch_add(1, Ordering::Relaxed));
        card.session = Some(name.clone());
        let session = Session::open(crate::Opening {
            id: name.clone(),
            card,
            connection,
            probed,
            engine: self.engine.clone(),
            records: self.records.clone(),
            patience: crate::PATIENCE,
        });
        let session = Arc::new(session);
        session.keep_past(&self.profile.folder, crate::past::keep::STEP);
        session.follow_uptakes();
        session.ask_prometheus(self.signed(id).await);
        lock(&self.sessions).insert(name, session.clone());
        self.touch();
        Ok(session)
    }

    /// An open session.
    ///
    /// # Errors
    /// Where it is not open.
    pub fn session(&self, id: &str) -> Result<Arc<Session>> {
        lock(&self.sessions).get(id).cloned().ok_or_else(|| Error::NoSuchSession { id: id.to_owned() })
    }

    /// Stops following a cluster: every watch of it ends.
    pub fn close(&self, id: &str) {
        let session = lock(&self.sessions).remove(id);
        if let Some(session) = session {
            session.stop();
            // Its proxies shall not go on talking; nobody waits for that.
            tokio::spawn(async move { session.restore_all_levels().await });
            self.touch();
        }
    }

    /// Puts back what lasts only while somebody looks, before the program ends: the log levels of proxies. One that does not answer is not
    /// waited for.
    pub async fn leave(&self) {
        let sessions: Vec<Arc<Session>> = lock(&self.sessions).values().cloned().collect();
        let all = futures::future::join_all(sessions.iter().map(|session| session.restore_all_levels()));
        if tokio::time::timeout(LEAVING, all).await.is_err() {
            tracing::warn!("not every log level could be put back in time");
        }
    }

    /// Whether a write may happen at all.
    ///
    /// # Errors
    /// Where the user said no.
    pub fn may_write(&self) -> Result<()> {
        if self.settings().read_only { Err(Error::ReadOnly) } else { Ok(()) }
    }
}
