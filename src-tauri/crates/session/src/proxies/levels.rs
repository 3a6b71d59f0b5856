//! Log levels of a proxy: changed with a click, and put back when the user leaves. Nothing of it is in the cluster: it lasts as long as the
//! Envoy does.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use signals::level;
use world::said;

use crate::{Error, Result, Session};

/// Namespace and pod → logger → the level that it had before we changed it.
pub(crate) type Changed = Mutex<BTreeMap<(String, String), BTreeMap<String, String>>>;

/// One logger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logger {
    /// `conn_handler`, `rbac` …
    pub name: String,
    /// Its level now.
    pub level: String,
    /// What it was before this session changed it; empty where it did not.
    pub before: String,
}

impl Session {
    /// The loggers of a proxy.
    ///
    /// # Errors
    /// Where it cannot be asked.
    pub async fn proxy_loggers(&self, namespace: &str, pod: &str) -> Result<Vec<Logger>> {
        let body = self.connection().admin_logging(namespace, pod, "/logging").await?;
        Ok(self.with_before(namespace, pod, level::read(&body)))
    }

    /// Sets a logger's level, and remembers the one that it had.
    ///
    /// # Errors
    /// Where there is no such logger or level, or the proxy cannot be asked.
    pub async fn proxy_log(&self, namespace: &str, pod: &str, logger: &str, to: &str) -> Result<Vec<Logger>> {
        let known = self.proxy_loggers(namespace, pod).await?;
        let before = known.into_iter().find(|known| known.name == logger);
        let path = level::ask(&[(logger.to_owned(), to.to_owned())]);
        let (Some(before), Some(path)) = (before, path) else {
            return Err(Error::Field {
                field: "level",
                reason: said!("there is no logger {logger} with a level {to}", "没有级别为 {to} 的日志器 {logger}"),
            });
        };
        let body = self.connection().admin_logging(namespace, pod, &path).await?;
        {
            let mut changed = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
            let of = changed.entry((namespace.to_owned(), pod.to_owned())).or_default();
            let first = of.entry(logger.to_owned()).or_insert(before.level);
            if first == to {
                of.remove(logger);
            }
        }
        Ok(self.with_before(namespace, pod, level::read(&body)))
    }

    /// Puts back what this session changed of a proxy.
    ///
    /// # Errors
    /// Where it cannot be asked: then what it had stays remembered.
    pub async fn proxy_log_restore(&self, namespace: &str, pod: &str) -> Result<()> {
        let place = (namespace.to_owned(), pod.to_owned());
        let before = self.levels.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
        let levels: Vec<_> = before.unwrap_or_default().into_iter().collect();
        if let Some(path) = level::ask(&levels) {
            self.connection().admin_logging(namespace, pod, &path).await?;
        }
        self.levels.lock().unwrap_or_else(PoisonError::into_inner).remove(&place);
        Ok(())
    }

    /// Puts back everything, as far as proxies can still be asked.
    pub(crate) async fn restore_all_levels(&self) {
        let places: Vec<_> = self.levels.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        for (namespace, pod) in places {
            if let Err(error) = self.proxy_log_restore(&namespace, &pod).await {
                tracing::warn!(%error, "a log level could not be put back");
            }
        }
    }

    fn with_before(&self, namespace: &str, pod: &str, levels: Vec<(String, String)>) -> Vec<Logger> {
        let changed = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let of = changed.get(&(namespace.to_owned(), pod.to_owned()));
        let logger = |(name, level): (String, String)| {
            let before = of.and_then(|of| of.get(&name)).cloned().unwrap_or_default();
            Logger { name, level, before }
        };
        levels.into_iter().map(logger).collect()
    }
}
