//! Invitations: who may make them, and what a link tells.

use confab_protocol::account::{InviteInfo, InviteRequest, Role, User};
use confab_protocol::{Error, InviteCode, Slug, Timestamp};

use super::{Chat, now, unexpected_reply};
use crate::auth::token;
use crate::store::{InviteRow, NewInvite, Op, Reply};

const WEEK_S: u64 = 7 * 24 * 60 * 60;
const LONGEST_S: u64 = 365 * 24 * 60 * 60;
/// Rooms that one invitation names at most.
const ROOMS_MAX: usize = 50;

impl Chat {
    /// Makes an invitation.
    ///
    /// # Errors
    /// `not_found` for a workspace that the caller is not in or a room that they do not see; `forbidden` for guests
    /// and for a role above one's own.
    pub async fn make_invite(&self, user: &User, request: InviteRequest) -> Result<InviteRow, Error> {
        let workspace = self.store.workspace(&request.workspace, &user.id).await?.ok_or_else(Error::not_found)?;
        let own = workspace.role.ok_or_else(Error::not_found)?;
        let role = request.role.unwrap_or(Role::Member);
        match role {
            _ if own == Role::Guest => return Err(Error::forbidden("Guests cannot invite.")),
            Role::Owner => return Err(Error::bad_request("An invitation cannot make an owner.")),
            Role::Admin if own < Role::Admin => return Err(Error::forbidden("Only admins invite admins.")),
            _ => {}
        }
        let rooms = request.rooms.filter(|rooms| !rooms.is_empty());
        if rooms.as_ref().is_some_and(|rooms| rooms.len() > ROOMS_MAX) {
            return Err(Error::bad_request(format!("An invitation names at most {ROOMS_MAX} rooms.")));
        }
        for room in rooms.iter().flatten() {
            let (_, member) =
                self.store.room(&request.workspace, room, &user.id).await?.ok_or_else(Error::not_found)?;
            if !member {
                return Err(Error::forbidden("You can invite only to rooms that you are in."));
            }
        }
        if request.max_uses == Some(0) {
            return Err(Error::bad_request("`max_uses` is at least 1."));
        }
        let seconds = request.expires_in_s.unwrap_or(WEEK_S);
        if seconds == 0 || seconds > LONGEST_S {
            return Err(Error::bad_request("`expires_in_s` is between a second and a year."));
        }
        let expires = Timestamp::from_millis(now().as_millis().saturating_add_unsigned(seconds * 1000));
        let code = token::invite_code().map_err(|_| unexpected_reply())?;
        let row = InviteRow {
            code: code.clone(),
            workspace: request.workspace.clone(),
            workspace_name: workspace.name,
            role,
            creator: user.id.clone(),
            expires,
            uses_left: request.max_uses,
        };
        let invite = NewInvite {
            code,
            workspace: request.workspace,
            rooms,
            role,
            creator: user.id.clone(),
            expires,
            max_uses: request.max_uses,
        };
        self.store.create_invite(invite).await?;
        Ok(row)
    }

    /// The invitations that the caller may manage.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn invites(&self, user: &User) -> Result<Vec<InviteRow>, Error> {
        Ok(self.store.invites(&user.id, now()).await?)
    }

    /// Withdraws an invitation that the caller may manage.
    ///
    /// # Errors
    /// `not_found` for any other.
    pub async fn withdraw_invite(&self, user: &User, code: &InviteCode) -> Result<(), Error> {
        let own = self.invites(user).await?.iter().any(|invite| invite.code == *code);
        if own && self.store.delete_invite(code).await? { Ok(()) } else { Err(Error::not_found()) }
    }

    /// What anybody who holds a link may know.
    ///
    /// # Errors
    /// `not_found` for a code that is not live.
    pub async fn invite_info(&self, code: &InviteCode) -> Result<InviteInfo, Error> {
        let invite = self.store.invite(code, now()).await?.ok_or_else(Error::not_found)?;
        Ok(InviteInfo { server_name: self.store.server().await?.name, workspace_name: invite.workspace_name })
    }

    /// Follows an invitation as somebody who has an account.
    ///
    /// # Errors
    /// `not_found` for a code that is not live.
    pub async fn redeem(&self, user: &User, code: InviteCode) -> Result<Slug, Error> {
        match self.write(&user.id, Op::Redeem { invite: code }).await?.reply {
            Reply::Workspace { slug, .. } => Ok(slug),
            _ => Err(unexpected_reply()),
        }
    }
}
