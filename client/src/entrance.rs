//! The ways to a session: what is behind an address, and signing in there.

use confab_protocol::account::{GuestRequest, Setup, SignIn, SignUpRequest, SignedIn};
use confab_protocol::{Error, ErrorCode, PROTOCOL};
use serde::Serialize;

use crate::address::Address;
use crate::http::Http;
use crate::session::Identity;
use crate::view::{Account, Probe};

/// Looks what is at an address or behind an invite link; see [`Address`] for the forms it may have.
///
/// # Errors
/// `bad_request` for something that is no address, `unavailable` when nothing answers there, `not_found` for an
/// invite that is not (or no longer) live.
pub async fn probe(address: &str) -> Result<Probe, Error> {
    let address: Address = address.parse()?;
    let http = Http::new(&address.base, None)?;
    let server = http.server().await?;
    if server.protocol != PROTOCOL {
        let message = format!("That server speaks version {} of the protocol, this app {PROTOCOL}.", server.protocol);
        return Err(Error::new(ErrorCode::Unavailable, message));
    }
    let workspace_name = match &address.invite {
        Some(code) => Some(http.invite(code).await?.workspace_name),
        None => None,
    };
    Ok(Probe { address: address.base, invite: address.invite.map(String::from), workspace_name, server })
}

/// First start of a server that was not set up yet: makes its owner.
///
/// # Errors
/// The server's refusal, or `unavailable` when it cannot be reached. So for the other three.
pub async fn set_up(address: &str, request: &Setup) -> Result<Identity, Error> {
    enter(address, "/setup", request).await
}

/// Makes an account with a password.
///
/// # Errors
/// As for [`set_up`].
pub async fn sign_up(address: &str, request: &SignUpRequest) -> Result<Identity, Error> {
    enter(address, "/accounts", request).await
}

/// Signs in to an account.
///
/// # Errors
/// As for [`set_up`].
pub async fn sign_in(address: &str, request: &SignIn) -> Result<Identity, Error> {
    enter(address, "/sessions", request).await
}

/// Joins by name alone.
///
/// # Errors
/// As for [`set_up`].
pub async fn join_as_guest(address: &str, request: &GuestRequest) -> Result<Identity, Error> {
    enter(address, "/guests", request).await
}

async fn enter<B: Serialize>(address: &str, path: &str, request: &B) -> Result<Identity, Error> {
    let Address { base, .. } = address.parse()?;
    let http = Http::new(&base, None)?;
    let SignedIn { token, user } = http.post(path, request).await?;
    // Only now: a first set-up gives the server its name.
    let server = http.server().await?;
    Ok(Identity { account: Account { address: base, server_name: server.name, user }, token })
}
