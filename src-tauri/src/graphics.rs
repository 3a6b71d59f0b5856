//! The Linux graphics rule: how WebKitGTK should draw on this machine, decided once before GTK starts.
//!
//! Without a GPU, WebKitGTK's DMABUF renderer draws a canvas at 25 frames a second in place of 62; on NVIDIA it may draw
//! nothing. With a good GPU the same switch loses acceleration, so everyone else is left alone. A variable that the user
//! set wins; `--safe-graphics` forces the careful way.

use std::collections::BTreeMap;
use std::path::Path;

const NO_DMABUF: (&str, &str) = ("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
const NO_EXPLICIT_SYNC: (&str, &str) = ("__NV_DISABLE_EXPLICIT_SYNC", "1");
/// PCI vendors of virtual GPUs: VMware, VirtualBox, virtio, QXL, QEMU, Hyper-V.
const VIRTUAL: [&str; 6] = ["0x15ad", "0x80ee", "0x1af4", "0x1b36", "0x1234", "0x1414"];
const NVIDIA: &str = "0x10de";

/// What this machine draws with.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// PCI vendors of the render nodes.
    pub vendors: Vec<String>,
    /// A Wayland session.
    pub wayland: bool,
    /// `--safe-graphics` was given.
    pub safe: bool,
}

/// The variable that WebKitGTK needs on this machine, or none.
pub fn rule(machine: &Machine) -> Option<(&'static str, &'static str)> {
    let has = |vendor: &str| machine.vendors.iter().any(|v| v == vendor);
    if machine.safe || machine.vendors.iter().all(|v| VIRTUAL.contains(&v.as_str())) {
        return Some(NO_DMABUF); // no render node at all, or none but virtual ones
    }
    match (has(NVIDIA), machine.wayland) {
        (true, false) => Some(NO_DMABUF),
        (true, true) => Some(NO_EXPLICIT_SYNC),
        (false, _) => None,
    }
}

/// Looks at this machine.
pub fn look(args: &[String], env: &BTreeMap<String, String>) -> Machine {
    Machine {
        vendors: vendors(Path::new("/sys/class/drm")),
        wayland: env.get("WAYLAND_DISPLAY").is_some_and(|display| !display.is_empty()),
        safe: args.iter().any(|arg| arg == "--safe-graphics"),
    }
}

fn vendors(drm: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(drm).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("renderD"))
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("device/vendor")).ok())
        .map(|vendor| vendor.trim().to_owned())
        .collect()
}

/// Starts this program again with the variable set, where one is needed and not there. The environment of a running
/// program with threads cannot be changed safely; a fresh one can be given any.
#[cfg(target_os = "linux")]
pub fn settle() {
    use std::os::unix::process::CommandExt as _;
    let args: Vec<String> = std::env::args().collect();
    let env: BTreeMap<String, String> = std::env::vars().collect();
    let Some((name, value)) = rule(&look(&args, &env)) else { return };
    if env.contains_key(name) {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        let error = std::process::Command::new(program).args(args.get(1..).unwrap_or_default()).env(name, value).exec();
        tracing::warn!(%error, "cannot start again with {name}={value}; going on without it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule() {
        let machine = |vendors: &[&str], wayland, safe| Machine {
            vendors: vendors.iter().map(|v| (*v).to_owned()).collect(),
            wayland,
            safe,
        };
        for (what, machine, expected) in [
            ("no render node", machine(&[], false, false), Some(NO_DMABUF)),
            ("virtio", machine(&["0x1af4"], true, false), Some(NO_DMABUF)),
            ("Intel", machine(&["0x8086"], false, false), None),
            ("Intel, but asked to be careful", machine(&["0x8086"], false, true), Some(NO_DMABUF)),
            ("NVIDIA on X11", machine(&["0x10de"], false, false), Some(NO_DMABUF)),
            ("NVIDIA on Wayland", machine(&["0x10de"], true, false), Some(NO_EXPLICIT_SYNC)),
            ("Intel beside a virtual one", machine(&["0x1af4", "0x8086"], true, false), None),
        ] {
            assert_eq!(rule(&machine), expected, "{what}");
        }
    }
}
