//! A session over the demo, in process.

mod added_servers;
mod bad_input;
mod bench;
mod foreign;
mod foreign_plans;
mod git;
mod kept;
mod leases;
mod main_job;
mod panel;
mod past;
mod policies;
mod polite;
mod pressure;
mod prometheus;
mod proxies;
mod recipes;
mod rollout;
mod rollout_gateway;
mod round_trip;
mod strict;
mod studio;
mod turns;
mod uncertain;
mod undo;
