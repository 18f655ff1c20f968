//! Kills and freezes the product's clients, beside whatever happens to the server meanwhile.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use super::{Fault, Injected};
use crate::workload::{Phase, Victim};

/// Goes after clients. What it does is recorded in their names.
pub struct Hunter {
    /// Whom it may hit.
    pub victims: Vec<Arc<Victim>>,
    /// What it may do.
    pub faults: Vec<Fault>,
    /// What it draws from.
    pub rng: fastrand::Rng,
    /// The longest rest between two faults.
    pub rest: Duration,
}

impl Hunter {
    /// Hits one client after the other while there is load; `told` hears of each.
    ///
    /// # Errors
    /// When a signal cannot be sent.
    pub async fn run(mut self, mut phase: watch::Receiver<Phase>, told: watch::Sender<Injected>) -> Result<()> {
        let kills = self.faults.contains(&Fault::ClientKill);
        let pauses = self.faults.contains(&Fault::ClientPause);
        if self.victims.is_empty() || !(kills || pauses) {
            return Ok(());
        }
        loop {
            let rest = self.rest.mul_f64(self.rng.f64());
            let _ = tokio::time::timeout(rest, phase.wait_for(|phase| *phase != Phase::Load)).await;
            if *phase.borrow() != Phase::Load {
                return Ok(());
            }
            let victim = self.victims[self.rng.usize(..self.victims.len())].clone();
            let pause = pauses && (!kills || self.rng.u8(..5) == 0);
            let hit = if pause {
                victim.freeze(true)?;
                // Now and then for longer than either side waits for a sign of the other.
                let ms = if self.rng.u8(..6) == 0 { 9_000 } else { self.rng.u64(50..2_500) };
                tokio::time::sleep(Duration::from_millis(ms)).await;
                victim.freeze(false)?;
                true
            } else {
                victim.kill()?
            };
            let fault = if pause { Fault::ClientPause } else { Fault::ClientKill };
            told.send_modify(|injected| *injected.entry(fault).or_default() += u64::from(hit));
        }
    }
}
