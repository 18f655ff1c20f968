//! Confab's own server, set up for load: rates out of the way, sizes as they are.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Plan;
use crate::process::Process;

/// Claims a fresh server.
pub const SETUP_TOKEN: &str = "bench";
const CONFIG: &str = "[limits]
messages_per_10s = 100000000
messages_burst = 100000000
events_per_10s = 100000000
searches_per_10s = 100000000
sockets_per_user = 100000
connections_per_address = 100000
";

const ANY_PORT: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// A running server with a data directory of its own.
#[derive(Debug)]
pub struct Confab {
    /// The process.
    pub process: Process,
    dir: TempDir,
}

impl Confab {
    /// Starts one on an empty directory.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(plan: &Plan) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("data-").tempdir_in(&plan.scratch)?;
        std::fs::write(dir.path().join("bench.toml"), CONFIG)?;
        let process = launch(plan, dir.path(), ANY_PORT).await?;
        Ok(Self { process, dir })
    }

    /// Starts it on the same data where it was: clients find it again.
    ///
    /// # Errors
    /// When it does not start again.
    pub async fn resume(ended: Ended, plan: &Plan) -> Result<Self> {
        let Ended { addr, dir } = ended;
        let process = launch(plan, dir.path(), addr).await?;
        Ok(Self { process, dir })
    }

    /// Kills it, and keeps its data.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub async fn kill(self) -> Result<Ended> {
        let addr = self.process.addr;
        self.process.stop().await?;
        Ok(Ended { addr, dir: self.dir })
    }

    /// Ends it and starts it on the same data.
    ///
    /// # Errors
    /// When it does not start again.
    pub async fn restart(self, plan: &Plan) -> Result<Self> {
        self.process.stop().await?;
        let process = launch(plan, self.dir.path(), ANY_PORT).await?;
        Ok(Self { process, dir: self.dir })
    }

    /// Claims it and makes accounts, all members of `/general`: their tokens.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn people(&self, number: usize) -> Result<Vec<String>> {
        let owner = json!({
            "setup_token": SETUP_TOKEN, "server_name": "Bench", "login": "owner", "display_name": "Owner", "password": "bench password",
        });
        let owner = token(&self.post("/setup", None, owner).await?)?;
        let invite = self.post("/invites", Some(&owner), json!({ "workspace": "general" })).await?;
        let mut tokens = vec![owner];
        for n in 1..number {
            let account = json!({
                "login": format!("user-{n}"), "display_name": format!("User {n}"), "password": "bench password", "invite": invite["code"],
            });
            tokens.push(token(&self.post("/accounts", None, account).await?)?);
        }
        Ok(tokens)
    }

    async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Result<Value> {
        let mut request = reqwest::Client::new().post(format!("http://{}/api/v1{path}", self.process.addr)).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await?;
        ensure!(answer.status().is_success(), "{path} answered {}: {}", answer.status(), answer.text().await?);
        Ok(answer.json().await?)
    }
}

/// A server that was killed: what is left of it.
#[derive(Debug)]
pub struct Ended {
    /// Where it listened.
    pub addr: SocketAddr,
    dir: TempDir,
}

async fn launch(plan: &Plan, dir: &Path, addr: SocketAddr) -> Result<Process> {
    let path = |name: &str| dir.join(name).to_string_lossy().into_owned();
    let arguments = [
        "--bind",
        &addr.to_string(),
        "--data",
        &path("data"),
        "--config",
        &path("bench.toml"),
        "--setup-token",
        SETUP_TOKEN,
    ];
    Process::start(&plan.server, &arguments.map(str::to_owned), plan.ground).await
}

fn token(signed_in: &Value) -> Result<String> {
    Ok(signed_in["token"].as_str().context("no token")?.to_owned())
}
