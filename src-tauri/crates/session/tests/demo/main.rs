//! A session over the demo, in process.

mod added_servers;
mod bad_input;
mod bench;
mod main_job;
mod proxies;
mod studio;
mod uncertain;
