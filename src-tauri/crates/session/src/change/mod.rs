//! Changes of objects as values: which fields, whose they are, in what order. Pure.

pub mod order;
pub mod owners;
pub mod touched;
pub mod tray;
