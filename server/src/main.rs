//! `confab-server`: arguments → [`Config`](confab_server::Config) → [`serve`](confab_server::serve).

mod cli;
mod commands;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use cli::{Arguments, Command, LogFormat, Settings};
use confab_server::{Shutdown, serve};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("confab-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let (settings, command) = arguments.settings()?;
    log_to_stderr(settings.log);
    confab_server::fault::arm()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        match command {
            None => listen(settings).await,
            Some(Command::Backup { file }) => commands::backup(settings.config, &file).await,
            Some(Command::Restore { file }) => commands::restore(settings.config, &file).await,
            Some(Command::User { what }) => commands::user(settings.config, what).await,
            Some(Command::Doctor) => commands::doctor(settings.config).await,
            Some(Command::Export { .. } | Command::Import { .. }) => {
                anyhow::bail!("export and import are not in this version; use backup and restore")
            }
        }
    })
}

async fn listen(settings: Settings) -> anyhow::Result<()> {
    let listener = TcpListener::bind(&settings.bind).await.with_context(|| {
        format!("cannot listen on {}; name an address and a free port, as in --bind 127.0.0.1:7300", settings.bind)
    })?;
    let shutdown = Shutdown::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let handle = serve(settings.config, listener, shutdown.clone()).await?;
    let url = handle.url();
    // The one line on stdout: whoever started us waits for it.
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on {url}")?;
    stdout.flush()?;
    if let Some(fingerprint) = handle.fingerprint() {
        eprintln!("The SHA-256 fingerprint of this server's certificate is {fingerprint}");
    }
    if let Some(token) = handle.setup_token() {
        eprintln!("This server has no owner yet. Open {url} and use this setup token: {token}");
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        shutdown.cancel();
    });
    Ok(handle.finished().await?)
}

fn log_to_stderr(format: LogFormat) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => log.json().init(),
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
    }
}
