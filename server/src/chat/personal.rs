//! What people keep on the server for themselves.

use confab_protocol::event::{PersonalSet, ReminderSet, UserIgnore};
use confab_protocol::personal::{Personal, Reminder};
use confab_protocol::{Error, ReminderId, UserId, text};

use super::{Chat, now};
use crate::store::PersonalRow;

impl Chat {
    /// `personal:set`.
    ///
    /// # Errors
    /// `bad_request` for hours that cannot be.
    pub async fn set_personal(&self, user: &UserId, request: PersonalSet) -> Result<Personal, Error> {
        let PersonalSet { dnd_until, quiet, invisible } = request;
        if quiet.is_some_and(|quiet| !quiet.is_sound()) {
            return Err(Error::bad_request("Quiet hours are minutes of a day, on at least one day of the week."));
        }
        let dnd_until = dnd_until.filter(|until| *until > now());
        Ok(self.store.set_personal(user, PersonalRow { dnd_until, quiet, invisible }).await?)
    }

    /// `user:ignore`.
    ///
    /// # Errors
    /// `not_found` for nobody, `bad_request` for oneself.
    pub async fn ignore(&self, user: &UserId, request: UserIgnore) -> Result<Personal, Error> {
        if request.user == *user {
            return Err(Error::bad_request("You cannot ignore yourself."));
        }
        Ok(self.store.ignore(user, &request.user, request.on).await?)
    }

    /// `reminder:set`.
    ///
    /// # Errors
    /// `bad_request` for a time that has passed or a text that says nothing, `not_found` for a room that the caller is
    /// not in.
    pub async fn remind(&self, user: &UserId, request: ReminderSet) -> Result<Personal, Error> {
        let ReminderSet { workspace, room, text, seq, at } = request;
        let text = text::line(&text)?;
        if text.is_empty() {
            return Err(Error::bad_request("A reminder needs some text."));
        }
        if at <= now() {
            return Err(Error::bad_request("That time has passed already."));
        }
        self.check_in_room(&workspace, user, &room).await?;
        let reminder = Reminder { id: ReminderId::generate(), workspace, room, text, seq, at };
        Ok(self.store.add_reminder(user, reminder).await?)
    }
}
