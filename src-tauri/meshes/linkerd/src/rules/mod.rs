//! What can be wrong with Linkerd's policies: one file a finding, one line here.

mod authentication_missing;
#[cfg(test)]
mod cases;
mod policy_target_missing;
mod server_hidden;
mod server_lets_nobody_in;
mod server_selects_nothing;
mod server_without_proxy;
mod shape;

use mesh::{Check, Rule};

use crate::read::Index;

/// Every rule with its check.
pub(crate) static ALL: &[(&Rule, Check<Index>)] = &[
    (&authentication_missing::RULE, authentication_missing::check),
    (&policy_target_missing::RULE, policy_target_missing::check),
    (&server_hidden::RULE, server_hidden::check),
    (&server_lets_nobody_in::RULE, server_lets_nobody_in::check),
    (&server_selects_nothing::RULE, server_selects_nothing::check),
    (&server_without_proxy::RULE, server_without_proxy::check),
    (&shape::RULE, shape::check),
];
