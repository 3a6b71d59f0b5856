//! Writing to a cluster: what is planned is dry-run and shown; what was shown is written, or nothing is.
//!
//! An update is a server-side apply of the fields that differ and of those that our earlier applies own, with our field
//! manager, at the version and uid that were read. Not of the whole object: naming a field makes us its owner, and then
//! its true owner (Helm, Argo CD) could no longer remove it. Everything that is not named stays as it is, so nothing is
//! lost. Server-side apply cannot remove a field that somebody else owns; where the dry-run's answer still has a field
//! that the user took out, the object is written by a JSON patch instead, which tests the version and every old value.
//! Either way the review shows what the dry-run answered, and the write is refused unless it is exactly that.

pub mod apply;
mod finish;
mod managers;
pub mod plan;
pub mod review;
pub(crate) mod settle;
mod turns;
pub mod undo;
