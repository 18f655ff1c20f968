//! A link: one connection attempt to one namespace, and what it lives through until it ends.
//!
//! A link never recovers. Whatever goes wrong, it reports [`LinkEvent::Down`] (or just ends) and is replaced by a new
//! one; dropping it kills it. The one real implementation is [`socketio`]; tests script their own.

pub mod socketio;

use std::sync::Arc;
use std::time::Duration;

use confab_protocol::Error;
use confab_protocol::handshake::Handshake;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::tap::Probe;
use crate::trust::Certificate;

/// Where a link goes, and who it says it is.
#[derive(Debug, Clone)]
pub struct Target {
    /// Scheme, host and port.
    pub address: String,
    /// The one that the server must show; without it, the system's authorities are asked.
    pub certificate: Option<Certificate>,
    /// `/` or `/slug`.
    pub namespace: String,
    /// The auth payload of the CONNECT.
    pub handshake: Handshake,
}

/// What a link reports, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum LinkEvent {
    /// The server accepted the CONNECT.
    Up,
    /// An event arrived.
    Push {
        /// Its name.
        event: String,
        /// The one object that it carries.
        body: Value,
    },
    /// The server refused the CONNECT. Nothing follows.
    Refused(Error),
    /// The link is dead. Nothing follows.
    Down(Down),
}

/// Why a link died.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Down {
    /// It never came up.
    #[error("could not connect: {0}")]
    Connect(String),
    /// A limit in time was passed.
    #[error("no {0} in time")]
    Timeout(&'static str),
    /// The other side closed it, or the network broke.
    #[error("closed: {0}")]
    Closed(String),
    /// More arrived or was to be sent than the bounded queues hold. What was lost is caught up by `seq`.
    #[error("a queue overflowed")]
    Overflow,
}

/// An event on its way out. The payload is one object, always.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Its name.
    pub event: &'static str,
    /// What it carries.
    pub body: Map<String, Value>,
}

/// The sending half of a link. Dropping it ends the link at once, whatever it is doing.
pub trait Link: Send {
    /// Queues a frame; frames leave in order.
    ///
    /// # Errors
    /// [`Down::Overflow`] when the queue is full or the link is dead: drop it.
    fn emit(&self, frame: Frame) -> Result<(), Down>;
}

/// A link that is being set up.
pub struct Opened {
    /// To send, and to keep it alive.
    pub link: Box<dyn Link>,
    /// What happens on it. Their end means [`LinkEvent::Down`].
    pub events: Events,
}

/// What happens on a link, in order.
pub struct Events {
    reports: mpsc::Receiver<LinkEvent>,
    probe: Option<Arc<Probe>>,
}

impl Events {
    /// The next one; none at the end.
    pub async fn recv(&mut self) -> Option<LinkEvent> {
        let event = self.reports.recv().await;
        if let Some(probe) = &self.probe {
            probe.heard(event.as_ref());
        }
        event
    }

    /// The same, looked at as they are taken: no task and no queue more stands between the link and its machine.
    #[must_use]
    pub fn seen_by(self, probe: Arc<Probe>) -> Self {
        Self { probe: Some(probe), ..self }
    }
}

impl From<mpsc::Receiver<LinkEvent>> for Events {
    fn from(reports: mpsc::Receiver<LinkEvent>) -> Self {
        Self { reports, probe: None }
    }
}

/// Makes links.
pub trait Factory: Send + Sync {
    /// Begins to connect; answers at once. The server may take as long as `limit` to answer the CONNECT: what passes that is
    /// [`Down::Timeout`].
    fn open(&self, target: Target, limit: Duration) -> Opened;
}
