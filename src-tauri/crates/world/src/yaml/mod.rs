//! Reading and losslessly editing YAML. The only place that names YAML crates.
//!
//! `serde-saphyr` reads users' manifests as kubectl does, `yaml-edit` changes a text that a person wrote (comments,
//! key order and unknown fields stay), `serde_yaml` reads and writes the app's own files.
