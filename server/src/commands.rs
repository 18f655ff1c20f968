//! What `confab-server` does besides serving.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use confab_protocol::account::{Role, Secret};
use confab_server::chat::Chat;
use confab_server::offline::Copied;
use confab_server::store::{self, Location};
use confab_server::{Config, lock_data, offline};

use crate::cli::UserCommand;

/// How many people are read at once.
const PAGE: usize = 500;
/// How often it is said how far something long is.
const SAY: Duration = Duration::from_secs(1);

pub async fn backup(config: Config, file: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!file.exists(), "{} exists already", file.display());
    existing(&config)?;
    let store = store::open(&config.location()).await?;
    // It gets its name when all of it is there. Its files come after it: a content is there before anything names it.
    let unfinished = sibling(file, ".unfinished");
    remove(&unfinished)?;
    store.backup(&unfinished).await?;
    let copied = match config.data.join("files") {
        from if from.is_dir() => copy(from, sibling(file, ".files")).await?,
        _ => Copied::default(),
    };
    std::fs::rename(&unfinished, file).with_context(|| format!("cannot rename {}", unfinished.display()))?;
    eprintln!("Saved to {}{}.", file.display(), with_files(file, &copied));
    anyhow::ensure!(
        copied.damaged.is_empty(),
        "these files are damaged and not in the backup: {}",
        copied.damaged.join(", ")
    );
    Ok(())
}

pub async fn restore(config: Config, file: &Path) -> anyhow::Result<()> {
    let Location::Sqlite(database) = config.location() else {
        anyhow::bail!("restore into PostgreSQL is not in this version: use pg_restore");
    };
    anyhow::ensure!(file.is_file(), "there is no file {}", file.display());
    let _lock = lock_data(&config.data).context("stop the server first")?;
    // Looked at before anything is replaced, and under another name, so that the backup itself is not touched.
    let fresh = sibling(&database, ".restoring");
    remove(&fresh)?;
    std::fs::copy(file, &fresh).context("the backup cannot be copied")?;
    // Of a database that was set aside, what was written last is still in its log.
    if sibling(file, "-wal").is_file() {
        std::fs::copy(sibling(file, "-wal"), sibling(&fresh, "-wal")).context("the backup cannot be copied")?;
    }
    let ready = renew(&fresh).await;
    if let Err(error) = ready {
        remove(&fresh)?;
        return Err(error.context("the backup cannot be used; nothing was replaced"));
    }
    // Before the database that names them. What is there already stays: a content never changes.
    let copied = match bring_back(sibling(file, ".files"), config.data.join("files")).await {
        Ok(copied) => copied,
        Err(error) => {
            remove(&fresh)?;
            return Err(error.context("the backup cannot be used; the database was not replaced"));
        }
    };
    if database.exists() {
        let kept = unused(&database);
        rename(&database, &kept)?;
        eprintln!("The database that was here is kept as {}.", kept.display());
    } else {
        // A log of a database that is gone must not be taken for the new one's.
        remove(&database)?;
    }
    rename(&fresh, &database)?;
    eprintln!("Restored from {}{}. Clients will read everything anew.", file.display(), with_files(file, &copied));
    Ok(())
}

pub async fn user(config: Config, what: UserCommand) -> anyhow::Result<()> {
    existing(&config)?;
    let store = store::open(&config.location()).await?;
    let chat = offline::chat(store)?;
    match what {
        UserCommand::Add { login, name, admin } => {
            let role = if admin { Role::Admin } else { Role::Member };
            let name = name.unwrap_or_else(|| login.clone());
            let user = chat.add_user(&login, &name, read_password()?, role).await?;
            eprintln!("Made {} ({}).", user.login, user.id);
        }
        UserCommand::Passwd { login } => {
            chat.reset_password(&login, read_password()?).await?;
            eprintln!("Set. Their sessions have ended; a running server notices when they connect again.");
        }
        UserCommand::List => list(&chat).await?,
    }
    Ok(())
}

pub async fn doctor(config: Config) -> anyhow::Result<()> {
    existing(&config)?;
    let store = store::open(&config.location()).await?;
    let findings = store.check().await?;
    for finding in &findings {
        println!("{finding}");
    }
    anyhow::ensure!(findings.is_empty(), "{} findings", findings.len());
    eprintln!("All is well.");
    Ok(())
}

async fn list(chat: &Chat) -> anyhow::Result<()> {
    let mut after: Option<String> = None;
    loop {
        let users = chat.store.users(after.as_deref(), PAGE).await?;
        for user in &users {
            println!("{}\t{:?}\t{}", user.login, user.role, user.display_name);
        }
        match users.last() {
            Some(last) if users.len() == PAGE => after = Some(last.login.clone()),
            _ => return Ok(()),
        }
    }
}

/// Copies uploaded files, and says how far it is.
async fn copy(from: PathBuf, to: PathBuf) -> anyhow::Result<Copied> {
    let work = move || {
        let mut said = Instant::now();
        offline::copy_files(&from, &to, |so_far| {
            if said.elapsed() >= SAY {
                said = Instant::now();
                eprintln!("{} files, {} MiB …", so_far.files, so_far.bytes >> 20);
            }
        })
    };
    tokio::task::spawn_blocking(work).await?.context("the uploaded files cannot be copied")
}

/// Copies the files of a backup, where it has any.
async fn bring_back(from: PathBuf, to: PathBuf) -> anyhow::Result<Copied> {
    if !from.is_dir() {
        return Ok(Copied::default());
    }
    let copied = copy(from, to).await?;
    anyhow::ensure!(copied.damaged.is_empty(), "these of its files are damaged: {}", copied.damaged.join(", "));
    Ok(copied)
}

/// What is said of a backup's files.
fn with_files(file: &Path, copied: &Copied) -> String {
    match copied.files {
        0 => String::new(),
        n => format!(", and {n} uploaded files ({} MiB) of {}", copied.bytes >> 20, sibling(file, ".files").display()),
    }
}

/// Commands on a database that is not there would make an empty one, most likely in the wrong place.
fn existing(config: &Config) -> anyhow::Result<()> {
    if let Location::Sqlite(path) = config.location() {
        anyhow::ensure!(path.is_file(), "there is no database at {}; see --data and --database", path.display());
    }
    Ok(())
}

async fn renew(path: &Path) -> anyhow::Result<()> {
    let store = store::open(&Location::Sqlite(path.to_owned())).await?;
    let findings = store.check().await?;
    anyhow::ensure!(findings.is_empty(), "it is damaged: {}", findings.join("; "));
    store.renew_epoch().await?;
    Ok(())
}

/// A name beside the database that nothing has.
fn unused(database: &Path) -> PathBuf {
    let names = (1..).map(|n: u32| sibling(database, &format!(".before-restore-{n}")));
    names.into_iter().find(|path| !path.exists()).unwrap_or_else(|| sibling(database, ".before-restore"))
}

/// Renames a database. Its newest transactions may still be in the write-ahead log, which goes with it, as its seal does.
fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::rename(from, to).with_context(|| format!("cannot rename {}", from.display()))?;
    for beside in ["-wal", "-seal"] {
        let file = sibling(from, beside);
        if file.exists() {
            std::fs::rename(&file, sibling(to, beside)).with_context(|| format!("cannot rename {}", file.display()))?;
        }
    }
    remove(from)
}

/// Removes a database with its write-ahead log.
fn remove(database: &Path) -> anyhow::Result<()> {
    for path in [database.to_owned(), sibling(database, "-wal"), sibling(database, "-shm"), sibling(database, "-seal")]
    {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn read_password() -> anyhow::Result<Secret> {
    if std::io::stdin().is_terminal() {
        eprint!("Password (it shows): ");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("no password on standard input")?;
    Ok(Secret(line.trim_end_matches(['\r', '\n']).to_owned()))
}
