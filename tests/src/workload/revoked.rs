//! Devices that are thrown out: signed in, used, and revoked from another device of the same person.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Method;
use tokio::sync::watch;

use super::board::{Board, Phase};
use super::device::{Device, Habit};
use crate::history::{Answer, Call, Journal};
use crate::{Api, Person};

/// Signs devices in and revokes them, one after the other.
pub struct Revoker {
    /// Where the server is.
    pub addr: SocketAddr,
    /// What all clients share.
    pub board: Arc<Board>,
    /// Where it is recorded.
    pub journal: Journal,
    /// What it draws from.
    pub seed: u64,
}

impl Revoker {
    /// Goes on while there is load.
    pub async fn run(self, mut phase: watch::Receiver<Phase>) {
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let mut round = 0;
        while *phase.borrow() == Phase::Load {
            round += 1;
            let person = self.board.people[rng.usize(..self.board.people.len())].clone();
            // A server that is down, or a sign-in that is refused for now: the next round tries again.
            let _ = self.round(&person, round, &mut rng).await;
            let pause = Duration::from_millis(rng.u64(200..1_500));
            let _ = tokio::time::timeout(pause, phase.wait_for(|phase| *phase != Phase::Load)).await;
        }
    }

    async fn round(&self, person: &Person, round: u32, rng: &mut fastrand::Rng) -> Result<()> {
        let api = Api::new(&format!("http://{}", self.addr))?;
        let signed_in = api.sign_in(&person.login, &person.password, "to be revoked").await?;
        let token = signed_in["token"].as_str().context("a token")?.to_owned();
        let sessions = api.as_user(&token).ok(Method::GET, "/sessions", None).await?;
        let list = sessions["sessions"].as_array().context("sessions")?;
        let own = list.iter().find(|session| session["current"] == true).context("the current session")?;
        let id = own["id"].as_str().context("a session has an id")?.to_owned();

        let process = format!("{}-revoked-{round}", person.login);
        let guest = Person { token, ..person.clone() };
        let (stop, phase) = watch::channel(Phase::Load);
        let seed = rng.u64(..);
        let device = Device::new(&process, &guest, self.addr, Habit::Reads, self.board.clone(), &self.journal, seed);
        let device = tokio::spawn(device.run(phase));
        tokio::time::sleep(Duration::from_millis(rng.u64(100..1_500))).await;

        let recorder = self.journal.recorder(format!("{}-revokes", person.login));
        let op = recorder.invoke(Call::Revoke { process });
        match api.as_user(&person.token).call(Method::DELETE, &format!("/sessions/{id}"), None).await {
            Ok((200, _)) => recorder.ok(op, Answer::Done),
            // Whether a crash came before or after it cannot be told.
            Ok((500.., _)) | Err(_) => recorder.info(op),
            Ok((status, _)) => recorder.fail(op, status.to_string()),
        }
        // Time to be pushed something that it must not be, and to try to come back.
        tokio::time::sleep(Duration::from_millis(rng.u64(100..800))).await;
        stop.send_replace(Phase::Stop);
        let _ = device.await;
        Ok(())
    }
}
