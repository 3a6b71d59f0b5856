//! Kubeconfig files: which there are, what contexts they hold, and what is wrong with them.
//!
//! The files of `KUBECONFIG` are merged by kubectl's rules (client-go tools/clientcmd/loader.go): the first file to set a
//! name wins, relative paths count from their own file. The home file and files that the user added stand alone, as with
//! `kubectl --kubeconfig`. A name that a later file repeats is kept too, and apart by its file.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, Cluster, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext};

use crate::ExecCommand;

/// Largest kubeconfig that is read: real ones are some kilobytes, those of fleets some hundreds.
const LARGEST: u64 = 8 << 20;

/// Where kubeconfig files are looked for. Nothing in here is read from the process's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The files of the `KUBECONFIG` list, in order.
    pub list: Vec<PathBuf>,
    /// `~/.kube/config`.
    pub home: Option<PathBuf>,
    /// Files that the user added.
    pub added: Vec<PathBuf>,
}

impl Sources {
    /// From the value of `KUBECONFIG`, the home folder and the added files.
    pub fn new(kubeconfig: Option<&OsStr>, home: Option<&Path>, added: Vec<PathBuf>) -> Self {
        let list = kubeconfig.map(std::env::split_paths).into_iter().flatten();
        Self {
            list: list.filter(|path| !path.as_os_str().is_empty()).collect(),
            home: home.map(|home| home.join(".kube").join("config")),
            added,
        }
    }
}

/// Everything that the files hold.
#[derive(Clone, Debug, Default)]
pub struct Contexts {
    /// Every context of every readable file.
    pub contexts: Vec<Context>,
    /// Every file that was looked at, in order.
    pub files: Vec<FileReport>,
}

impl Contexts {
    /// The context of this id.
    pub fn by_id(&self, id: &str) -> Option<&Context> {
        self.contexts.iter().find(|context| context.id == id)
    }

    /// The context that kubectl would take for this name; the current one where none is given.
    pub fn named(&self, name: Option<&str>) -> Option<&Context> {
        self.contexts.iter().find(|context| name.map_or(context.current, |name| context.name == name))
    }
}

/// A context, with all that is needed to connect to it.
#[derive(Clone)]
pub struct Context {
    /// Stable: its file and its name.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The file that names it.
    pub file: PathBuf,
    /// The API server's address; empty where the cluster is missing.
    pub server: String,
    /// The kubeconfig user's name; empty where none is named.
    pub user: String,
    /// Its namespace, or empty.
    pub namespace: String,
    /// It is the current context.
    pub current: bool,
    /// The program that gives the credentials, where one does.
    pub exec: Option<ExecCommand>,
    /// What keeps it from being opened: a cluster or user that is not there.
    pub problem: Option<String>,
    pub(crate) cluster: Cluster,
    pub(crate) auth: AuthInfo,
}

impl Context {
    /// A server of no kubeconfig, by its address and its certificate authority in PEM (empty for those that this machine
    /// trusts).
    pub fn of_server(id: &str, name: &str, server: &str, authority: &str) -> Self {
        use base64::Engine;
        let base64 = base64::engine::general_purpose::STANDARD;
        let authority = (!authority.trim().is_empty()).then(|| base64.encode(authority));
        let cluster =
            Cluster { server: Some(server.into()), certificate_authority_data: authority, ..Cluster::default() };
        Self {
            id: id.into(),
            name: name.into(),
            file: PathBuf::new(),
            server: without_password(server),
            user: String::new(),
            namespace: String::new(),
            current: false,
            exec: None,
            problem: None,
            cluster,
            auth: AuthInfo::default(),
        }
    }

    /// The same, signed in with this token.
    #[must_use]
    pub fn with_token(self, token: secrecy::SecretString) -> Self {
        Self { auth: AuthInfo { token: Some(token), ..AuthInfo::default() }, ..self }
    }
}

impl fmt::Debug for Context {
    /// Without the credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("id", &self.id).field("server", &self.server).field("user", &self.user).finish()
    }
}

/// A kubeconfig file and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// Its path as it was given.
    pub path: PathBuf,
    /// The user added it.
    pub added: bool,
    /// How many contexts it holds.
    pub contexts: usize,
    /// What is wrong with it.
    pub problem: Option<FileProblem>,
}

/// What is wrong with a kubeconfig file. It costs that file only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// It cannot be read.
    #[error("cannot be read: {reason}")]
    Unreadable {
        /// Why.
        reason: String,
    },
    /// It is no kubeconfig.
    #[error("{}{reason}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
    Broken {
        /// From 1, where the place is known.
        line: Option<u64>,
        /// Why, without any value of the file.
        reason: String,
    },
    /// It is used, but others on this machine can read or change the credentials in it.
    #[error("other users of this machine can read or change it (mode {mode:o}); `chmod 600` closes it")]
    Loose {
        /// Its permission bits.
        mode: u32,
    },
}

struct File {
    path: PathBuf,
    config: Kubeconfig,
}

/// Reads all files. Never fails: what is wrong with a file is in its report.
pub fn read(sources: &Sources) -> Contexts {
    let mut found = Contexts::default();
    let mut seen = BTreeSet::new();
    let mut fresh = |path: &Path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.to_owned()));

    let list: Vec<_> = sources.list.iter().filter(|path| fresh(path)).collect();
    let has_list = !list.is_empty();
    let files = list.into_iter().filter_map(|path| load(path, false, &mut found.files)).collect::<Vec<_>>();
    gather(&files, true, &mut found.contexts);

    for path in sources.home.iter().filter(|path| fresh(path)) {
        let file = load(path, false, &mut found.files);
        gather(file.as_slice(), !has_list, &mut found.contexts);
    }
    for path in sources.added.iter().filter(|path| fresh(path)) {
        let file = load(path, true, &mut found.files);
        gather(file.as_slice(), false, &mut found.contexts);
    }
    found
}

fn load(path: &Path, added: bool, reports: &mut Vec<FileReport>) -> Option<File> {
    let mut report = FileReport { path: path.to_owned(), added, contexts: 0, problem: None };
    let config = match parse(path) {
        Ok(config) => {
            report.contexts = config.contexts.len();
            report.problem = loose(path);
            Some(config)
        }
        // As kubectl: a file of the list that is not there is no mistake.
        Err(None) if !added => return None,
        Err(None) => {
            report.problem = Some(FileProblem::Unreadable { reason: "there is no such file".into() });
            None
        }
        Err(Some(problem)) => {
            report.problem = Some(problem);
            None
        }
    };
    reports.push(report);
    Some(File { path: path.to_owned(), config: config? })
}

/// `Err(None)`: there is no such file.
fn parse(path: &Path) -> Result<Kubeconfig, Option<FileProblem>> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => None,
        _ => Some(FileProblem::Unreadable { reason: error.to_string() }),
    };
    let broken = |line, reason: String| Some(FileProblem::Broken { line, reason });
    let file = std::fs::File::open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(Some(FileProblem::Unreadable { reason: "it is not a file".into() }));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(broken(None, format!("larger than {} MiB", LARGEST >> 20)));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
        broken(Some(line as u64 + 1), "not UTF-8 text".into())
    })?;
    let mut config = Kubeconfig::from_yaml(text.trim_start_matches('\u{feff}')).map_err(|error| match error {
        kube::config::KubeconfigError::Parse(error) => {
            broken(error.location().map(|at| at.line()), reason(&error.without_snippet().to_string()))
        }
        other => broken(None, reason(&other.to_string())),
    })?;
    if config.kind.as_deref().is_some_and(|kind| kind != "Config") {
        return Err(broken(None, "it is not a kubeconfig: its kind is not Config".into()));
    }
    root(&mut config, path.parent().unwrap_or(Path::new("")));
    Ok(config)
}

/// The first line of a parser's message with every quoted value left out: it could be a token.
fn reason(message: &str) -> String {
    let first = message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if !first.contains("invalid type") && !first.contains("invalid value") {
        return crate::classify::shorten(first);
    }
    let mut inside = None;
    let hide = |c: char| match (inside, c) {
        (None, '"' | '`' | '\'') => {
            inside = Some(c);
            Some('…')
        }
        (Some(quote), c) if c == quote => {
            inside = None;
            None
        }
        (Some(_), _) => None,
        (None, c) => Some(c),
    };
    crate::classify::shorten(&first.chars().filter_map(hide).collect::<String>())
}

#[cfg(unix)]
fn loose(path: &Path) -> Option<FileProblem> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(FileProblem::Loose { mode })
}

#[cfg(not(unix))]
fn loose(_path: &Path) -> Option<FileProblem> {
    None
}

/// Makes relative paths count from the file's folder (client-go tools/clientcmd/loader.go, `ResolveLocalPaths`).
fn root(config: &mut Kubeconfig, folder: &Path) {
    let rooted = |path: &mut Option<String>| {
        if let Some(text) = path.as_mut().filter(|text| !text.is_empty() && Path::new(text.as_str()).is_relative()) {
            *text = folder.join(&*text).to_string_lossy().into_owned();
        }
    };
    for cluster in config.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        rooted(&mut cluster.certificate_authority);
    }
    for auth in config.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        rooted(&mut auth.client_certificate);
        rooted(&mut auth.client_key);
        rooted(&mut auth.token_file);
        if let Some(exec) = &mut auth.exec
            && exec.command.as_ref().is_some_and(|command| command.contains(std::path::MAIN_SEPARATOR))
        {
            rooted(&mut exec.command);
        }
    }
}

/// The contexts of files that are merged with each other.
fn gather(files: &[File], current_counts: bool, contexts: &mut Vec<Context>) {
    let current = files
        .iter()
        .filter_map(|file| file.config.current_context.as_deref())
        .find(|name| !name.is_empty() && current_counts);
    let mut names = BTreeSet::new();
    for file in files {
        for named in &file.config.contexts {
            let first = names.insert(named.name.clone());
            let mut context = resolve(files, file, named, !first);
            context.current = first && current == Some(named.name.as_str());
            if !contexts.iter().any(|known| known.id == context.id) {
                contexts.push(context);
            }
        }
    }
}

/// A context with its cluster and user. One that an earlier file shadows means, first of all, its own file's.
fn resolve(files: &[File], own: &File, named: &NamedContext, shadowed: bool) -> Context {
    let order = || shadowed.then_some(own).into_iter().chain(files);
    let meant = named.context.clone().unwrap_or_default();
    let cluster = order().find_map(|file| cluster_named(&file.config.clusters, &meant.cluster));
    let user_name = meant.user.unwrap_or_default();
    let auth = order().find_map(|file| user_named(&file.config.auth_infos, &user_name));
    let problem = if cluster.is_none() {
        Some(format!("the kubeconfig has no cluster '{}'", meant.cluster))
    } else if cluster.as_ref().is_some_and(|c| c.server.as_deref().unwrap_or_default().is_empty()) {
        Some(format!("cluster '{}' has no server", meant.cluster))
    } else if auth.is_none() && !user_name.is_empty() {
        Some(format!("the kubeconfig has no user '{user_name}'"))
    } else {
        None
    };
    let (cluster, auth) = (cluster.unwrap_or_default(), auth.unwrap_or_default());
    Context {
        id: format!("{}#{}", own.path.display(), named.name),
        name: named.name.clone(),
        file: own.path.clone(),
        server: cluster.server.as_deref().map(without_password).unwrap_or_default(),
        user: user_name,
        namespace: meant.namespace.unwrap_or_default(),
        current: false,
        exec: auth.exec.as_ref().map(ExecCommand::new),
        problem,
        cluster,
        auth,
    }
}

fn cluster_named(all: &[NamedCluster], name: &str) -> Option<Cluster> {
    all.iter().find(|c| c.name == name).map(|c| c.cluster.clone().unwrap_or_default())
}

fn user_named(all: &[NamedAuthInfo], name: &str) -> Option<AuthInfo> {
    all.iter().find(|u| u.name == name).map(|u| u.auth_info.clone().unwrap_or_default())
}

/// A URL as it may be shown.
fn without_password(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("{scheme}://{}{path}", authority.rsplit('@').next().unwrap_or_default())
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
#[path = "kubeconfig_tests.rs"]
mod tests;
