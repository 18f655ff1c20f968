//! The faults, by name.

use std::fmt;
use std::str::FromStr;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// SIGKILL of the server, and a restart on the same data.
    Kill,
    /// SIGSTOP, and SIGCONT after a while.
    Pause,
    /// Connections end with FIN.
    Cut,
    /// Connections end with RST.
    Reset,
    /// Connections end in the middle of a frame.
    Torn,
    /// A piece of the stream comes twice.
    Duplicate,
    /// The server's direction ends, the client's does not.
    HalfClose,
    /// Connections stay open, and nothing comes through.
    Blackhole,
    /// Connections end, and no new ones are made.
    Refuse,
    /// Everything comes late.
    Delay,
    /// The disk is full.
    Disk,
    /// The wall clock jumps by up to a day.
    Clock,
    /// Packets to and from the server's network namespace are dropped: half-open TCP as the kernel does it.
    Network,
    /// SIGKILL of the database under the server, and a restart.
    Postgres,
    /// SIGKILL of a product client, and a restart on the same file.
    ClientKill,
    /// SIGSTOP of a product client, and SIGCONT after a while.
    ClientPause,
    /// A product client ends at a point between its disk, its window and the server, and starts again.
    ClientPoint,
    /// Power is lost, and the disk has what was flushed, and any part of the rest.
    Power,
    /// Bytes of the database or its log change while the server is down.
    Damage,
    /// The server is killed and comes back with the data of a moment ago: a disk that lied, or a server that acks
    /// before it commits. Violates what is promised, to show that a run notices; not among [`Fault::ALL`].
    Amnesia,
}

impl Fault {
    /// All that a server must survive.
    pub const ALL: [Self; 19] = [
        Self::Kill,
        Self::Pause,
        Self::Cut,
        Self::Reset,
        Self::Torn,
        Self::Duplicate,
        Self::HalfClose,
        Self::Blackhole,
        Self::Refuse,
        Self::Delay,
        Self::Disk,
        Self::Clock,
        Self::Network,
        Self::Postgres,
        Self::ClientKill,
        Self::ClientPause,
        Self::ClientPoint,
        Self::Power,
        Self::Damage,
    ];

    /// Injected by [`super::Nemesis`], while there is load. Clients are hit beside it; what happens to files has a server
    /// of its own at the end.
    #[must_use]
    pub fn is_under_load(self) -> bool {
        let elsewhere = [Self::ClientKill, Self::ClientPause, Self::ClientPoint, Self::Power, Self::Damage];
        !elsewhere.contains(&self)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Cut => "cut",
            Self::Reset => "reset",
            Self::Torn => "torn",
            Self::Duplicate => "duplicate",
            Self::HalfClose => "half-close",
            Self::Blackhole => "blackhole",
            Self::Refuse => "refuse",
            Self::Delay => "delay",
            Self::Disk => "disk",
            Self::Clock => "clock",
            Self::Network => "network",
            Self::Postgres => "postgres",
            Self::ClientKill => "client-kill",
            Self::ClientPause => "client-pause",
            Self::ClientPoint => "client-point",
            Self::Power => "power",
            Self::Damage => "damage",
            Self::Amnesia => "amnesia",
        })
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().chain([Self::Amnesia]).find(|fault| fault.to_string() == name);
        found.ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(ToString::to_string).collect();
            format!("one of {}", names.join(", "))
        })
    }
}
