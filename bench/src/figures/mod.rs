//! One module per figure. Each starts what it measures, and stops it.

pub mod desktop;
pub mod fanout;
pub mod hours;
pub mod latency;
pub mod memory;
pub mod outage;
pub mod paint;
pub mod restart;
pub mod search;
pub mod single;
pub mod start;
pub mod throughput;

use anyhow::Result;

use crate::Plan;
use crate::confab::Confab;
use crate::peer;
use crate::process::Process;

/// What a figure is measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Confab: commits and acks every message.
    Confab,
    /// Node Socket.IO: does neither.
    Node,
    /// A bare WebSocket server: does neither, and knows no rooms.
    Bare,
}

/// One of the systems, running, with tokens to come in with.
#[derive(Debug)]
pub enum Running {
    /// Confab.
    Confab(Confab, Vec<String>),
    /// A peer, which takes any token.
    Peer(Process, Vec<String>),
}

impl System {
    /// Starts it with `people` accounts.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(self, plan: &Plan, people: usize) -> Result<Running> {
        Ok(match self {
            Self::Confab => {
                let confab = Confab::start(plan).await?;
                let tokens = confab.people(people).await?;
                Running::Confab(confab, tokens)
            }
            Self::Node => Running::Peer(peer::node().await?, vec![String::new()]),
            Self::Bare => Running::Peer(peer::bare().await?, vec![String::new()]),
        })
    }
}

impl Running {
    /// The process to look at.
    #[must_use]
    pub fn process(&self) -> &Process {
        match self {
            Self::Confab(confab, _) => &confab.process,
            Self::Peer(process, _) => process,
        }
    }

    /// Tokens to come in with.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        match self {
            Self::Confab(_, tokens) | Self::Peer(_, tokens) => tokens,
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub async fn stop(self) -> Result<()> {
        match self {
            Self::Confab(confab, _) => confab.process.stop().await,
            Self::Peer(process, _) => process.stop().await,
        }
    }
}

/// A message with 100 bytes of text, to be sent as packet `id`; the text begins with `mark`.
#[must_use]
pub fn message(room: &str, id: Option<u64>, mark: &str) -> String {
    let id = id.map_or_else(String::new, |id| id.to_string());
    format!(
        "42/general,{id}[\"message:send\",{{\"room\":\"{room}\",\"cid\":\"{}\",\"text\":\"{mark:.<100}\"}}]",
        uuid::Uuid::now_v7().simple()
    )
}
