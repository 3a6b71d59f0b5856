//! The whole bridge between page and core: one call, one watch. It passes bytes to `wire` and knows no call by name.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tauri::ipc::{Channel, Response};
use tauri::{State, WebviewWindow};
use wire::types::Pulse;
use wire::{Code, Fault, Host};

/// Arguments longer than this are refused: the largest honest one is an object of 1.5 MiB as YAML.
const LONGEST: usize = 8 << 20;

/// The watches of all windows, so that a window that goes away stops its own.
#[derive(Default)]
pub struct Watches {
    next: AtomicU32,
    open: Mutex<HashMap<u32, (String, wire::Watch)>>,
}

impl Watches {
    fn keep(&self, window: &str, watch: wire::Watch) -> u32 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(id, (window.to_owned(), watch));
        id
    }

    /// Stops the watches of a window.
    pub fn forget(&self, window: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, (label, _)| label != window);
    }
}

/// Asks the core.
#[tauri::command]
pub async fn call(host: State<'_, Arc<Host>>, name: String, args: Value) -> Result<Response, Fault> {
    if args.to_string().len() > LONGEST {
        return Err(Fault::new(Code::BadInput, format!("{name}: more than {} MiB at once", LONGEST >> 20)));
    }
    wire::dispatch(host.inner().as_ref(), &name, args).await.map(Response::new)
}

/// Follows a session: batches of what has changed, until `unwatch` or the window's end.
#[tauri::command]
pub async fn watch(
    host: State<'_, Arc<Host>>,
    watches: State<'_, Watches>,
    window: WebviewWindow,
    session: String,
    channel: Channel<Pulse>,
) -> Result<u32, Fault> {
    let watch = host.watch(&session, move |pulse| channel.send(pulse).is_ok())?;
    Ok(watches.keep(window.label(), watch))
}

/// Ends a watch.
#[tauri::command]
pub fn unwatch(watches: State<'_, Watches>, id: u32) {
    watches.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
}
