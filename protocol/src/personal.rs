//! What a person keeps on the server for themselves: when they want no signals, whom they ignore, what to be reminded of.
//! Nobody else sees any of it, but for [`crate::workspace::Member::dnd_until`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ReminderId, RoomId, Seq, Slug, Timestamp, UserId};

/// What a room may signal to one of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Every message.
    All,
    /// What mentions them, and every message of a direct room.
    #[default]
    Mentions,
    /// Nothing: the room is muted.
    None,
}

/// All of it, as one state: whatever changes, the whole of it is told anew.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, JsonSchema)]
pub struct Personal {
    /// No notifications until then. The others see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub dnd_until: Option<Timestamp>,
    /// No notifications at these hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub quiet: Option<QuietHours>,
    /// Offline to the others, whatever their devices say.
    pub invisible: bool,
    /// Whom they ignore, in the order of the ids.
    pub ignored: Vec<UserId>,
    /// What they want to be reminded of, the next one first. Devices have clocks: each shows them when they are due.
    pub reminders: Vec<Reminder>,
}

/// Hours of the day at which somebody wants no notifications, by the clock of the device that would show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct QuietHours {
    /// When they begin: minutes after midnight, 0 to 1439.
    pub from: u16,
    /// When they end, not before: minutes after midnight. Not later than `from` means on the next day.
    pub to: u16,
    /// On which days they begin: 1 for Monday, 2 for Tuesday, 4 for Wednesday and so on to 64 for Sunday, added up.
    pub days: u8,
}

/// A time on the clock of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// 0 for Monday to 6 for Sunday.
    pub weekday: u8,
    /// Minutes after midnight.
    pub minute: u16,
}

/// Something to be reminded of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Reminder {
    /// Which.
    pub id: ReminderId,
    /// Where it was asked for.
    pub workspace: Slug,
    /// In which room.
    pub room: RoomId,
    /// Of what.
    pub text: String,
    /// The message of that room that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seq: Option<Seq>,
    /// When. It stays until it is removed.
    pub at: Timestamp,
}

/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;
/// Every day of the week in [`QuietHours::days`].
pub const EVERY_DAY: u8 = 0b111_1111;

impl QuietHours {
    /// Whether the numbers can be.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.from < DAY_MINUTES && self.to < DAY_MINUTES && self.days > 0 && self.days <= EVERY_DAY
    }

    /// Whether a time lies in them.
    #[must_use]
    pub fn covers(&self, local: LocalTime) -> bool {
        let begins = |weekday: u8| self.days & (1 << weekday) != 0;
        let (today, yesterday) = (begins(local.weekday % 7), begins((local.weekday + 6) % 7));
        if self.from < self.to {
            today && self.from <= local.minute && local.minute < self.to
        } else {
            (today && self.from <= local.minute) || (yesterday && local.minute < self.to)
        }
    }
}

impl Personal {
    /// Whether no notification is wanted now.
    #[must_use]
    pub fn is_quiet(&self, now: Timestamp, local: LocalTime) -> bool {
        self.dnd_until.is_some_and(|until| now < until) || self.quiet.is_some_and(|quiet| quiet.covers(local))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_go_over_midnight_and_belong_to_the_day_on_which_they_begin() {
        let at = |weekday: u8, hour: u16| LocalTime { weekday, minute: hour * 60 };
        let nights = QuietHours { from: 22 * 60, to: 7 * 60, days: 0b001_1111 };
        assert!(nights.covers(at(4, 22)) && nights.covers(at(5, 6)), "the night from Friday to Saturday");
        assert!(!nights.covers(at(5, 22)) && !nights.covers(at(6, 6)), "none begins on Saturday");
        assert!(!nights.covers(at(0, 6)) && !nights.covers(at(1, 7)) && !nights.covers(at(1, 21)));
        let lunch = QuietHours { from: 12 * 60, to: 13 * 60, days: EVERY_DAY };
        assert!(lunch.covers(at(6, 12)) && !lunch.covers(at(6, 13)) && !lunch.covers(at(6, 11)));
        let sundays = QuietHours { from: 0, to: 0, days: 64 };
        assert!(sundays.covers(at(6, 0)) && sundays.covers(at(6, 23)) && !sundays.covers(at(0, 0)));
        assert!(!QuietHours { from: DAY_MINUTES, ..lunch }.is_sound() && !QuietHours { days: 0, ..lunch }.is_sound());
    }
}
