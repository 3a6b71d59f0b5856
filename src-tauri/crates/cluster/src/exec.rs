//! Credential plugins (client.authentication.k8s.io): run only after consent to exactly this program, these arguments and
//! this environment; without a terminal; in bounds of time and output; killed with all that they started.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::config::{AuthInfo, Cluster, ExecConfig, ExecInteractiveMode};
use ring::digest;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use world::{Said, said};

use crate::Environment;

/// How long a plugin may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How much it may print.
const LARGEST: usize = 1 << 20;
/// How long output may go on after the plugin itself has ended.
const AFTERWARDS: Duration = Duration::from_millis(500);

/// The program that gives a context's credentials, as it may be shown: values of its environment are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecCommand {
    /// The program.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Names of the variables that the kubeconfig sets for it.
    pub env: Vec<String>,
    /// It wants a terminal: we never run it.
    pub interactive: bool,
    /// The kubeconfig's words on how to install it.
    pub install_hint: String,
}

impl ExecCommand {
    pub(crate) fn new(exec: &ExecConfig) -> Self {
        Self {
            command: exec.command.clone().unwrap_or_default(),
            args: exec.args.clone().unwrap_or_default(),
            env: variables(exec).into_iter().map(|(name, _)| name).collect(),
            interactive: exec.interactive_mode == Some(ExecInteractiveMode::Always),
            install_hint: exec.install_hint.as_deref().map(crate::classify::shorten).unwrap_or_default(),
        }
    }
}

impl fmt::Display for ExecCommand {
    /// As one would type it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,~".contains(c);
        for (index, word) in std::iter::once(&self.command).chain(&self.args).enumerate() {
            let space = if index == 0 { "" } else { " " };
            if !word.is_empty() && word.chars().all(plain) {
                write!(f, "{space}{word}")?;
            } else {
                let shown: String = word.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
                write!(f, "{space}'{}'", shown.replace('\'', "'\\''"))?;
            }
        }
        Ok(())
    }
}

/// Names exactly what was allowed: the program's path and content, its arguments and its environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// As it was saved.
    pub fn saved(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// To save it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which plugins may run. Nothing may by default.
#[derive(Clone, Debug, Default)]
pub struct ExecPolicy {
    environment: Arc<Environment>,
    allowed: BTreeSet<Fingerprint>,
}

impl ExecPolicy {
    /// These may run, and nothing else.
    pub fn new(environment: Arc<Environment>, allowed: impl IntoIterator<Item = Fingerprint>) -> Self {
        Self { environment, allowed: allowed.into_iter().collect() }
    }
}

/// Why a plugin gave no credentials. Output that looks like a credential is blacked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecError {
    /// The user has not allowed it, or it has changed since.
    NotAllowed {
        /// Its command line.
        command: String,
        /// What to save when the user allows it.
        fingerprint: Fingerprint,
    },
    /// It is not there.
    NotFound {
        /// The program.
        command: String,
        /// The kubeconfig's words on how to install it.
        install_hint: String,
    },
    /// It wants a terminal.
    NeedsTerminal {
        /// Its command line.
        command: String,
    },
    /// It could not be started.
    NotStarted {
        /// The program.
        command: String,
        /// The system's words.
        reason: String,
    },
    /// It did not end in time and was killed, with all that it started.
    TooSlow {
        /// The program.
        command: String,
        /// The limit.
        after: Duration,
        /// What it said.
        stderr: String,
    },
    /// It printed without end.
    TooMuch {
        /// The program.
        command: String,
    },
    /// It ended with an error.
    Failed {
        /// The program.
        command: String,
        /// Its exit status.
        status: String,
        /// What it said.
        stderr: String,
    },
    /// What it printed are no credentials.
    Unusable {
        /// The program.
        command: String,
        /// What is wrong.
        reason: Said,
        /// What it said.
        stderr: String,
    },
}

/// Followed by what it said itself, where it said anything.
fn with(Said { en, zh }: Said, stderr: &str) -> Said {
    match stderr {
        "" => Said { en, zh },
        words => said!("{en}; it said: {words}", "{zh}；它说：{words}"),
    }
}

impl ExecError {
    /// In both languages.
    pub fn said(&self) -> Said {
        match self {
            Self::NotAllowed { command, .. } => said!(
                "the kubeconfig wants to run a program that you have not allowed: {command}",
                "kubeconfig 要运行一个你尚未允许的程序：{command}"
            ),
            Self::NotFound { command, .. } => {
                said!(
                    "the credential plugin '{command}' was not found on the PATH",
                    "在 PATH 中找不到凭据插件“{command}”"
                )
            }
            Self::NeedsTerminal { command } => said!(
                "the credential plugin wants a terminal; run it in yours first: {command}",
                "凭据插件需要终端；请先在你的终端中运行：{command}"
            ),
            Self::NotStarted { command, reason } => said!(
                "the credential plugin '{command}' could not be started: {reason}",
                "凭据插件“{command}”无法启动：{reason}"
            ),
            Self::TooSlow { command, after, stderr } => {
                let slow = said!(
                    "the credential plugin '{command}' gave nothing within {} s and was stopped",
                    "凭据插件“{command}”在 {} s 内没有给出凭据，已被停止",
                    after.as_secs()
                );
                with(slow, stderr)
            }
            Self::TooMuch { command } => said!(
                "the credential plugin '{command}' printed more than {} KiB and was stopped",
                "凭据插件“{command}”输出超过 {} KiB，已被停止",
                LARGEST >> 10
            ),
            Self::Failed { command, status, stderr } => {
                let failed =
                    said!("the credential plugin '{command}' failed ({status})", "凭据插件“{command}”失败（{status}）");
                with(failed, stderr)
            }
            Self::Unusable { command, reason: Said { en, zh }, stderr } => {
                let unusable = said!(
                    "the credential plugin '{command}' printed no usable credentials: {en}",
                    "凭据插件“{command}”输出的凭据无法使用：{zh}"
                );
                with(unusable, stderr)
            }
        }
    }

    /// What to do next.
    pub fn hint(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotAllowed { .. } => (
                "Read the command, and allow it if you trust this kubeconfig.",
                "请读完该命令；若信任此 kubeconfig，就允许它。",
            ),
            Self::NotFound { .. } => (
                "Install the program, or name its full path in the kubeconfig.",
                "请安装该程序，或在 kubeconfig 中写明其完整路径。",
            ),
            Self::NeedsTerminal { .. } => {
                ("Run it in a terminal, then open the cluster again.", "请在终端中运行它，再重新打开集群。")
            }
            Self::NotStarted { .. } => ("Check that the file may be executed.", "请检查该文件是否可执行。"),
            Self::TooSlow { .. } | Self::TooMuch { .. } | Self::Failed { .. } | Self::Unusable { .. } => (
                "Run the command in a terminal to see what it wants; you may have to sign in.",
                "请在终端中运行该命令，看它需要什么；可能需要登录。",
            ),
        }
    }
}

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said().fmt(f)
    }
}

impl std::error::Error for ExecError {}

/// What a plugin gave.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) token: Option<SecretString>,
    /// Certificate and key in PEM.
    pub(crate) identity: Option<(String, SecretString)>,
    pub(crate) expires: Option<Timestamp>,
}

/// A context's plugin.
#[derive(Clone)]
pub(crate) struct Plugin {
    exec: ExecConfig,
    cluster: Cluster,
    policy: ExecPolicy,
}

impl Plugin {
    pub(crate) fn of(auth: &AuthInfo, cluster: &Cluster, policy: &ExecPolicy) -> Option<Self> {
        let exec = auth.exec.clone()?;
        Some(Self { exec, cluster: cluster.clone(), policy: policy.clone() })
    }

    /// The program, once it is known to be allowed.
    pub(crate) async fn allowed(&self) -> Result<PathBuf, ExecError> {
        let shown = ExecCommand::new(&self.exec);
        if shown.interactive {
            return Err(ExecError::NeedsTerminal { command: shown.to_string() });
        }
        let not_found =
            || ExecError::NotFound { command: shown.command.clone(), install_hint: shown.install_hint.clone() };
        let path = self.policy.environment.find(&shown.command).await.ok_or_else(not_found)?;
        let path = path.canonicalize().map_err(|_| not_found())?;
        let content = tokio::fs::read(&path)
            .await
            .map_err(|error| ExecError::NotStarted { command: shown.command.clone(), reason: error.to_string() })?;
        let fingerprint = fingerprint(&path, &content, &self.exec);
        if self.policy.allowed.contains(&fingerprint) {
            Ok(path)
        } else {
            Err(ExecError::NotAllowed { command: shown.to_string(), fingerprint })
        }
    }

    /// Runs it.
    pub(crate) async fn run(&self) -> Result<Credentials, ExecError> {
        let path = self.allowed().await?;
        let name = ExecCommand::new(&self.exec).command;
        let output = run(self.command(&path).await, &name).await?;
        read(&output.stdout, self.version()).map_err(|reason| ExecError::Unusable {
            command: name,
            reason,
            stderr: redact(&output.stderr),
        })
    }

    fn version(&self) -> &str {
        self.exec.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1")
    }

    async fn command(&self, path: &Path) -> Command {
        let mut spec = json!({"interactive": false});
        if self.exec.provide_cluster_info {
            spec["cluster"] = json!({
                "server": self.cluster.server,
                "tls-server-name": self.cluster.tls_server_name,
                "insecure-skip-tls-verify": self.cluster.insecure_skip_tls_verify.unwrap_or(false),
                "certificate-authority-data": self.cluster.certificate_authority_data,
                "proxy-url": self.cluster.proxy_url,
                "config": self.cluster.extensions.iter().flatten()
                    .find(|e| e.name == "client.authentication.k8s.io/exec").map(|e| &e.extension),
            });
        }
        let info = json!({"apiVersion": self.version(), "kind": "ExecCredential", "spec": spec});
        let mut command = Command::new(path);
        command
            .args(self.exec.args.iter().flatten())
            .env("PATH", self.policy.environment.path().await)
            .env("KUBERNETES_EXEC_INFO", info.to_string())
            .envs(variables(&self.exec))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        own_group(&mut command);
        command
    }
}

fn variables(exec: &ExecConfig) -> Vec<(String, String)> {
    let pair = |v: &std::collections::HashMap<String, String>| Some((v.get("name")?.clone(), v.get("value")?.clone()));
    exec.env.iter().flatten().filter_map(pair).collect()
}

fn fingerprint(path: &Path, content: &[u8], exec: &ExecConfig) -> Fingerprint {
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut part = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(path.as_os_str().as_encoded_bytes());
    part(digest::digest(&digest::SHA256, content).as_ref());
    for arg in exec.args.iter().flatten() {
        part(arg.as_bytes());
    }
    part(b"env");
    for (name, value) in variables(exec) {
        part(name.as_bytes());
        part(value.as_bytes());
    }
    Fingerprint(hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

struct Output {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

async fn run(mut command: Command, name: &str) -> Result<Output, ExecError> {
    run_within(&mut command, name, LIMIT).await
}

async fn run_within(command: &mut Command, name: &str, limit: Duration) -> Result<Output, ExecError> {
    let name = name.to_owned();
    let mut child =
        command.spawn().map_err(|error| ExecError::NotStarted { command: name.clone(), reason: error.to_string() })?;
    let group = Group(child.id());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let status = {
        let mut reading = std::pin::pin!(async { tokio::join!(bounded(out, &mut stdout), bounded(err, &mut stderr)) });
        let ended = async {
            // The plugin may have left a child behind that keeps its output open.
            tokio::select! {
                sizes = &mut reading => (child.wait().await, sizes),
                status = child.wait() => {
                    let sizes = tokio::time::timeout(AFTERWARDS, &mut reading).await;
                    (status, sizes.unwrap_or((true, true)))
                }
            }
        };
        tokio::time::timeout(limit, ended).await
    };
    drop(group);
    let said = redact(&stderr);
    match status {
        Err(_) => Err(ExecError::TooSlow { command: name, after: limit, stderr: said }),
        Ok((_, (false, _) | (_, false))) => Err(ExecError::TooMuch { command: name }),
        Ok((Err(error), _)) => Err(ExecError::NotStarted { command: name, reason: error.to_string() }),
        Ok((Ok(status), _)) if !status.success() => {
            Err(ExecError::Failed { command: name, status: status.to_string(), stderr: said })
        }
        Ok(_) => Ok(Output { stdout, stderr }),
    }
}

/// Reads to the end, or to the bound: then `false`.
async fn bounded(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> bool {
    let Some(from) = from else { return true };
    let _ = from.take(LARGEST as u64 + 1).read_to_end(into).await;
    into.len() <= LARGEST
}

/// Kills the whole group of a process when it goes out of scope, on every way out.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        kill_group(self.0);
    }
}

/// The program becomes the head of a process group of its own.
pub(crate) fn own_group(command: &mut Command) {
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Kills what is left of a process group.
pub(crate) fn kill_group(id: Option<u32>) {
    #[cfg(unix)]
    if let Some(group) = id.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = id;
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential {
    api_version: String,
    kind: String,
    status: Option<ExecStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecStatus {
    expiration_timestamp: Option<String>,
    token: Option<SecretString>,
    client_certificate_data: Option<String>,
    client_key_data: Option<SecretString>,
}

/// Reads an ExecCredential. The reason never quotes the output.
fn read(output: &[u8], version: &str) -> Result<Credentials, Said> {
    let credential: ExecCredential = serde_json::from_slice(output).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        said!(
            "no ExecCredential in JSON (line {line}, column {column})",
            "不是 JSON 格式的 ExecCredential（第 {line} 行，第 {column} 列）"
        )
    })?;
    if credential.kind != "ExecCredential" || credential.api_version != version {
        return Err(said!("not an ExecCredential of {version}", "不是 {version} 的 ExecCredential"));
    }
    let status = credential.status.ok_or(("it has no status", "它没有 status"))?;
    let expires = match status.expiration_timestamp {
        Some(text) => {
            let at = text.parse::<Timestamp>();
            Some(at.map_err(|_| ("expirationTimestamp is no time", "expirationTimestamp 不是时间"))?)
        }
        None => None,
    };
    let identity = match (status.client_certificate_data, status.client_key_data) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            let half =
                ("a certificate without its key, or a key without its certificate", "有证书而无密钥，或有密钥而无证书");
            return Err(half.into());
        }
    };
    if status.token.is_none() && identity.is_none() {
        return Err(said!("neither a token nor a certificate", "既没有令牌也没有证书"));
    }
    Ok(Credentials { token: status.token, identity, expires })
}

/// What a plugin said, short, and without words that look like a credential.
pub(crate) fn redact(text: &[u8]) -> String {
    let secret = |word: &str| {
        let long = word.len() >= 32
            && word.chars().any(|c| c.is_ascii_digit())
            && word.chars().any(|c| c.is_ascii_alphabetic())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+=~".contains(c));
        word.starts_with("eyJ") || long
    };
    let text = String::from_utf8_lossy(text);
    let mut shown = String::with_capacity(text.len().min(LARGEST));
    let mut word = String::new();
    for c in text.chars().take(20_000).chain([' ']) {
        if c.is_ascii_alphanumeric() || "-_.+~".contains(c) {
            word.push(c);
            continue;
        }
        shown.push_str(if secret(&word) { "[…]" } else { &word });
        word.clear();
        shown.push(c);
    }
    crate::classify::shorten(&shown)
}

#[cfg(unix)]
#[cfg(test)]
#[path = "exec_tests.rs"]
mod tests;
