//! What the user chooses for a cluster: kept in the settings, its token in the keyring.

use secrecy::{ExposeSecret, SecretString};
use signals::promql::questions::are_matchers;

use super::follow::Signed;
use super::{Chosen, Which};
use crate::secrets::Kept;
use crate::servers::{check_address, check_authority, check_token};
use crate::{Error, Result, Workbench};

/// Under which name the keyring has the token of a cluster's Prometheus.
fn entry(cluster: &str) -> String {
    format!("prometheus:{cluster}")
}

impl Workbench {
    /// Chooses the Prometheus of an open session's cluster, for now and for later. Without a token the one that is kept goes on to be used.
    ///
    /// # Errors
    /// Where a field cannot be used, or the settings cannot be saved; nothing is changed then.
    pub async fn choose_prometheus(&self, session: &str, chosen: Chosen, token: Option<SecretString>) -> Result<Kept> {
        let session = self.session(session)?;
        let cluster = session.card().id.clone();
        let mut chosen =
            Chosen { only: chosen.only.trim().to_owned(), tenant: chosen.tenant.trim().to_owned(), ..chosen };
        if !are_matchers(&chosen.only) {
            let reason =
                ("it has to be label matchers, such as cluster=\"west\"", "必须是标签匹配条件，例如 cluster=\"west\"");
            return Err(Error::Field { field: "only", reason: reason.into() });
        }
        // grafana.com/docs/mimir, "About tenant IDs"; `|` asks for several together.
        let may = |c: char| c.is_ascii_alphanumeric() || "!-_.*'()|".contains(c);
        if chosen.tenant.len() > 150 || !chosen.tenant.chars().all(may) {
            let reason = (
                "a tenant is named by letters, digits and !-_.*'(), several are parted by |",
                "租户名由字母、数字和 !-_.*'() 组成，多个用 | 分隔",
            );
            return Err(Error::Field { field: "tenant", reason: reason.into() });
        }
        let mut kept = Kept::Keyring;
        if let Which::Address { url, authority, token: has_token } = &mut chosen.which {
            *url = url.trim().trim_end_matches('/').to_owned();
            let before = self.settings().prometheus.get(&cluster).map(|chosen| chosen.which.clone());
            // A token is kept for the address that it was given for, and is sent to no other.
            let is_kept = matches!(before, Some(Which::Address { url: known, token: true, .. }) if known == *url);
            *has_token = token.is_some() || (*has_token && is_kept);
            check_address("url", url, *has_token)?;
            // The settings are a file that anybody may read, and what follows the address is ours to say.
            if url.contains(['@', '?', '#']) || url.contains(char::is_whitespace) {
                let reason = (
                    "it has a name, a password, a question or a space in it: the token has a field of its own",
                    "其中含有用户名、密码、查询或空格：令牌有单独的字段",
                );
                return Err(Error::Field { field: "url", reason: reason.into() });
            }
            check_authority(authority)?;
            if let Some(token) = token {
                check_token(token.expose_secret())?;
                kept = self.secrets().keep(&entry(&cluster), token).await;
            }
        }
        self.change_settings(|settings| drop(settings.prometheus.insert(cluster.clone(), chosen.clone())))?;
        if !matches!(chosen.which, Which::Address { token: true, .. })
            && let Err(because) = self.secrets().forget(&entry(&cluster)).await
        {
            tracing::debug!(%because, "no token of a Prometheus was there to be forgotten");
        }
        session.ask_prometheus(self.signed(&cluster).await);
        Ok(kept)
    }

    /// What was chosen for a cluster, with its token.
    pub(crate) async fn signed(&self, cluster: &str) -> Signed {
        let chosen = self.settings().prometheus.get(cluster).cloned().unwrap_or_default();
        let token = match &chosen.which {
            Which::Address { token: true, .. } => self.secrets().find(&entry(cluster)).await.map(Some),
            _ => Ok(None),
        };
        Signed { chosen, token }
    }
}
