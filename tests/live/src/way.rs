//! A way to the API server that can be cut: to who uses it the server is gone, with everything that was under way.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A line as slow as one to another continent, so that what is under way can be met in the middle.
const LAG: Duration = Duration::from_millis(60);

/// Ends with this.
pub struct Way {
    cut: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Drop for Way {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Way {
    /// Opens a way to the server of a kubeconfig; the copy of it that goes this way is put into a folder.
    ///
    /// # Errors
    /// Where the file cannot be read or written, or names no server of `https://HOST:PORT`.
    pub async fn open(kubeconfig: &Path, folder: &Path) -> Result<(Self, PathBuf), Box<dyn std::error::Error>> {
        let mut file: Value = world::yaml::own::read(&std::fs::read_to_string(kubeconfig)?)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let here = listener.local_addr()?;
        let server = file.pointer_mut("/clusters/0/cluster/server").ok_or("the kubeconfig names no server")?;
        let there = server.as_str().and_then(|server| server.strip_prefix("https://")).ok_or("no https")?.to_owned();
        *server = format!("https://{here}").into();
        let copy = folder.join("by-another-way");
        std::fs::write(&copy, world::yaml::write(&file))?;
        let cut = watch::Sender::new(false);
        let task = tokio::spawn(serve(listener, there.parse()?, cut.subscribe()));
        Ok((Self { cut, task }, copy))
    }

    /// Ends every connection, and lets none in.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Lets them in again.
    pub fn mend(&self) {
        self.cut.send_replace(false);
    }
}

async fn serve(listener: TcpListener, there: SocketAddr, cut: watch::Receiver<bool>) {
    while let Ok((stream, _)) = listener.accept().await {
        let mut cut = cut.clone();
        tokio::spawn(async move {
            tokio::select! {
                // A connection that is let in while the way is cut is closed at once.
                _ = cut.wait_for(|cut| *cut) => {}
                // How it ended is for those at its ends to say.
                _ = carry(stream, there) => {}
            }
        });
    }
}

async fn carry(here: TcpStream, there: SocketAddr) -> io::Result<()> {
    let there = TcpStream::connect(there).await?;
    let ((mut here_in, mut here_out), (mut there_in, mut there_out)) = (here.into_split(), there.into_split());
    let forth = tokio::io::copy(&mut here_in, &mut there_out);
    let back = async {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = there_in.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            tokio::time::sleep(LAG).await;
            here_out.write_all(buffer.get(..count).unwrap_or_default()).await?;
        }
    };
    tokio::try_join!(forth, back).map(drop)
}
