//! A session over the demo, in process.

mod bad_input;
mod bench;
mod main_job;
mod uncertain;
