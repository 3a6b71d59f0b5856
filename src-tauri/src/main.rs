//! Netloft, the window. The only package that names tauri: it starts logging, composes the core and opens a window.
//!
//! Deliberately absent: any knowledge of Kubernetes, meshes or calls. Those are `wire`'s and below.
#![cfg_attr(all(not(debug_assertions), target_os = "windows"), windows_subsystem = "windows")]

mod bridge;
mod desktop;
mod graphics;
mod logs;

use std::process::ExitCode;
use std::sync::Arc;

use tauri::Manager as _;

/// A mesh in memory is millions of small pieces, which glibc's allocator takes a quarter of the time for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    graphics::settle();
    let built = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _args, _folder| {
            if let Err(error) = desktop::open_window(app, "") {
                tracing::error!(%error, "no new window");
            }
        }))
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .plugin(tauri_plugin_window_state::Builder::new().build())
        .invoke_handler(tauri::generate_handler![bridge::call, bridge::watch, bridge::unwatch, desktop::desktop])
        .on_window_event(|window, event| {
            if matches!(event, tauri::WindowEvent::Destroyed) {
                window.state::<bridge::Watches>().forget(window.label());
            }
        })
        .setup(|app| {
            let profile = wire::Profile::of_this_user();
            app.manage(logs::start(&profile.folder));
            app.manage(bridge::Watches::default());
            // The core's tasks run on the same runtime as the commands.
            let host = tauri::async_runtime::block_on(async { wire::Host::start(profile) })?;
            app.manage(Arc::new(host));
            desktop::open_window(app, "")?;
            Ok(())
        })
        .build(tauri::generate_context!());
    match built {
        Ok(app) => {
            app.run(|app, event| {
                // Once the last window is closed; with a code it is we who end.
                if let tauri::RunEvent::ExitRequested { code: None, api, .. } = event {
                    api.prevent_exit();
                    let (app, host) = (app.clone(), app.state::<Arc<wire::Host>>().inner().clone());
                    tauri::async_runtime::spawn(async move {
                        host.workbench().leave().await;
                        // Another start may have opened a window meanwhile.
                        if app.webview_windows().is_empty() {
                            app.exit(0);
                        }
                    });
                }
            });
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "the window cannot be opened");
            eprintln!("netloft-desktop: the window cannot be opened: {error}");
            ExitCode::FAILURE
        }
    }
}
