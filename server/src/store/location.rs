//! Where a database is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Where a database is: `--database`, or the file in the data directory.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file; it is made when it is missing.
    Sqlite(PathBuf),
    /// A `postgres://` URL of a database that exists.
    Postgres(String),
}

/// A text that names no database that this server can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a database is sqlite:PATH or postgres://USER@HOST/NAME")]
pub struct InvalidLocation;

impl Location {
    /// The SQLite file of a data directory.
    #[must_use]
    pub fn in_directory(directory: &Path) -> Self {
        Self::Sqlite(directory.join("confab.db"))
    }
}

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => {
                Ok(Self::Sqlite(PathBuf::from(path.strip_prefix("//").unwrap_or(path))))
            }
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => Ok(Self::Postgres(text.to_owned())),
            _ => Err(InvalidLocation),
        }
    }
}

/// For logs and messages: without the password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            // Read by the library that will use it: a password can stand in more than one place.
            Self::Postgres(url) => match url.parse::<Config>() {
                Ok(config) => {
                    let host = config.get_hosts().first().map(|host| match host {
                        Host::Tcp(host) => host.clone(),
                        #[cfg(unix)]
                        Host::Unix(path) => path.display().to_string(),
                    });
                    let name = config.get_dbname().unwrap_or_default();
                    write!(f, "postgres://{}/{name}", host.unwrap_or_default())
                }
                Err(_) => f.write_str("postgres://"),
            },
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_kinds_are_told_apart_and_no_password_is_shown() {
        assert_eq!("sqlite:/a/b.db".parse(), Ok(Location::Sqlite("/a/b.db".into())));
        assert_eq!("sqlite:///a/b.db".parse(), Ok(Location::Sqlite("/a/b.db".into())));
        assert_eq!("sqlite:b.db".parse(), Ok(Location::Sqlite("b.db".into())));
        for bad in ["", "sqlite:", "mysql://x", "postgres:x", "/a/b.db"] {
            assert_eq!(bad.parse::<Location>(), Err(InvalidLocation), "{bad}");
        }
        for url in ["postgres://ada:s%40cret@db.example/confab", "postgres://db.example/confab?password=s%40cret"] {
            let location: Location = url.parse().unwrap();
            assert_eq!(format!("{location} {location:?}"), ["postgres://db.example/confab"; 2].join(" "));
        }
        let unreadable: Location = "postgres://ada:secret@db.example:port/confab".parse().unwrap();
        assert_eq!(unreadable.to_string(), "postgres://");
    }
}
