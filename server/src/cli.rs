//! Flags, environment and TOML, in that order of precedence.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use confab_protocol::Limits;
use confab_protocol::account::{Secret, SignUp};
use confab_server::Config;
use confab_server::config::Tls;
use confab_server::store::Location;
use serde::Deserialize;

const DEFAULT_BIND: &str = "127.0.0.1:7300";
const DEFAULT_DATA: &str = "confab-data";

/// Confab's server.
#[derive(Parser)]
#[command(name = "confab-server", version = confab_server::BUILD, about)]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do instead of serving.
#[derive(Subcommand)]
pub enum Command {
    /// Writes a consistent copy into a new file, also while the server runs; uploaded files go into FILE.files beside it.
    Backup {
        /// The new file.
        file: PathBuf,
    },
    /// Puts a backup in the database's place, with its files, and keeps the old one beside it. Clients will drop their caches.
    Restore {
        /// The backup.
        file: PathBuf,
    },
    /// Not in this version.
    Export {
        /// The new file.
        file: PathBuf,
    },
    /// Not in this version.
    Import {
        /// The export.
        file: PathBuf,
    },
    /// People: add, passwd, list.
    User {
        /// What to do.
        #[command(subcommand)]
        what: UserCommand,
    },
    /// Looks for damage in the database.
    Doctor,
}

/// What to do with people. Passwords are read from standard input, one line.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Makes an account.
    Add {
        /// The login.
        login: String,
        /// The name that others see; the login by default.
        #[arg(long)]
        name: Option<String>,
        /// Make them an admin of the server.
        #[arg(long)]
        admin: bool,
    },
    /// Sets a new password; all their sessions end.
    Passwd {
        /// The login.
        login: String,
    },
    /// Lists everybody.
    List,
}

#[derive(Args)]
struct Options {
    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:7300]
    #[arg(long, global = true, env = "CONFAB_BIND", value_name = "ADDRESS")]
    bind: Option<String>,
    /// The data directory [default: confab-data]
    #[arg(long, global = true, env = "CONFAB_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// sqlite:PATH or postgres://USER@HOST/NAME [default: confab.db in the data directory]
    #[arg(long, global = true, env = "CONFAB_DATABASE", value_name = "URL", hide_env_values = true)]
    database: Option<String>,
    /// Not in this version: several nodes on one Redis
    #[arg(long, global = true, env = "CONFAB_REDIS", value_name = "URL", hide_env_values = true)]
    redis: Option<String>,
    /// A TOML file with the same options
    #[arg(long, global = true, env = "CONFAB_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The token for the first setup [default: a new one, printed at the first start]
    #[arg(long, global = true, env = "CONFAB_SETUP_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    setup_token: Option<String>,
    /// Encrypt connections, with a certificate that the server makes or one that it is given in PEM [default: off]
    #[arg(long, global = true, env = "CONFAB_TLS", value_name = "self-signed|off|CERT:KEY")]
    tls: Option<Tls>,
    /// Let admins see message bodies when they inspect traffic
    #[arg(long, global = true, env = "CONFAB_INSPECT", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = BoolishValueParser::new())]
    inspect: Option<bool>,
    /// The form of the log on standard error [default: text]
    #[arg(long, global = true, env = "CONFAB_LOG")]
    log: Option<LogFormat>,
    /// Who may make an account [default: invite]
    #[arg(long, global = true, env = "CONFAB_SIGN_UP", value_parser = parse_sign_up, value_name = "open|invite|closed")]
    sign_up: Option<SignUp>,
    /// Whether people may come by name alone [default: true]
    #[arg(long, global = true, env = "CONFAB_GUESTS", value_parser = BoolishValueParser::new())]
    guests: Option<bool>,
    /// Other origins whose pages may use the server
    #[arg(long, global = true, env = "CONFAB_ORIGINS", value_delimiter = ',', value_name = "ORIGIN,…")]
    origins: Option<Vec<String>>,
    /// How people reach the server, for invitation links
    #[arg(long, global = true, env = "CONFAB_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Proxies whose X-Forwarded-… headers are believed
    #[arg(long, global = true, env = "CONFAB_TRUSTED_PROXIES", value_delimiter = ',', value_name = "ADDRESS,…")]
    trusted_proxies: Option<Vec<IpAddr>>,
    /// On which interfaces others on the network find this server by itself; never on loopback [default: on]
    #[arg(long, global = true, env = "CONFAB_ANNOUNCE", value_name = "on|off|INTERFACE,…")]
    announce: Option<String>,
    /// The bearer token of /metrics [default: closed]
    #[arg(long, global = true, env = "CONFAB_METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    metrics_token: Option<String>,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

/// The same options in a file. A key that is not known is an error: a limit with a typing mistake would not hold.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileOptions {
    bind: Option<String>,
    data: Option<PathBuf>,
    database: Option<String>,
    redis: Option<String>,
    setup_token: Option<String>,
    tls: Option<String>,
    inspect: Option<bool>,
    log: Option<LogFormat>,
    sign_up: Option<SignUp>,
    guests: Option<bool>,
    origins: Option<Vec<String>>,
    public_url: Option<String>,
    trusted_proxies: Option<Vec<IpAddr>>,
    announce: Option<String>,
    metrics_token: Option<String>,
    limits: Option<toml::Table>,
}

/// All that was set.
pub struct Settings {
    /// Where to listen.
    pub bind: String,
    /// The form of the log.
    pub log: LogFormat,
    /// Everything else.
    pub config: Config,
}

impl Arguments {
    /// Puts flags, environment and file together.
    ///
    /// # Errors
    /// For a file that cannot be read, an unknown key, or an option that is not in this version.
    pub fn settings(self) -> anyhow::Result<(Settings, Option<Command>)> {
        let flags = self.options;
        let file = flags.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
        if flags.redis.or(file.redis).is_some() {
            anyhow::bail!("--redis is not in this version: one node only");
        }
        let in_file = file.tls.map(|words| words.parse::<Tls>().map_err(anyhow::Error::msg)).transpose()?;
        let database = flags.database.or(file.database);
        let database = database.map(|url| url.parse::<Location>()).transpose()?;
        let data = flags.data.or(file.data).unwrap_or_else(|| PathBuf::from(DEFAULT_DATA));
        let defaults = Config::new(data);
        let config = Config {
            database,
            setup_token: flags.setup_token.or(file.setup_token).map(Secret),
            tls: flags.tls.or(in_file).unwrap_or_default(),
            inspect: flags.inspect.or(file.inspect).unwrap_or(defaults.inspect),
            sign_up: flags.sign_up.or(file.sign_up).unwrap_or(defaults.sign_up),
            guests: flags.guests.or(file.guests).unwrap_or(defaults.guests),
            origins: flags.origins.or(file.origins).unwrap_or_default(),
            public_url: flags.public_url.or(file.public_url),
            trusted_proxies: flags.trusted_proxies.or(file.trusted_proxies).unwrap_or_default(),
            announce: flags.announce.or(file.announce).map_or(defaults.announce, |words| Config::interfaces(&words)),
            metrics_token: flags.metrics_token.or(file.metrics_token).map(Secret),
            limits: file.limits.map(limits).transpose()?.unwrap_or_default(),
            ..defaults
        };
        let settings = Settings {
            bind: flags.bind.or(file.bind).unwrap_or_else(|| DEFAULT_BIND.to_owned()),
            log: flags.log.or(file.log).unwrap_or(LogFormat::Text),
            config,
        };
        Ok((settings, self.command))
    }
}

fn read_file(path: &Path) -> anyhow::Result<FileOptions> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("in {}", path.display()))
}

/// The `[limits]` of a file over the defaults.
fn limits(table: toml::Table) -> anyhow::Result<Limits> {
    let known = toml::Table::try_from(Limits::default()).context("the default limits")?;
    if let Some(key) = table.keys().find(|key| !known.contains_key(*key)) {
        let names: Vec<_> = known.keys().map(String::as_str).collect();
        anyhow::bail!("there is no limit `{key}`; [limits] knows {}", names.join(", "));
    }
    table.try_into().context("in [limits]")
}

fn parse_sign_up(text: &str) -> Result<SignUp, String> {
    match text {
        "open" => Ok(SignUp::Open),
        "invite" => Ok(SignUp::Invite),
        "closed" => Ok(SignUp::Closed),
        _ => Err("open, invite or closed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(arguments: &[&str], file: &str) -> anyhow::Result<Settings> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("confab.toml");
        std::fs::write(&path, file)?;
        let path = path.to_string_lossy().into_owned();
        let all = ["confab-server", "--config", &path].into_iter().chain(arguments.iter().copied());
        Ok(Arguments::try_parse_from(all)?.settings()?.0)
    }

    #[test]
    fn flags_win_over_the_file() {
        let file = "bind = \"0.0.0.0:1\"\nsign_up = \"open\"\n[limits]\nmessages_burst = 7\n";
        let settings = settings(&["--bind", "127.0.0.1:2"], file).unwrap();
        assert_eq!(settings.bind, "127.0.0.1:2");
        assert_eq!(settings.config.sign_up, SignUp::Open);
        assert_eq!(settings.config.limits, Limits { messages_burst: 7, ..Limits::default() });
    }

    #[test]
    fn a_mistyped_key_is_told_with_those_that_exist() {
        let error = settings(&[], "sing_up = \"open\"").err().unwrap();
        assert!(format!("{error:#}").contains("sign_up"), "{error:#}");
        let error = settings(&[], "[limits]\nmessage_burst = 7").err().unwrap();
        assert!(format!("{error:#}").contains("messages_burst"), "{error:#}");
    }

    #[test]
    fn what_is_not_in_this_version_says_so() {
        let error = settings(&["--redis", "redis://x"], "").err().unwrap();
        assert!(error.to_string().contains("not in this version"), "{error}");
    }

    #[test]
    fn tls_is_off_or_made_or_given() {
        let tls = |flags: &[&str], file: &str| settings(flags, file).map(|settings| settings.config.tls);
        assert_eq!(tls(&[], "").unwrap(), Tls::Off);
        assert_eq!(tls(&["--tls", "off"], "tls = \"self-signed\"").unwrap(), Tls::Off);
        assert_eq!(tls(&[], "tls = \"self-signed\"").unwrap(), Tls::SelfSigned);
        let files = Tls::Files { certificate: "a.pem".into(), key: "b.pem".into() };
        assert_eq!(tls(&["--tls", "a.pem:b.pem"], "").unwrap(), files);
        for wrong in ["on", "a.pem", "a.pem:", ":b.pem"] {
            let error = tls(&["--tls", wrong], "").unwrap_err();
            assert!(error.to_string().contains("CERTIFICATE:KEY"), "{error}");
            assert!(tls(&[], &format!("tls = {wrong:?}")).is_err(), "{wrong}");
        }
    }
}
