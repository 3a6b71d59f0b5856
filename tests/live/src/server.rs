//! An API server that may be killed, for nobody else needs it.

use std::fs::{File, OpenOptions, read, read_link, read_to_string, write};
use std::io;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::shop::until;

/// The kubeconfig of a cluster whose API server may be killed, or `None` with a word on standard error. Beside it stands `kube-apiserver.pid`,
/// which names the server's process on this machine.
pub fn spare() -> Option<PathBuf> {
    let path = std::env::var_os("NETLOFT_LIVE_SPARE").map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: NETLOFT_LIVE_SPARE names no kubeconfig of a genuine API server that may be killed");
    }
    path
}

/// One that runs.
pub struct Server {
    place: PathBuf,
    line: Vec<String>,
    folder: PathBuf,
    log: PathBuf,
}

impl Server {
    /// Finds the process.
    ///
    /// # Errors
    /// Where it is not known, does not run or is another's.
    pub fn beside(kubeconfig: &Path) -> io::Result<Self> {
        let place = kubeconfig.with_file_name("kube-apiserver.pid");
        let process = Path::new("/proc").join(read_to_string(&place)?.trim());
        let line = read(process.join("cmdline"))?;
        let words = line.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        let line: Vec<String> = words.map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        if !line.first().is_some_and(|program| program.ends_with("kube-apiserver")) {
            return Err(io::Error::other(format!("no API server: {line:?}")));
        }
        let [folder, log] = [read_link(process.join("cwd"))?, read_link(process.join("fd/1"))?];
        Ok(Self { place, line, folder, log })
    }

    /// Ends it without a word of warning, and waits until its port is free.
    ///
    /// # Errors
    /// Where that is not allowed, or takes too long.
    pub async fn kill(&self) -> Result<(), Box<dyn std::error::Error>> {
        let pid = read_to_string(&self.place)?;
        let killed = Command::new("kill").args(["-KILL", pid.trim()]).status()?;
        if !killed.success() {
            return Err(format!("kill: {killed}").into());
        }
        let port = self.line.iter().skip_while(|word| *word != "--secure-port").nth(1).ok_or("it names no port")?;
        let port: u16 = port.parse()?;
        until("its port is free", async || {
            TcpListener::bind(("0.0.0.0", port)).map(drop).map_err(|error| error.to_string())
        })
        .await
    }

    /// Starts it again as it was, so that it outlives this program and is found where the first was.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(&self) -> io::Result<()> {
        let [program, arguments @ ..] = &*self.line else { return Err(io::Error::other("no program")) };
        let log = || -> io::Result<File> { OpenOptions::new().append(true).open(&self.log) };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).process_group(0);
        let child = command.stdin(Stdio::null()).stdout(log()?).stderr(log()?).spawn()?;
        write(&self.place, child.id().to_string())
    }
}
