//! The built UI as files.

use std::path::{Component, Path, PathBuf};

use bytes::Bytes;

/// The file that a path of the page means; `None` where it leads out of the folder.
pub fn place(folder: &Path, path: &str) -> Option<PathBuf> {
    let wanted = path.trim_start_matches('/');
    let wanted = Path::new(if wanted.is_empty() { "index.html" } else { wanted });
    wanted.components().all(|part| matches!(part, Component::Normal(_))).then(|| folder.join(wanted))
}

/// The file and its type; a place of the page itself (no file of that name) is the page.
pub async fn read(folder: &Path, path: &str) -> Option<(&'static str, Bytes)> {
    let mut file = place(folder, path)?;
    if !tokio::fs::try_exists(&file).await.unwrap_or(false) && file.extension().is_none() {
        file = folder.join("index.html");
    }
    let bytes = tokio::fs::read(&file).await.ok()?;
    Some((kind(&file), bytes.into()))
}

fn kind(file: &Path) -> &'static str {
    match file.extension().and_then(|e| e.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_folder() {
        let folder = Path::new("dist");
        assert_eq!(place(folder, "/assets/a.js"), Some("dist/assets/a.js".into()));
        assert_eq!(place(folder, "/"), Some("dist/index.html".into()));
        for path in ["/../secret", "/a/../../secret", "//../x"] {
            assert_eq!(place(folder, path), None, "{path}");
        }
    }
}
