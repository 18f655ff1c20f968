//! Hosting in one step: starts the server inside the app, makes this person its owner, and signs in.

use confab_client::entrance;
use confab_client::session::Identity;
use confab_protocol::account::{Setup, SignIn};
use confab_protocol::{Error, ErrorCode, text};

use crate::embedded::{Embedded, HostError, local_url, secret};
use crate::settings::Hosted;

/// Starts the server and answers with its owner's identity. The owner's password is random and kept nowhere: the token
/// alone signs in. Who hosts again on data that has an owner becomes that owner again, with a new password; the data
/// belongs to whoever owns this computer's account. `share` lets others on the network in.
///
/// # Errors
/// [`HostError`] when the server cannot start, or refuses the name.
pub async fn host(
    embedded: &Embedded,
    display_name: &str,
    share: bool,
    before: Option<Hosted>,
) -> Result<(Identity, Hosted), HostError> {
    let display_name = text::display_name(display_name)?;
    let port = embedded.start(before.as_ref().map(|hosted| hosted.port), share).await?.port();
    let address = local_url(port);
    let owner = before.map_or_else(|| login_of(&display_name), |hosted| hosted.owner);
    let made = match embedded.setup_token().await {
        Some(setup_token) => {
            let server_name = format!("{display_name}'s Confab");
            let (login, password) = (owner.clone(), secret());
            entrance::set_up(&address, &Setup { setup_token, server_name, login, display_name, password }).await
        }
        None => Err(Error::new(ErrorCode::Conflict, "It has an owner.")),
    };
    let identity = match made {
        // The token is the one of the server's start: somebody may have become its owner since.
        Err(error) if error.code == ErrorCode::Conflict => {
            let password = secret();
            embedded.reset_password(&owner, password.clone()).await?;
            let request = SignIn { login: owner.clone(), password, device: Some(device()) };
            entrance::sign_in(&address, &request).await?
        }
        made => made?,
    };
    Ok((identity, Hosted { port, owner, share }))
}

/// A name for this computer in the list of devices.
#[must_use]
pub fn device() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("COMPUTERNAME").ok());
    match name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => format!("Confab on {name}"),
        None => format!("Confab on {}", std::env::consts::OS),
    }
}

/// A login made of a name: its ASCII letters and digits, or `owner` when it has none.
fn login_of(display_name: &str) -> String {
    let letters: String =
        display_name.chars().filter(char::is_ascii_alphanumeric).take(32).map(|c| c.to_ascii_lowercase()).collect();
    if letters.is_empty() { "owner".into() } else { letters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_makes_a_login() {
        for name in ["Ada Lovelace", "李雷", "x", "Ünal", "A".repeat(64).as_str()] {
            let login = login_of(name);
            assert_eq!(text::login(&login).as_deref(), Ok(login.as_str()), "{name}");
        }
        assert_eq!(login_of("Ada Lovelace"), "adalovelace");
        assert_eq!(login_of("李雷"), "owner");
    }

    #[test]
    fn the_device_has_a_name() {
        assert!(device().starts_with("Confab on ") && device().len() > "Confab on ".len());
    }
}
