//! When which reminders are told. A pure account of it: the clock is asked outside.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use confab_client::view::AccountKey;
use confab_protocol::personal::{LocalTime, Personal, Reminder};
use confab_protocol::{ReminderId, Timestamp};

/// A timer stands still while the computer sleeps, and quiet hours end by the clock on the wall: both are looked at this often.
const LOOK: Duration = Duration::from_secs(30);

/// Which reminders were told.
#[derive(Debug, Default)]
pub(super) struct Reminders {
    told: HashSet<(AccountKey, ReminderId)>,
    /// Accounts that were heard of. What was due before is older than this run of the app, and the page shows it.
    known: HashSet<AccountKey>,
}

impl Reminders {
    /// How long until something may be due; none while there is nothing to be reminded of.
    pub fn wait(&mut self, all: &BTreeMap<AccountKey, Personal>, now: Timestamp, local: LocalTime) -> Option<Duration> {
        self.meet(all, now);
        let left = |(key, reminder): (&AccountKey, &Reminder)| {
            let left = u64::try_from(reminder.at.as_millis() - now.as_millis()).unwrap_or_default();
            let waits_for_quiet_to_end = left == 0 && all[key].is_quiet(now, local);
            if waits_for_quiet_to_end { LOOK } else { LOOK.min(Duration::from_millis(left)) }
        };
        self.untold(all).map(left).min()
    }

    /// What is due, each once. Nothing of an account that is quiet: that waits.
    pub fn due(
        &mut self,
        all: &BTreeMap<AccountKey, Personal>,
        now: Timestamp,
        local: LocalTime,
    ) -> Vec<(AccountKey, Reminder)> {
        self.meet(all, now);
        let due: Vec<_> = self
            .untold(all)
            .filter(|(key, reminder)| reminder.at <= now && !all[*key].is_quiet(now, local))
            .map(|(key, reminder)| (key.clone(), reminder.clone()))
            .collect();
        self.told.extend(due.iter().map(|(key, reminder)| (key.clone(), reminder.id.clone())));
        due
    }

    /// Hears of new accounts, and forgets what is gone.
    fn meet(&mut self, all: &BTreeMap<AccountKey, Personal>, now: Timestamp) {
        for (key, personal) in all {
            if self.known.insert(key.clone()) {
                let late = personal.reminders.iter().filter(|reminder| reminder.at <= now);
                self.told.extend(late.map(|reminder| (key.clone(), reminder.id.clone())));
            }
        }
        self.known.retain(|key| all.contains_key(key));
        self.told.retain(|(key, id)| is_kept(all, key, id));
    }

    fn untold<'a>(
        &self,
        all: &'a BTreeMap<AccountKey, Personal>,
    ) -> impl Iterator<Item = (&'a AccountKey, &'a Reminder)> {
        all.iter()
            .flat_map(|(key, personal)| personal.reminders.iter().map(move |reminder| (key, reminder)))
            .filter(|(key, reminder)| !self.told.contains(&((*key).clone(), reminder.id.clone())))
    }
}

/// Whether somebody still wants to be reminded of it.
pub(super) fn is_kept(all: &BTreeMap<AccountKey, Personal>, key: &AccountKey, id: &ReminderId) -> bool {
    all.get(key).is_some_and(|personal| personal.reminders.iter().any(|kept| kept.id == *id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: LocalTime = LocalTime { weekday: 0, minute: 12 * 60 };

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn reminder(id: &str, due: i64) -> Reminder {
        Reminder {
            id: id.parse().unwrap(),
            workspace: "general".parse().unwrap(),
            room: "r".parse().unwrap(),
            text: id.into(),
            seq: None,
            at: at(due),
        }
    }

    fn told(due: Vec<(AccountKey, Reminder)>) -> Vec<String> {
        due.into_iter().map(|(key, reminder)| format!("{} {}", key.0, reminder.text)).collect()
    }

    #[test]
    fn each_is_told_once_when_it_is_due() {
        let mut reminders = Reminders::default();
        let key = AccountKey("a".into());
        let kept = |list: &[(&str, i64)]| {
            let reminders = list.iter().map(|(id, due)| reminder(id, *due)).collect();
            BTreeMap::from([(key.clone(), Personal { reminders, ..Personal::default() })])
        };
        assert_eq!(reminders.wait(&BTreeMap::new(), at(0), NOON), None);
        let all = kept(&[("old", 900), ("tea", 3_000), ("cake", 100_000)]);
        assert_eq!(reminders.wait(&all, at(1_000), NOON), Some(Duration::from_secs(2)), "the old one is the page's");
        assert!(reminders.due(&all, at(2_999), NOON).is_empty());
        assert_eq!(reminders.wait(&all, at(3_005), NOON), Some(Duration::ZERO), "something else came just then");
        assert_eq!(told(reminders.due(&all, at(3_000), NOON)), ["a tea"]);
        assert!(reminders.due(&all, at(3_001), NOON).is_empty());
        assert_eq!(reminders.wait(&all, at(3_001), NOON), Some(LOOK), "the computer may sleep meanwhile");
        // For later: another one, of the same words.
        let all = kept(&[("tea", 50_000), ("cake", 100_000)]);
        assert!(reminders.due(&all, at(50_000), NOON).is_empty(), "the same one is not told again");
        assert_eq!(told(reminders.due(&kept(&[("again", 50_000)]), at(50_000), NOON)), ["a again"]);
        assert_eq!(reminders.wait(&kept(&[]), at(50_001), NOON), None);
    }

    #[test]
    fn whoever_is_not_to_be_disturbed_is_told_after_it() {
        let mut reminders = Reminders::default();
        let key = AccountKey("a".into());
        let personal =
            Personal { dnd_until: Some(at(9_000)), reminders: vec![reminder("tea", 5_000)], ..Personal::default() };
        let all = BTreeMap::from([(key, personal)]);
        assert_eq!(reminders.wait(&all, at(1_000), NOON), Some(Duration::from_secs(4)));
        assert!(reminders.due(&all, at(5_000), NOON).is_empty());
        assert_eq!(reminders.wait(&all, at(5_000), NOON), Some(LOOK));
        assert_eq!(told(reminders.due(&all, at(35_000), NOON)), ["a tea"]);
    }
}
