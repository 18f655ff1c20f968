//! The clock of this computer, and where its owner is on it.

use confab_protocol::Timestamp;
use confab_protocol::personal::LocalTime;

/// When a day begins for somebody who says only "tomorrow".
const MORNING: i8 = 9;

/// The time.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// The time as a clock on the wall has it.
#[must_use]
pub fn local() -> LocalTime {
    let now = jiff::Zoned::now();
    let weekday = now.weekday().to_monday_zero_offset().unsigned_abs();
    let minute = u16::from(now.hour().unsigned_abs()) * 60 + u16::from(now.minute().unsigned_abs());
    LocalTime { weekday, minute }
}

/// Tomorrow morning; in a day, where the calendar ends.
#[must_use]
pub fn tomorrow() -> Timestamp {
    let now = jiff::Zoned::now();
    let morning =
        now.tomorrow().and_then(|day| day.with().hour(MORNING).minute(0).second(0).subsec_nanosecond(0).build());
    let ms =
        morning.map_or_else(|_| now.timestamp().as_millisecond() + 86_400_000, |at| at.timestamp().as_millisecond());
    Timestamp::from_millis(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tomorrow_is_within_two_days() {
        let hour = 3_600_000;
        let ahead = tomorrow().as_millis() - now().as_millis();
        assert!((8 * hour..=34 * hour).contains(&ahead), "{ahead}");
        assert!(local().weekday < 7 && local().minute < 24 * 60);
    }
}
