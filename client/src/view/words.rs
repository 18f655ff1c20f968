//! What a shell says itself, outside of the page: in the page's language, since the page has the catalogues.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Around a name within a sentence that runs the other way (first strong isolate, and its end), or it would turn what is
/// beside it.
const ISOLATE: (char, char) = ('\u{2068}', '\u{2069}');

/// The words of a shell. The page hands them over when it starts and when it speaks another language; until then they are
/// those of the last time, or English. `{placeholders}` are filled in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct ShellWords {
    /// In the tray's menu: shows the window.
    pub tray_open: String,
    /// In the tray's menu: no notifications.
    pub tray_quiet: String,
    /// In the tray's menu: ends the app.
    pub tray_quit: String,
    /// On a notification: shows its message.
    pub notification_open: String,
    /// In place of a message that is not to be read over somebody's shoulder.
    pub notification_hidden: String,
    /// Who wrote where: `{author}`, `{room}`.
    pub notification_title: String,
    /// The same where there are several servers: `{title}`, `{server}`.
    pub notification_title_on: String,
    /// Over what somebody asked to be reminded of.
    pub notification_reminder: String,
    /// Over the dialog in which files are chosen.
    pub dialog_files: String,
    /// Over the dialog in which a picture is chosen.
    pub dialog_picture: String,
    /// Over the dialog that asks where to save a file.
    pub dialog_save: String,
    /// In such a dialog: only pictures are shown.
    pub dialog_pictures: String,
}

impl Default for ShellWords {
    fn default() -> Self {
        Self {
            tray_open: "Open Confab".into(),
            tray_quiet: "Do not disturb".into(),
            tray_quit: "Quit".into(),
            notification_open: "Open".into(),
            notification_hidden: "New message".into(),
            notification_title: "{author} in {room}".into(),
            notification_title_on: "{title} · {server}".into(),
            notification_reminder: "Reminder".into(),
            dialog_files: "Choose files".into(),
            dialog_picture: "Choose a picture".into(),
            dialog_save: "Save file".into(),
            dialog_pictures: "Pictures".into(),
        }
    }
}

impl ShellWords {
    /// Who wrote in which room.
    #[must_use]
    pub fn written_in(&self, author: &str, room: &str) -> String {
        filled(&self.notification_title, &[("author", author), ("room", room)])
    }

    /// The title of a notification from one of several servers.
    #[must_use]
    pub fn title_on(&self, title: &str, server: &str) -> String {
        filled(&self.notification_title_on, &[("title", title), ("server", server)])
    }
}

/// A sentence with its placeholders filled in, as the page's `t` does it. What a value says is no placeholder, and one
/// without a value stays as it is.
fn filled(sentence: &str, values: &[(&str, &str)]) -> String {
    let turned = runs_left(sentence);
    let mut out = String::new();
    let mut rest = sentence;
    while let Some((before, slot, after)) = next_slot(rest) {
        out.push_str(before);
        match values.iter().find(|(name, _)| *name == slot) {
            Some((_, value)) if turned || runs_left(value) => {
                out.push(ISOLATE.0);
                out.push_str(value);
                out.push(ISOLATE.1);
            }
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    out + rest
}

/// What is before the first placeholder, its name, and what is after it.
fn next_slot(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (slot, after) = rest.split_once('}')?;
    Some((before, slot, after))
}

/// Whether anything in it is written from right to left.
fn runs_left(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_and_are_no_placeholders_themselves() {
        let words = ShellWords::default();
        assert_eq!(words.written_in("Ada", "general"), "Ada in general");
        assert_eq!(words.written_in("{room}", "{author}"), "{room} in {author}");
        let german =
            ShellWords { notification_title: "In {room}: {author} {unknown} {".into(), ..ShellWords::default() };
        assert_eq!(german.written_in("Ada", "general"), "In general: Ada {unknown} {");
    }

    #[test]
    fn a_name_that_runs_the_other_way_turns_nothing_around_it() {
        let words = ShellWords::default();
        assert_eq!(words.title_on("سارة", "Home"), "\u{2068}سارة\u{2069} · Home");
        let arabic = ShellWords { notification_title: "{author} في {room}".into(), ..words };
        assert_eq!(arabic.written_in("Ada", "general"), "\u{2068}Ada\u{2069} في \u{2068}general\u{2069}");
    }

    #[test]
    fn words_that_an_older_version_did_not_keep_are_english() {
        let kept: ShellWords = serde_json::from_str(r#"{ "tray_quit": "Beenden" }"#).unwrap();
        assert_eq!(kept, ShellWords { tray_quit: "Beenden".into(), ..ShellWords::default() });
    }
}
