//! Finding a server, signing in and out, hosting, inviting.

use confab_client::entrance;
use confab_client::view::{Hosting, NearbyCheck, Probe, Seat, Start, Update};
use confab_protocol::account::{
    GuestRequest, Invite, InviteRequest, Secret, Session, Setup, SignIn, SignUpRequest, User,
};
use confab_protocol::{Answer, InviteCode, SessionId};
use tauri::ipc::Channel;

use super::{TheAccount, TheShell};
use crate::host::device;

/// What is of no account goes into this channel from now on.
#[tauri::command]
pub async fn listen(shell: TheShell<'_>, channel: Channel<Update>) -> Answer<()> {
    shell.listen(channel);
    Ok(())
}

/// Everything that changes in an account goes into this channel from now on, beginning with the whole picture.
#[tauri::command]
pub async fn subscribe(account: TheAccount, channel: Channel<Update>) -> Answer<()> {
    account.shell.subscribe(&account.key, channel)
}

/// What is known before any network. Also begins to connect wherever someone is signed in.
#[tauri::command]
pub async fn start(shell: TheShell<'_>) -> Answer<Start> {
    shell.start().await
}

/// Looks what is at an address or behind an invite link; a bare host gets the default port.
#[tauri::command]
pub async fn probe(address: String) -> Answer<Probe> {
    entrance::probe(&address).await
}

/// Looks for servers on this network from now on, or no longer; those that are seen come into the channel of `listen`.
#[tauri::command]
pub async fn watch_nearby(shell: TheShell<'_>, on: bool) -> Answer<()> {
    shell.watch_nearby(on)
}

/// Finds out why a server on this network is not seen; takes about three seconds. `address` is where it should be.
#[tauri::command]
pub async fn check_nearby(shell: TheShell<'_>, address: Option<String>) -> Answer<NearbyCheck> {
    shell.check_nearby(address.as_deref()).await
}

/// Starts the server inside the app, makes this person its owner, and signs in. `share` lets others on the network in.
#[tauri::command]
pub async fn host(shell: TheShell<'_>, display_name: String, share: bool) -> Answer<Seat> {
    shell.can_sign_in().await?;
    shell.host(&display_name, share).await
}

/// Joins by name alone.
#[tauri::command]
pub async fn join_as_guest(
    shell: TheShell<'_>,
    address: String,
    display_name: String,
    invite: Option<InviteCode>,
) -> Answer<Seat> {
    shell.can_sign_in().await?;
    let request = GuestRequest { display_name, invite };
    shell.enter(entrance::join_as_guest(&address, &request).await?).await
}

/// Makes an account with a password.
#[tauri::command]
pub async fn sign_up(
    shell: TheShell<'_>,
    address: String,
    login: String,
    display_name: String,
    password: Secret,
    invite: Option<InviteCode>,
) -> Answer<Seat> {
    shell.can_sign_in().await?;
    let request = SignUpRequest { login, display_name, password, invite };
    shell.enter(entrance::sign_up(&address, &request).await?).await
}

/// Signs in to an account.
#[tauri::command]
pub async fn sign_in(shell: TheShell<'_>, address: String, login: String, password: Secret) -> Answer<Seat> {
    shell.can_sign_in().await?;
    let request = SignIn { login, password, device: Some(device()) };
    shell.enter(entrance::sign_in(&address, &request).await?).await
}

/// First start of a server that was not set up yet.
#[tauri::command]
pub async fn set_up(
    shell: TheShell<'_>,
    address: String,
    setup_token: Secret,
    server_name: String,
    login: String,
    display_name: String,
    password: Secret,
) -> Answer<Seat> {
    shell.can_sign_in().await?;
    let request = Setup { setup_token, server_name, login, display_name, password };
    shell.enter(entrance::set_up(&address, &request).await?).await
}

/// Ends the account's session on the server too, and forgets its token.
#[tauri::command]
pub async fn sign_out(account: TheAccount) -> Answer<()> {
    account.shell.sign_out(&account.key).await
}

/// The account's server has another certificate now, which its host named: by an invite link, or by the fingerprint.
#[tauri::command]
pub async fn trust(account: TheAccount, named: String) -> Answer<Seat> {
    account.shell.trust(&account.key, &named).await
}

/// This account is the one that is looked at, also at the next start.
#[tauri::command]
pub async fn set_front(account: TheAccount) -> Answer<()> {
    account.shell.set_front(account.key.clone()).await
}

/// This app's own server, when it hosts one.
#[tauri::command]
pub async fn hosting(shell: TheShell<'_>) -> Answer<Option<Hosting>> {
    Ok(shell.hosting().await)
}

/// Who is connected to this app's own server now.
#[tauri::command]
pub async fn connected(shell: TheShell<'_>) -> Answer<Vec<User>> {
    Ok(shell.connected().await)
}

/// Makes an invitation.
#[tauri::command]
pub async fn create_invite(account: TheAccount, request: InviteRequest) -> Answer<Invite> {
    account.session()?.create_invite(&request).await
}

/// The user's signed-in devices.
#[tauri::command]
pub async fn sessions(account: TheAccount) -> Answer<Vec<Session>> {
    account.session()?.sessions().await
}

/// Signs another device out.
#[tauri::command]
pub async fn revoke_session(account: TheAccount, id: SessionId) -> Answer<()> {
    account.session()?.revoke_session(&id).await
}

/// The network seems to be back, or the user is: waiting links try again at once.
#[tauri::command]
pub async fn nudge(shell: TheShell<'_>) -> Answer<()> {
    shell.nudge();
    Ok(())
}
