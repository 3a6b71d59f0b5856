//! What only a desktop can do: windows, file dialogs, links, the log.

use std::sync::atomic::{AtomicU32, Ordering};

use serde::Deserialize;
use serde_json::{Value, json};
use tauri::{AppHandle, Manager, Runtime, WebviewUrl, WebviewWindowBuilder};
use tauri_plugin_dialog::DialogExt as _;
use tauri_plugin_opener::OpenerExt as _;
use wire::{Code, Fault};

static NEXT_WINDOW: AtomicU32 = AtomicU32::new(1);

/// An action of the desktop, asked for by the page.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", deny_unknown_fields)]
pub enum Action {
    /// Another window, on this cluster; on none where it is empty.
    OpenWindow {
        /// Its id.
        cluster: String,
    },
    /// The user chooses a file: its path, or null.
    PickFile {
        /// Title of the dialog.
        title: String,
    },
    /// The user chooses a folder: its path, or null.
    PickFolder {
        /// Title of the dialog.
        title: String,
    },
    /// The user chooses where to save this text: the path, or null.
    SaveFile {
        /// A name to start with.
        name: String,
        /// What is written.
        text: String,
    },
    /// Opens a web page outside.
    OpenUrl {
        /// An https address.
        url: String,
    },
    /// A fault of the page, for the log.
    Log {
        /// What happened.
        message: String,
    },
}

/// Does it.
#[tauri::command]
pub async fn desktop(app: AppHandle, action: Action) -> Result<Value, Fault> {
    match action {
        Action::OpenWindow { cluster } => {
            open_window(&app, &cluster)
                .map_err(|error| Fault::new(Code::Internal, format!("no new window: {error}")))?;
            Ok(Value::Null)
        }
        Action::PickFile { title } => {
            let (send, chosen) = tokio::sync::oneshot::channel();
            app.dialog().file().set_title(title).pick_file(|file| drop(send.send(file)));
            Ok(chosen.await.ok().flatten().map_or(Value::Null, |file| json!(file.to_string())))
        }
        Action::PickFolder { title } => {
            let (send, chosen) = tokio::sync::oneshot::channel();
            app.dialog().file().set_title(title).pick_folder(|folder| drop(send.send(folder)));
            Ok(chosen.await.ok().flatten().map_or(Value::Null, |folder| json!(folder.to_string())))
        }
        Action::SaveFile { name, text } => {
            let (send, chosen) = tokio::sync::oneshot::channel();
            app.dialog().file().set_file_name(name).save_file(|file| drop(send.send(file)));
            let Some(file) = chosen.await.ok().flatten() else { return Ok(Value::Null) };
            let path = file.into_path().map_err(|error| Fault::new(Code::BadInput, error.to_string()))?;
            tokio::fs::write(&path, text).await.map_err(|error| {
                Fault::new(Code::BadInput, format!("{} cannot be written: {error}", path.display()))
                    .hint("Choose another folder.")
            })?;
            Ok(json!(path))
        }
        Action::OpenUrl { url } => {
            // Links may come from a cluster: no file, no script, no other program's scheme.
            if !url.starts_with("https://") {
                return Err(Fault::new(Code::Refused, format!("only https links are opened, and this is none: {url}")));
            }
            app.opener()
                .open_url(&url, None::<&str>)
                .map_err(|error| Fault::new(Code::NotNow, format!("no program opens {url}: {error}")))?;
            Ok(Value::Null)
        }
        Action::Log { message } => {
            tracing::error!(target: "page", "{}", message.chars().take(4000).collect::<String>());
            Ok(Value::Null)
        }
    }
}

/// Opens a window that can go nowhere but to our own page.
///
/// # Errors
/// Where the system gives none.
pub fn open_window<R: Runtime>(app: &impl Manager<R>, cluster: &str) -> tauri::Result<()> {
    let label = format!("window-{}", NEXT_WINDOW.fetch_add(1, Ordering::Relaxed));
    let page =
        if cluster.is_empty() { "index.html".into() } else { format!("index.html#/map?cluster={}", escaped(cluster)) };
    WebviewWindowBuilder::new(app, &label, WebviewUrl::App(page.into()))
        .title("Netloft")
        .inner_size(1440.0, 900.0)
        .min_inner_size(800.0, 560.0)
        .on_navigation(|url| {
            matches!(
                (url.scheme(), url.host_str()),
                ("tauri", Some("localhost")) | ("http" | "https", Some("tauri.localhost"))
            )
        })
        .build()
        .map(drop)
}

/// A cluster's id as one value of a query.
fn escaped(id: &str) -> String {
    id.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_value() {
        assert_eq!(escaped("demo"), "demo");
        assert_eq!(escaped("/home/a b/config#../x"), "%2Fhome%2Fa%20b%2Fconfig%23..%2Fx");
    }
}
