//! Tokens that the user gives, in the operating system's keyring and never in a file. Where there is no keyring, or it
//! keeps silent, a token is held for as long as this process lives, and the user is told so.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error as Refusal};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;
use world::{Said, said};

/// How our entries are called in the keyring.
const SERVICE: &str = "Netloft";
/// How long the keyring may take: one that is locked asks the user, and waits for the answer for ever.
const LIMIT: Duration = Duration::from_secs(5);

/// The keyring of a profile.
#[derive(Clone, Default)]
pub enum Keyring {
    /// None: a profile of tests and tools.
    #[default]
    None,
    /// The operating system's: Secret Service, Keychain, Credential Manager.
    System,
    /// This one.
    Store(Arc<CredentialStore>),
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::System => "System",
            Self::Store(_) => "Store",
        })
    }
}

impl Keyring {
    fn open(&self) -> Result<Arc<CredentialStore>, Said> {
        match self {
            Self::None => Err(said!("this profile has no keyring", "此配置没有密钥环")),
            Self::Store(store) => Ok(store.clone()),
            // The platform's store is chosen once for the process (keyring 4.2, src/v1.rs); entries are then made in
            // that very store.
            Self::System => match keyring::Entry::store_status() {
                Ok(()) => keyring_core::get_default_store()
                    .ok_or_else(|| said!("no keyring is running", "没有正在运行的密钥环")),
                Err(error) => Err(said!("no keyring is running ({error})", "没有正在运行的密钥环（{error}）")),
            },
        }
    }
}

/// Where a token is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In the keyring.
    Keyring,
    /// In this process alone, because of this.
    Process(Said),
}

/// Nobody is there to ask.
const UNASKED: (&str, &str) = ("the keyring cannot be asked", "无法询问密钥环");

type Work = Box<dyn FnOnce(Result<Arc<CredentialStore>, Said>) + Send>;

/// Why the keyring did not do what it was asked.
struct Trouble {
    because: Said,
    /// It may do it yet: it was silent.
    pending: bool,
}

impl From<Said> for Trouble {
    fn from(because: Said) -> Self {
        Self { because, pending: false }
    }
}

/// A token in this process.
struct Held {
    token: SecretString,
    /// The keyring has it, or may have it.
    stored: bool,
}

/// The tokens of a profile.
pub(crate) struct Secrets {
    queue: Option<mpsc::Sender<Work>>,
    held: Mutex<HashMap<String, Held>>,
}

impl Secrets {
    /// Opens nothing yet.
    pub(crate) fn new(keyring: Keyring) -> Self {
        let (queue, works) = mpsc::channel::<Work>();
        // A thread of its own: one of a pool that waits for a locked keyring would keep the program from ending.
        let thread = std::thread::Builder::new().name("keyring".into());
        let started = thread.spawn(move || works.into_iter().for_each(|work| work(keyring.open())));
        Self { queue: started.is_ok().then_some(queue), held: Mutex::default() }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<String, Held>> {
        // A panic elsewhere leaves the map whole.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the keyring; `None` where it has no such entry.
    async fn ask<T: Send + 'static>(
        &self,
        id: &str,
        work: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
    ) -> Result<Option<T>, Trouble> {
        let (sender, answer) = oneshot::channel();
        let id = id.to_owned();
        let whole = move |store: Result<Arc<CredentialStore>, Said>| {
            let done = store.and_then(|store| {
                match Entry::new_in_store(&store, SERVICE, &id).and_then(|entry| work(&entry)) {
                    Ok(done) => Ok(Some(done)),
                    Err(Refusal::NoEntry) => Ok(None),
                    Err(Refusal::NoStorageAccess(_)) => Err(said!("the keyring is locked", "密钥环已锁定")),
                    // Its other words may quote what it holds.
                    Err(Refusal::BadEncoding(_) | Refusal::BadDataFormat(..)) => {
                        Err(said!("its entry is damaged", "其条目已损坏"))
                    }
                    Err(error) => Err(error.to_string().into()),
                }
            });
            // Whoever asked may have given up.
            drop(sender.send(done));
        };
        let queued = self.queue.as_ref().and_then(|queue| queue.send(Box::new(whole)).ok());
        queued.ok_or_else(|| Said::from(UNASKED))?;
        match tokio::time::timeout(LIMIT, answer).await {
            Ok(Ok(answer)) => Ok(answer?),
            Ok(Err(_)) => Err(Said::from(UNASKED).into()),
            Err(_) => {
                let because =
                    said!("the keyring did not answer within {} s", "密钥环在 {} s 内没有应答", LIMIT.as_secs());
                Err(Trouble { because, pending: true })
            }
        }
    }

    /// Keeps a token.
    pub(crate) async fn keep(&self, id: &str, token: SecretString) -> Kept {
        let given = token.clone();
        let asked = self.ask(id, move |entry| entry.set_password(given.expose_secret())).await;
        let stored = asked.as_ref().map_or_else(|trouble| trouble.pending, |_| true);
        self.held().insert(id.to_owned(), Held { token, stored });
        asked.map_or_else(|trouble| Kept::Process(trouble.because), |_| Kept::Keyring)
    }

    /// The token of this id.
    ///
    /// # Errors
    /// Why it is not at hand.
    pub(crate) async fn find(&self, id: &str) -> Result<SecretString, Said> {
        if let Some(held) = self.held().get(id) {
            return Ok(held.token.clone());
        }
        let found = self.ask(id, |entry| entry.get_password().map(SecretString::from)).await;
        let found = found.map_err(|trouble| trouble.because)?;
        let token = found.ok_or(("the keyring has none for it", "密钥环中没有它的令牌"))?;
        self.held().insert(id.to_owned(), Held { token: token.clone(), stored: true });
        Ok(token)
    }

    /// Forgets a token, here and in the keyring.
    ///
    /// # Errors
    /// Where the keyring may have it still.
    pub(crate) async fn forget(&self, id: &str) -> Result<(), Said> {
        let held = self.held().remove(id);
        if held.is_some_and(|held| !held.stored) {
            return Ok(());
        }
        self.ask(id, Entry::delete_credential).await.map(drop).map_err(|trouble| trouble.because)
    }
}
