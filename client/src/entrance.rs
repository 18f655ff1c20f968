//! The ways to a session: what is behind an address, and signing in there.

use confab_protocol::account::{GuestRequest, Setup, SignIn, SignUpRequest, SignedIn};
use confab_protocol::{Cause, Error, ErrorCode, PROTOCOL};
use serde::Serialize;

use crate::address::Address;
use crate::http::Http;
use crate::session::Identity;
use crate::trust::{self, Certificate};
use crate::view::{Account, Probe, Trust};

/// Looks what is at an address or behind an invite link; see [`Address`] for the forms it may have.
///
/// # Errors
/// `bad_request` for something that is no address, `unavailable` when nothing answers there, `not_found` for an
/// invite that is not (or no longer) live.
pub async fn probe(address: &str) -> Result<Probe, Error> {
    let mut address: Address = address.parse()?;
    let mut trust = if address.fingerprint.is_some() { Trust::Vouched } else { Trust::Clear };
    let (http, server) = loop {
        let (http, _) = door(&address).await?;
        match http.server().await {
            Ok(server) => break (http, server),
            // What nobody typed is found out: that it speaks TLS, and with which certificate.
            Err(error) if error.cause == Some(Cause::NeedsTls) && address.base.starts_with("http://") => {
                address.base.replace_range(.."http".len(), "https");
            }
            Err(error) if error.cause == Some(Cause::CertificateUnknown) && address.fingerprint.is_none() => {
                let fingerprint = trust::shown(&address.base).await?.fingerprint();
                address.fingerprint = Some(fingerprint);
                trust = Trust::Unknown { fingerprint };
            }
            Err(error) => return Err(error),
        }
    };
    if trust == Trust::Clear && address.base.starts_with("https:") {
        trust = Trust::Signed;
    }
    if server.protocol != PROTOCOL {
        let message = format!("That server speaks version {} of the protocol, this app {PROTOCOL}.", server.protocol);
        return Err(Error::new(ErrorCode::Unavailable, message));
    }
    let workspace_name = match &address.invite {
        Some(code) => Some(http.invite(code).await?.workspace_name),
        None => None,
    };
    let entry = address.entry();
    Ok(Probe { address: address.base, entry, trust, invite: address.invite.map(String::from), workspace_name, server })
}

/// The account on a server that has another certificate now: `named` is its fingerprint, or a link with it, from its host.
///
/// # Errors
/// `bad_request` when there is no fingerprint in it; as [`trust::pinned`] when the server shows yet another one.
pub async fn trust_anew(account: Account, named: &str) -> Result<Account, Error> {
    let fingerprint = named.parse().ok().or_else(|| named.parse::<Address>().ok()?.fingerprint);
    let fingerprint = fingerprint.ok_or_else(|| {
        Error::bad_request("There is no fingerprint in that. Ask the host for a new invite link.")
            .because(Cause::InviteLink)
    })?;
    let certificate = Some(trust::pinned(&account.address, fingerprint).await?);
    Ok(Account { certificate, ..account })
}

/// The way to a server, and the certificate that it was made sure of.
async fn door(address: &Address) -> Result<(Http, Option<Certificate>), Error> {
    let certificate = match address.fingerprint {
        Some(fingerprint) => Some(trust::pinned(&address.base, fingerprint).await?),
        None => None,
    };
    Ok((Http::new(&address.base, certificate.as_ref(), None)?, certificate))
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
    let address: Address = address.parse()?;
    let (http, certificate) = door(&address).await?;
    let SignedIn { token, user } = http.post(path, request).await?;
    // Only now: a first set-up gives the server its name.
    let server = http.server().await?;
    let account = Account { address: address.base, certificate, server_name: server.name, user };
    Ok(Identity { account, token })
}
