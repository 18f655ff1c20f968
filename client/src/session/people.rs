//! What somebody does about themselves and about others: their profile, what they keep on the server, whom they ignore.

use confab_protocol::account::{ProfileChange, Role, User};
use confab_protocol::answer::Empty;
use confab_protocol::event::{
    MemberRemove, MemberReply, MemberUpdate, PersonalReply, PersonalSet, ReminderRemove, ReminderSet, UserIgnore,
};
use confab_protocol::personal::Personal;
use confab_protocol::{Error, ReminderId, UserId};

use super::Session;

impl Session {
    /// Changes the caller's own profile. Others are told by the server.
    ///
    /// # Errors
    /// The server's refusal, or `unavailable` when it cannot be reached. So for all that follow.
    pub async fn update_profile(&self, change: &ProfileChange) -> Result<User, Error> {
        self.inner.http()?.update_profile(change).await
    }

    /// Gives somebody another role in the open workspace. Everybody there hears of it.
    ///
    /// # Errors
    /// As above; `forbidden` for who may not give or take that role.
    pub async fn update_member(&self, user: UserId, role: Role) -> Result<(), Error> {
        let MemberReply { member: _ } = self.ask(&MemberUpdate { user, role }).await?;
        Ok(())
    }

    /// Removes somebody from the open workspace and all of its rooms. What they wrote stays.
    ///
    /// # Errors
    /// As above; `forbidden` for who may not.
    pub async fn remove_member(&self, user: UserId) -> Result<(), Error> {
        let Empty {} = self.ask(&MemberRemove { user }).await?;
        Ok(())
    }

    /// Replaces when the caller wants no signals. An [`crate::view::Update::Personal`] follows, as for all below.
    ///
    /// # Errors
    /// As above.
    pub async fn set_personal(&self, request: PersonalSet) -> Result<Personal, Error> {
        let PersonalReply { personal } = self.ask_lobby(&request).await?;
        Ok(personal)
    }

    /// Begins or ends to ignore somebody.
    ///
    /// # Errors
    /// As above.
    pub async fn ignore(&self, user: UserId, on: bool) -> Result<Personal, Error> {
        let PersonalReply { personal } = self.ask_lobby(&UserIgnore { user, on }).await?;
        Ok(personal)
    }

    /// Asks to be reminded.
    ///
    /// # Errors
    /// As above.
    pub async fn set_reminder(&self, request: ReminderSet) -> Result<Personal, Error> {
        let PersonalReply { personal } = self.ask_lobby(&request).await?;
        Ok(personal)
    }

    /// A reminder was seen, or is not wanted any more.
    ///
    /// # Errors
    /// As above.
    pub async fn remove_reminder(&self, id: ReminderId) -> Result<Personal, Error> {
        let PersonalReply { personal } = self.ask_lobby(&ReminderRemove { id }).await?;
        Ok(personal)
    }
}
