//! Servers that the user adds by address, certificate authority and token. All but the token is in the settings.

use cluster::{Context, ExecPolicy};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use world::Said;

use crate::secrets::Kept;
use crate::{Error, Result, Workbench};

/// A server that the user added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Server {
    /// As the user calls it.
    pub name: String,
    /// Its address.
    pub server: String,
    /// Its certificate authority in PEM; empty for those that this machine trusts.
    pub authority: String,
}

impl Server {
    /// Its id among the clusters.
    pub fn id(&self) -> String {
        format!("server:{}", self.name)
    }

    pub(crate) fn context(&self) -> Context {
        Context::of_server(&self.id(), &self.name, &self.server, &self.authority)
    }
}

/// A field that cannot be used.
fn bad(field: &'static str, reason: impl Into<Said>) -> Error {
    Error::Field { field, reason: reason.into() }
}

impl Workbench {
    /// Adds a server, or changes the one of this name. Nothing is asked of it yet.
    ///
    /// # Errors
    /// Where a field cannot be used, or the settings cannot be saved; nothing is kept then.
    pub async fn add_server(&self, server: Server, token: SecretString) -> Result<Kept> {
        let server = Server { name: server.name.trim().into(), server: server.server.trim().into(), ..server };
        check(&server, &token).await?;
        let id = server.id();
        self.change_settings(|settings| {
            settings.servers.retain(|known| known.name != server.name);
            settings.servers.push(server);
        })?;
        Ok(self.secrets().keep(&id, token).await)
    }

    /// Forgets an added server and its token.
    ///
    /// # Errors
    /// Where the settings cannot be saved, or the keyring may have the token still.
    pub async fn remove_server(&self, id: &str) -> Result<()> {
        let known = self.settings().servers.iter().any(|server| server.id() == id);
        if !known {
            return Err(Error::NoSuchCluster { id: id.to_owned() });
        }
        self.change_settings(|settings| settings.servers.retain(|server| server.id() != id))?;
        let forgotten = self.secrets().forget(id).await;
        forgotten.map_err(|because| Error::Keyring { cluster: id.to_owned(), because })
    }
}

async fn check(server: &Server, token: &SecretString) -> Result<()> {
    use secrecy::ExposeSecret;
    if server.name.is_empty() || server.name.chars().any(char::is_control) {
        return Err(bad("name", ("it needs a name of plain letters", "需要由普通字符组成的名称")));
    }
    check_address("server", &server.server, true)?;
    check_token(token.expose_secret())?;
    check_authority(&server.authority)?;
    // Whatever the client does not accept is found before anything is kept.
    cluster::connect(&server.context().with_token(token.clone()), &ExecPolicy::default()).await?;
    Ok(())
}

/// Whether an address can be used: nothing secret is sent in the clear but to this machine itself.
pub(crate) fn check_address(field: &'static str, address: &str, has_token: bool) -> Result<()> {
    let local = ["127.0.0.1", "localhost", "[::1]"];
    let is_local = |rest: &str| {
        local.iter().any(|host| {
            rest.strip_prefix(host)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '.' || c == '@'))
        })
    };
    let clear = address.strip_prefix("http://");
    if clear.is_some_and(|rest| !rest.is_empty() && (!has_token || is_local(rest))) {
        return Ok(());
    }
    match address.strip_prefix("https://") {
        Some(rest) if !rest.is_empty() => Ok(()),
        _ if has_token => Err(bad(
            field,
            (
                "it has to begin with https://, for the token would be sent in the clear",
                "必须以 https:// 开头，否则令牌会以明文发送",
            ),
        )),
        _ => Err(bad(field, ("it has to begin with https:// or http://", "必须以 https:// 或 http:// 开头"))),
    }
}

/// Whether a token can be sent as one.
pub(crate) fn check_token(given: &str) -> Result<()> {
    if given.is_empty() || !given.chars().all(|c| c.is_ascii_graphic()) {
        return Err(bad("token", ("it is empty, or has spaces or line ends in it", "为空，或含有空格或换行")));
    }
    Ok(())
}

/// Whether a text is a certificate, or nothing.
pub(crate) fn check_authority(authority: &str) -> Result<()> {
    if !authority.is_empty() && !authority.contains("-----BEGIN CERTIFICATE-----") {
        return Err(bad("authority", ("it is no certificate in PEM", "不是 PEM 证书")));
    }
    Ok(())
}
