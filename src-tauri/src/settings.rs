//! What the shell remembers between two starts: one JSON file without secrets, replaced as a whole.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use confab_client::view::{Account, AccountKey, Place, Seat, Settings, ShellWords};
use serde::{Deserialize, Serialize};

use crate::embedded::local_url;
use crate::frame::Frame;

/// Everything as large as it was meant, in percent.
pub const ZOOM: u16 = 100;

/// The file could not be replaced. What was there before still is.
#[derive(Debug, thiserror::Error)]
#[error("the settings could not be saved in {}: {source}", path.display())]
pub struct SaveError {
    path: PathBuf,
    source: io::Error,
}

/// The content of the file. A field that is missing has its default, so that older files stay readable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// Names this installation in the keyring, so that two instances never share a token.
    pub installation: String,
    /// Who is signed in where, in the order in which they came. The tokens are elsewhere.
    pub accounts: Vec<Seat>,
    /// Which of them was looked at last.
    pub front: Option<AccountKey>,
    /// What the user chose about looks.
    pub settings: Settings,
    /// What the shell says, as the page had it last: an app that starts in the tray has shown no page yet.
    pub words: ShellWords,
    /// The user chose files for the tokens.
    pub token_in_file: bool,
    /// This app hosts a server, and how.
    pub hosted: Option<Hosted>,
    /// Where the window was.
    pub frame: Option<Frame>,
    /// How large everything in it is, in percent.
    pub zoom: u16,
}

/// The server that this app hosts: how to start it again with the address that others know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hosted {
    /// The TCP port.
    pub port: u16,
    /// The owner's login.
    pub owner: String,
    /// Others on the network may connect: the user said so when they began to host.
    #[serde(default)]
    pub share: bool,
}

impl Default for Remembered {
    fn default() -> Self {
        Self {
            installation: uuid::Uuid::new_v4().simple().to_string(),
            accounts: Vec::new(),
            front: None,
            settings: Settings::default(),
            words: ShellWords::default(),
            token_in_file: false,
            hosted: None,
            frame: None,
            zoom: ZOOM,
        }
    }
}

impl Remembered {
    /// The key of an account, if it was here before: the same person at the same address.
    #[must_use]
    pub fn key_of(&self, account: &Account) -> Option<AccountKey> {
        let is_theirs =
            |seat: &&Seat| (&seat.account.address, &seat.account.user.id) == (&account.address, &account.user.id);
        self.accounts.iter().find(is_theirs).map(|seat| seat.key.clone())
    }

    /// What is remembered of an account.
    #[must_use]
    pub fn seat(&self, key: &AccountKey) -> Option<&Seat> {
        self.accounts.iter().find(|seat| seat.key == *key)
    }

    /// Somebody signed in, for the first time or again, and is looked at. Who was here before finds their place; whoever is
    /// remembered at the same address without being `signed_in` has been followed by them.
    pub fn came(&mut self, key: AccountKey, account: Account, signed_in: &[AccountKey]) {
        self.accounts
            .retain(|seat| seat.key == key || seat.account.address != account.address || signed_in.contains(&seat.key));
        match self.accounts.iter_mut().find(|seat| seat.key == key) {
            Some(seat) => seat.account = account,
            None => self.accounts.push(Seat { key: key.clone(), account, place: Place::default() }),
        }
        self.front = Some(key);
    }

    /// Somebody signed out.
    pub fn left(&mut self, key: &AccountKey) {
        self.accounts.retain(|seat| seat.key != *key);
        self.front = self.front.take().filter(|front| front != key);
    }

    /// The place that is open in an account.
    pub fn at(&mut self, key: &AccountKey, place: Place) {
        if let Some(seat) = self.accounts.iter_mut().find(|seat| seat.key == *key) {
            seat.place = place;
        }
    }

    /// The hosted server listens on another port than before: whoever is signed in there follows. Answers with each such
    /// account as it was and as it is.
    pub fn moved(&mut self, before: u16, now: u16) -> Vec<(Account, Account)> {
        if let Some(hosted) = &mut self.hosted {
            hosted.port = now;
        }
        let there = self.accounts.iter_mut().filter(|seat| seat.account.address == local_url(before));
        let follow = |seat: &mut Seat| {
            let old = seat.account.clone();
            seat.account.address = local_url(now);
            (old, seat.account.clone())
        };
        there.map(follow).collect()
    }

    /// Takes over who was signed in when the file knew one account. Their token is where it was: in the keyring, the
    /// installation's name is their key.
    fn adopt(&mut self, earlier: Earlier) {
        if let (Some(account), true) = (earlier.account, self.accounts.is_empty()) {
            let key = AccountKey(self.installation.clone());
            self.accounts.push(Seat { key: key.clone(), account, place: earlier.place });
            self.front = Some(key);
        }
    }
}

/// What the file had when it knew one account.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Earlier {
    account: Option<Account>,
    place: Place,
}

/// The file, and what it holds.
#[derive(Debug)]
pub struct SettingsFile {
    path: PathBuf,
    now: Mutex<Remembered>,
}

impl SettingsFile {
    /// Reads the file. One that is missing gives the defaults, and so does one that cannot be read: it is put aside as
    /// `….unreadable` and the app starts.
    ///
    /// # Errors
    /// [`SaveError`] when not even a new file can be written.
    pub fn open(path: PathBuf) -> Result<Self, SaveError> {
        let found = match std::fs::read(&path) {
            Ok(bytes) => parse(&bytes).map_err(io::Error::other),
            Err(error) => Err(error),
        };
        let now = found.unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(path = %path.display(), %error, "unreadable settings are put aside");
                let _ = std::fs::rename(&path, path.with_extension("json.unreadable"));
            }
            Remembered::default()
        });
        // Written at once: the installation's name must be the same at the next start.
        save(&path, &now)?;
        Ok(Self { path, now: Mutex::new(now) })
    }

    /// What is remembered now.
    #[must_use]
    pub fn read(&self) -> Remembered {
        self.lock().clone()
    }

    /// Changes it and writes it down. When that fails, nothing has changed.
    ///
    /// # Errors
    /// [`SaveError`] when the file cannot be replaced.
    pub fn change(&self, change: impl FnOnce(&mut Remembered)) -> Result<(), SaveError> {
        let mut now = self.lock();
        let mut next = now.clone();
        change(&mut next);
        if next != *now {
            save(&self.path, &next)?;
            *now = next;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        // A panic in a `change` closure leaves the old value in place: nothing to repair.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(json: &[u8]) -> serde_json::Result<Remembered> {
    let mut found: Remembered = serde_json::from_slice(json)?;
    found.adopt(serde_json::from_slice(json)?);
    Ok(found)
}

fn save(path: &Path, remembered: &Remembered) -> Result<(), SaveError> {
    let json = serde_json::to_vec_pretty(remembered).map_err(io::Error::other);
    json.and_then(|json| replace(path, &json)).map_err(|source| SaveError { path: path.to_owned(), source })
}

/// Puts new content in the place of a file, owner-only. Whoever reads it, also after a crash, sees the old content or the
/// new one, never a part.
///
/// # Errors
/// When the directory cannot be written to; the old content is then still there.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    // `tempfile` makes it with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    #[cfg(unix)]
    std::fs::File::open(dir)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use confab_client::view::Theme;

    fn hosted(port: u16) -> Hosted {
        Hosted { port, owner: "ada".into(), share: false }
    }

    #[test]
    fn what_was_saved_is_there_at_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.json");
        let first = SettingsFile::open(path.clone()).unwrap();
        first
            .change(|now| {
                now.settings.theme = Theme::Dark;
                now.hosted = Some(hosted(7300));
            })
            .unwrap();
        let second = SettingsFile::open(path.clone()).unwrap();
        assert_eq!(second.read(), first.read());
        assert_eq!(second.read().settings.theme, Theme::Dark);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let names: Vec<_> = dir.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["settings.json"], "no temporary file stays behind");
    }

    const ACCOUNT: &str = r#"{ "address": "http://127.0.0.1:7300", "server_name": "Ada's Confab", "user": { "id": "u1", "login": "ada",
        "display_name": "Ada", "role": "owner", "bot": false, "guest": false } }"#;

    fn account(address: &str) -> Account {
        let account: Account = serde_json::from_str(ACCOUNT).unwrap();
        Account { address: address.into(), ..account }
    }

    #[test]
    fn whoever_was_signed_in_when_there_was_one_account_still_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.json");
        let old = format!(
            r#"{{ "installation": "abc", "account": {ACCOUNT}, "place": {{ "workspace": "general", "room": "r1" }}, "zoom": 110 }}"#
        );
        std::fs::write(&path, old).unwrap();
        let read = SettingsFile::open(path.clone()).unwrap().read();
        let key = AccountKey("abc".into());
        let place = Place { workspace: Some("general".parse().unwrap()), room: Some("r1".parse().unwrap()) };
        assert_eq!(read.accounts, [Seat { key: key.clone(), account: account("http://127.0.0.1:7300"), place }]);
        assert_eq!((read.front.as_ref(), read.zoom), (Some(&key), 110));
        // It stays so, and whoever signs out is not there again at the next start.
        let file = SettingsFile::open(path.clone()).unwrap();
        assert_eq!(file.read(), read);
        file.change(|now| now.left(&key)).unwrap();
        let next = SettingsFile::open(path).unwrap().read();
        assert!(next.accounts.is_empty() && next.front.is_none(), "{next:?}");
    }

    #[test]
    fn accounts_come_and_go_by_themselves() {
        let mut now = Remembered { hosted: Some(hosted(7300)), ..Remembered::default() };
        let (here, there) = (AccountKey("k1".into()), AccountKey("k2".into()));
        now.came(here.clone(), account("http://127.0.0.1:7300"), &[]);
        now.came(there.clone(), account("http://elsewhere:7300"), &[]);
        assert_eq!((now.accounts.len(), now.front.as_ref()), (2, Some(&there)));
        let place = Place { workspace: Some("general".parse().unwrap()), room: None };
        now.at(&here, place.clone());
        // The same person again, with another name meanwhile.
        let again = account("http://127.0.0.1:7300");
        assert_eq!(now.key_of(&again).as_ref(), Some(&here));
        now.came(here.clone(), Account { server_name: "New".into(), ..again }, &[]);
        assert_eq!(
            (now.seat(&here).unwrap().place.clone(), now.accounts[0].account.server_name.as_str()),
            (place, "New")
        );
        assert_eq!((now.accounts.len(), now.front.as_ref()), (2, Some(&here)));

        let moved = now.moved(7300, 7301);
        let [(before, after)] = moved.as_slice() else { panic!("{moved:?}") };
        assert_eq!(
            (before.address.as_str(), after.address.as_str()),
            ("http://127.0.0.1:7300", "http://127.0.0.1:7301")
        );
        assert_eq!(now.seat(&there).unwrap().account.address, "http://elsewhere:7300");
        now.front = Some(there.clone());
        now.left(&here);
        assert_eq!((now.accounts.len(), now.front.as_ref()), (1, Some(&there)));
        now.left(&there);
        assert_eq!((now.accounts.len(), now.front.as_ref()), (0, None));

        // A guest whose token was lost, and the next one: only those who are signed in stay beside each other.
        for number in 3..6 {
            now.came(AccountKey(format!("k{number}")), account("http://elsewhere:7300"), &[AccountKey("k4".into())]);
        }
        let keys: Vec<_> = now.accounts.iter().map(|seat| seat.key.0.as_str()).collect();
        assert_eq!(keys, ["k4", "k5"]);
    }

    #[test]
    fn a_reader_never_sees_half_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.json");
        let file = SettingsFile::open(path.clone()).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for port in 1..50 {
                    file.change(|now| now.hosted = Some(hosted(port))).unwrap();
                }
            });
            while !writer.is_finished() {
                serde_json::from_slice::<Remembered>(&std::fs::read(&path).unwrap()).unwrap();
            }
        });
    }

    #[test]
    fn a_change_that_cannot_be_written_did_not_happen() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("config");
        std::fs::create_dir(&inner).unwrap();
        let file = SettingsFile::open(inner.join("settings.json")).unwrap();
        let before = file.read();
        std::fs::remove_dir_all(&inner).unwrap();
        let error = file.change(|now| now.token_in_file = true).unwrap_err();
        assert!(error.to_string().contains("settings.json"), "{error}");
        assert_eq!(file.read(), before);
    }

    #[test]
    fn an_unreadable_file_is_put_aside_and_older_ones_are_filled_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.json");
        std::fs::write(&path, "{ half").unwrap();
        SettingsFile::open(path.clone()).unwrap();
        assert_eq!(std::fs::read_to_string(path.with_extension("json.unreadable")).unwrap(), "{ half");
        std::fs::write(&path, r#"{"token_in_file":true}"#).unwrap();
        let read = SettingsFile::open(path).unwrap().read();
        assert!(read.token_in_file && read.settings == Settings::default() && !read.installation.is_empty());
    }
}
