//! Declares the commands of the bridge, so that the capability file can name them one by one.

fn main() {
    let commands = tauri_build::AppManifest::new().commands(&["call", "watch", "unwatch", "desktop"]);
    let attributes = tauri_build::Attributes::new().app_manifest(commands);
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error=tauri: {error:#}");
    }
}
