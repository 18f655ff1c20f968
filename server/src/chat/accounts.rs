//! People: coming, signing in, changing their profile.

use confab_protocol::account::{ProfileChange, Role, Secret, Setup, SignIn, SignUp, SignUpRequest, User};
use confab_protocol::{Error, ErrorCode, FileId, InviteCode, SessionId, UserId, text};

use super::{Chat, now, unexpected_reply};
use crate::auth::{password, token};
use crate::store::{Done, NewSession, NewUser, Op, ProfileRow, Reply};

/// Who may come in: the server's policy.
#[derive(Debug, Clone, Copy)]
pub struct Admission {
    /// Who may make an account.
    pub sign_up: SignUp,
    /// Whether people may come by name alone.
    pub guests: bool,
}

/// Somebody who is signed in now.
#[derive(Debug)]
pub struct Welcome {
    /// Their new session's token.
    pub token: Secret,
    /// Who.
    pub user: User,
}

impl Chat {
    /// Makes the owner. The setup token is the caller's to check.
    ///
    /// # Errors
    /// `conflict` when there is an owner already.
    pub async fn set_up(&self, request: Setup, device: &str) -> Result<Welcome, Error> {
        let server_name = text::display_name(&request.server_name)?;
        let owner = NewUser {
            id: UserId::generate(),
            login: text::login(&request.login)?,
            display_name: text::display_name(&request.display_name)?,
            password_hash: None,
            role: Role::Owner,
            bot: false,
            guest: false,
        };
        password::check_shape(&request.password)?;
        if self.store.server().await?.set_up {
            return Err(Error::conflict("This server has an owner already. Ask them for an invitation."));
        }
        let owner = NewUser { password_hash: Some(self.passwords.hash(request.password).await?), ..owner };
        let (token, session) = new_session(&owner.id, device)?;
        let id = owner.id.clone();
        welcome(token, self.write(&id, Op::SetUp { server_name, owner, session }).await?)
    }

    /// Makes an account.
    ///
    /// # Errors
    /// `forbidden` when nobody may or an invitation is missing, `not_found` for a dead invitation, `conflict` for a
    /// login that is taken.
    pub async fn sign_up(&self, admission: Admission, request: SignUpRequest, device: &str) -> Result<Welcome, Error> {
        admit(admission.sign_up, request.invite.as_ref())?;
        let user = NewUser {
            id: UserId::generate(),
            login: text::login(&request.login)?,
            display_name: text::display_name(&request.display_name)?,
            password_hash: None,
            role: Role::Member,
            bot: false,
            guest: false,
        };
        password::check_shape(&request.password)?;
        self.check_set_up_and_invited(request.invite.as_ref()).await?;
        let user = NewUser { password_hash: Some(self.passwords.hash(request.password).await?), ..user };
        self.come_in(user, request.invite, device).await
    }

    /// Lets somebody in by name alone.
    ///
    /// # Errors
    /// As [`Chat::sign_up`].
    pub async fn guest(
        &self,
        admission: Admission,
        display_name: &str,
        invite: Option<InviteCode>,
        device: &str,
    ) -> Result<Welcome, Error> {
        if !admission.guests {
            return Err(Error::forbidden("This server takes no guests. Make an account."));
        }
        admit(admission.sign_up, invite.as_ref())?;
        let id = UserId::generate();
        let user = NewUser {
            // The id's last digits are random; `conflict` in the rare case that they are taken.
            login: format!("guest-{}", id.as_str().chars().rev().take(10).collect::<String>()),
            id,
            display_name: text::display_name(display_name)?,
            password_hash: None,
            role: Role::Guest,
            bot: false,
            guest: true,
        };
        self.check_set_up_and_invited(invite.as_ref()).await?;
        self.come_in(user, invite, device).await
    }

    /// Makes an account without a session, from the command line.
    ///
    /// # Errors
    /// `conflict` for a login that is taken.
    pub async fn add_user(&self, login: &str, display_name: &str, secret: Secret, role: Role) -> Result<User, Error> {
        let user = NewUser {
            id: UserId::generate(),
            login: text::login(login)?,
            display_name: text::display_name(display_name)?,
            password_hash: Some(self.passwords.hash(secret).await?),
            role,
            bot: false,
            guest: false,
        };
        let id = user.id.clone();
        match self.write(&id, Op::SignUp { user, session: None, invite: None }).await?.reply {
            Reply::Person { user, .. } => Ok(user),
            _ => Err(unexpected_reply()),
        }
    }

    /// Signs in with a password. An unknown login takes as long as a wrong password.
    ///
    /// # Errors
    /// `unauthorized`.
    pub async fn sign_in(&self, request: SignIn) -> Result<Welcome, Error> {
        let found = match text::login(&request.login) {
            Ok(login) => self.store.credentials(&login).await?,
            Err(_) => None,
        };
        let hash = found.as_ref().and_then(|found| found.password_hash.clone());
        let fits = self.passwords.verify(request.password, hash).await?;
        let Some(found) = found.filter(|_| fits) else {
            return Err(Error::new(ErrorCode::Unauthorized, "That login or password is wrong."));
        };
        let device = text::line(request.device.as_deref().unwrap_or_default())?;
        let device = if device.is_empty() { "Unnamed device" } else { &device };
        let (token, session) = new_session(&found.user.id, device)?;
        self.store.create_session(session).await?;
        Ok(Welcome { token, user: found.user })
    }

    /// Changes the caller's own profile. Answers with it, and with the sessions that ended because the password is new.
    ///
    /// # Errors
    /// `bad_request`, or `forbidden` when the present password is wrong.
    pub async fn change_profile(
        &self,
        user: &User,
        session: &SessionId,
        change: ProfileChange,
    ) -> Result<(User, Vec<SessionId>), Error> {
        let row = ProfileRow {
            display_name: change.display_name.as_deref().map(text::display_name).transpose()?,
            status: change.status.as_deref().map(text::line).transpose()?,
            status_until: change.status_until,
            avatar: match change.avatar {
                Some(id) if !id.is_empty() => Some(self.own_picture(&user.id, &id).await?),
                other => other,
            },
        };
        let mut ended = Vec::new();
        if let Some(new) = change.password {
            password::check_shape(&new)?;
            self.check_own_password(user, change.current_password).await?;
            let hash = self.passwords.hash(new).await?;
            self.store.set_password(&user.id, &hash).await?;
            ended = self.store.delete_sessions(&user.id, Some(session)).await?;
        }
        Ok((self.store.update_profile(&user.id, row).await?, ended))
    }

    /// Sets a password from the command line; every session ends.
    ///
    /// # Errors
    /// `not_found` for an unknown login.
    pub async fn reset_password(&self, login: &str, new: Secret) -> Result<(), Error> {
        let found = self.store.credentials(&text::login(login)?).await?.ok_or_else(Error::not_found)?;
        let hash = self.passwords.hash(new).await?;
        self.store.set_password(&found.user.id, &hash).await?;
        self.store.delete_sessions(&found.user.id, None).await?;
        Ok(())
    }

    /// An image of the caller's own, which may become a picture of theirs or of their workspace.
    pub(super) async fn own_picture(&self, user: &UserId, id: &str) -> Result<String, Error> {
        let file: FileId = id.parse().map_err(|_| Error::bad_request("A picture is the id of a file."))?;
        if self.store.use_as_picture(&file, user, now()).await? {
            Ok(id.to_owned())
        } else {
            Err(Error::bad_request("A picture is an image that you have uploaded yourself."))
        }
    }

    async fn check_own_password(&self, user: &User, current: Option<Secret>) -> Result<(), Error> {
        let current = current.ok_or_else(|| Error::bad_request("A new password needs `current_password`."))?;
        let hash = self.store.credentials(&user.login).await?.and_then(|found| found.password_hash);
        if self.passwords.verify(current, hash).await? {
            Ok(())
        } else {
            Err(Error::forbidden("That is not your present password."))
        }
    }

    /// Looks before the password is hashed, so that a dead invitation costs nothing. The write checks again.
    async fn check_set_up_and_invited(&self, invite: Option<&InviteCode>) -> Result<(), Error> {
        if !self.store.server().await?.set_up {
            return Err(Error::forbidden("This server is not set up yet."));
        }
        match invite {
            Some(code) if self.store.invite(code, now()).await?.is_none() => Err(Error::not_found()),
            _ => Ok(()),
        }
    }

    async fn come_in(&self, user: NewUser, invite: Option<InviteCode>, device: &str) -> Result<Welcome, Error> {
        let (token, session) = new_session(&user.id, device)?;
        let id = user.id.clone();
        welcome(token, self.write(&id, Op::SignUp { user, session: Some(session), invite }).await?)
    }
}

fn admit(sign_up: SignUp, invite: Option<&InviteCode>) -> Result<(), Error> {
    match (sign_up, invite) {
        (SignUp::Closed, _) => Err(Error::forbidden("Only an admin makes accounts on this server.")),
        (SignUp::Invite, None) => Err(Error::forbidden("You need an invitation to join this server.")),
        (SignUp::Open, _) | (SignUp::Invite, Some(_)) => Ok(()),
    }
}

fn new_session(user: &UserId, device: &str) -> Result<(Secret, NewSession), Error> {
    let token = token::generate().map_err(|_| unexpected_reply())?;
    let session = NewSession {
        id: SessionId::generate(),
        user: user.clone(),
        token: token::hash(&token.0),
        device: device.to_owned(),
        created: now(),
    };
    Ok((token, session))
}

fn welcome(token: Secret, done: Done) -> Result<Welcome, Error> {
    match done.reply {
        Reply::Person { user, .. } => Ok(Welcome { token, user }),
        _ => Err(unexpected_reply()),
    }
}
