//! What text may be: the one set of rules for messages and names, on both ends.

use unicode_normalization::UnicodeNormalization;

use crate::{Error, ErrorCode, limits};

/// A message's text, made canonical: NFC, `\r\n` as `\n`, without the white space around it.
///
/// # Errors
/// `bad_request` for an empty text or one with NUL; `too_large` for more than `max_bytes` of UTF-8.
pub fn message(text: &str, max_bytes: usize) -> Result<String, Error> {
    let text = message_with_files(text, max_bytes)?;
    if text.is_empty() { Err(Error::bad_request("A message needs some text.")) } else { Ok(text) }
}

/// The text of a message that carries files: like [`message`], but it may be empty.
///
/// # Errors
/// As [`message`].
pub fn message_with_files(text: &str, max_bytes: usize) -> Result<String, Error> {
    if text.len() > max_bytes {
        return Err(too_large(max_bytes));
    }
    if text.contains('\0') {
        return Err(Error::bad_request("A message cannot contain the NUL character."));
    }
    let text = text.replace("\r\n", "\n");
    // Most texts are; composing costs as much as all other parsing of a message.
    let text = if text.is_ascii() { text } else { text.nfc().collect() };
    let text = text.trim_matches(|c: char| c.is_whitespace());
    // NFC can grow a text (a few characters decompose), so the limit holds for the result too.
    if text.len() > max_bytes { Err(too_large(max_bytes)) } else { Ok(text.to_owned()) }
}

/// A name that people see: NFC, one line, single spaces, no control or invisible direction characters.
///
/// # Errors
/// `bad_request` when nothing visible is left or it is longer than [`limits::NAME_CHARS`] characters.
pub fn display_name(name: &str) -> Result<String, Error> {
    let visible: String = name.nfc().filter(|&c| !is_invisible(c)).collect();
    let name = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    match name.chars().count() {
        0 => Err(Error::bad_request("A name needs at least one visible character.")),
        n if n > limits::NAME_CHARS => {
            Err(Error::bad_request(format!("A name has at most {} characters.", limits::NAME_CHARS)))
        }
        _ => Ok(name),
    }
}

/// A one-line text that may be empty: a topic or a status.
///
/// # Errors
/// `too_large` for more than [`limits::TOPIC_BYTES`] bytes.
pub fn line(text: &str) -> Result<String, Error> {
    let visible: String = text.nfc().filter(|&c| !is_invisible(c)).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() > limits::TOPIC_BYTES { Err(too_large(limits::TOPIC_BYTES)) } else { Ok(line) }
}

/// A file's name for people, out of what an uploader says: NFC, the last part of a path, one visible line of at most
/// [`limits::FILE_NAME_BYTES`] that keeps its ending. `file` when nothing is left. It never names anything on a disk.
#[must_use]
pub fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let visible: String =
        last.nfc().filter(|&c| !is_invisible(c) && !matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|')).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    // Neither hidden nor a step up, where somebody saves it under its name.
    let line = line.trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    if line.is_empty() {
        return "file".to_owned();
    }
    if line.len() <= limits::FILE_NAME_BYTES {
        return line.to_owned();
    }
    let ending = line.rfind('.').map(|at| &line[at..]).filter(|ending| ending.len() <= 16).unwrap_or_default();
    let mut end = limits::FILE_NAME_BYTES - ending.len();
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &line[..end])
}

/// A login: 1 to 32 of `a-z 0-9 . _ -`, beginning with a letter or digit. Upper case is folded to lower.
///
/// # Errors
/// `bad_request` for anything else.
pub fn login(login: &str) -> Result<String, Error> {
    let login = login.trim().to_ascii_lowercase();
    let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = login.as_bytes();
    if bytes.len() <= 32
        && bytes.first().is_some_and(|&b| ok(b))
        && bytes.iter().all(|&b| ok(b) || matches!(b, b'.' | b'_' | b'-'))
    {
        if WIDE_LOGINS.contains(&login.as_str()) {
            return Err(Error::bad_request("That login stands for everybody in a room. Choose another one."));
        }
        Ok(login)
    } else {
        Err(Error::bad_request(
            "A login is 1 to 32 of a-z, 0-9, dot, dash and underscore, and begins with a letter or digit.",
        ))
    }
}

/// A room's name: `[a-z0-9][a-z0-9-_]{0,63}`.
///
/// # Errors
/// `bad_request` for anything else.
pub fn room_name(name: &str) -> Result<(), Error> {
    let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = name.as_bytes();
    if bytes.len() <= 64
        && bytes.first().is_some_and(|&b| ok(b))
        && bytes.iter().all(|&b| ok(b) || matches!(b, b'_' | b'-'))
    {
        Ok(())
    } else {
        Err(Error::bad_request(
            "A room's name is 1 to 64 of a-z, 0-9, dash and underscore, and begins with a letter or digit.",
        ))
    }
}

/// An emoji of a reaction: short, and nothing but visible characters.
///
/// # Errors
/// `bad_request` for anything else.
pub fn emoji(emoji: &str) -> Result<(), Error> {
    let plain = |c: char| c.is_control() || c.is_whitespace();
    if emoji.is_empty() || emoji.len() > 64 || emoji.chars().any(plain) {
        Err(Error::bad_request("A reaction is one emoji, or a short name without spaces."))
    } else {
        Ok(())
    }
}

/// The logins that a text mentions with `@login`, in order, each once. The `@` stands at the beginning or after a
/// character that cannot be part of a name or address, so that `a@b.example` mentions nobody.
#[must_use]
pub fn mentioned_logins(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut before = ' ';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '@' && !before.is_alphanumeric() {
            let end =
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(rest.len());
            // A full stop or dash at the end belongs to the sentence, not to the login.
            let login = rest[..end].trim_end_matches(['.', '-', '_']).to_ascii_lowercase();
            if !login.is_empty() && login.len() <= 32 && !found.contains(&login) {
                found.push(login);
            }
        }
        before = c;
    }
    found
}

/// Whom a text is for beside the people whom it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wide {
    /// `@here`: everybody in the room who is there.
    Here,
    /// `@room`: everybody in the room.
    Room,
}

/// The logins that mean many. Nobody can sign up with them.
pub const WIDE_LOGINS: [&str; 2] = ["here", "room"];

/// Whether a text is for everybody; the wider one where it says both.
#[must_use]
pub fn wide_mention(text: &str) -> Option<Wide> {
    let wide = |login: &String| match login.as_str() {
        "here" => Some(Wide::Here),
        "room" => Some(Wide::Room),
        _ => None,
    };
    // Most texts have none, and looking for the sign is much cheaper.
    text.contains('@').then(|| mentioned_logins(text).iter().filter_map(wide).max()).flatten()
}

/// What a message says in short: one line of at most so many characters, without what spoilers hide.
#[must_use]
pub fn excerpt(text: &str, max_chars: usize) -> String {
    let mut shown = String::new();
    for (part, piece) in text.split("||").enumerate() {
        // Between two marks; one that is never closed hides the rest, which is the safer mistake.
        shown.push_str(if part % 2 == 1 { "▒▒▒" } else { piece });
    }
    let line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

fn too_large(max_bytes: usize) -> Error {
    Error::new(ErrorCode::TooLarge, format!("That text is too long: at most {max_bytes} bytes."))
}

/// Control characters, and those that reorder or hide the text around them: a name made of them could pose as another.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{00AD}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_canonical_and_limited() {
        assert_eq!(message(" a\r\nb ", 100).unwrap(), "a\nb");
        assert_eq!(message("e\u{301}", 100).unwrap(), "é");
        assert_eq!(message("\0", 9).unwrap_err().code, ErrorCode::BadRequest);
        assert_eq!(message(" \n", 9).unwrap_err().code, ErrorCode::BadRequest);
        assert_eq!(message(&"x".repeat(10), 9).unwrap_err().code, ErrorCode::TooLarge);
    }

    #[test]
    fn names_cannot_hide_or_turn_around() {
        assert_eq!(display_name("  Ada \u{202E} Lovelace\n").unwrap(), "Ada Lovelace");
        assert!(display_name("\u{200B}").is_err());
        assert!(display_name(&"x".repeat(65)).is_err());
        assert_eq!(login("Ada.L").unwrap(), "ada.l");
        assert!(login(".ada").is_err() && login("ä").is_err() && login("").is_err());
        assert!(room_name("a-b_c").is_ok() && room_name("A").is_err() && room_name("-a").is_err());
    }

    #[test]
    fn an_excerpt_is_one_line_and_keeps_spoilers() {
        assert_eq!(excerpt("a\n\n b ||it was Bob|| c", 140), "a b ▒▒▒ c");
        assert_eq!(excerpt("it was ||Bob", 140), "it was ▒▒▒");
        assert_eq!(excerpt("äbcdef", 3), "äbc…");
        assert_eq!(excerpt("äbc", 3), "äbc");
    }

    #[test]
    fn wide_mentions_are_mentions() {
        assert_eq!(wide_mention("@here and @room!"), Some(Wide::Room));
        assert_eq!(wide_mention("lunch, @here?"), Some(Wide::Here));
        for text in ["mail me@room", "@roomy", "room", "@bob"] {
            assert_eq!(wide_mention(text), None, "{text}");
        }
        assert!(login("here").is_err() && login("Room").is_err());
    }

    #[test]
    fn file_names_are_one_visible_part_of_a_path() {
        assert_eq!(file_name("report.pdf"), "report.pdf");
        assert_eq!(file_name("../../etc/passwd"), "passwd");
        assert_eq!(file_name("C:\\docs\\a b.txt"), "a b.txt");
        assert_eq!(file_name("gpj.\u{202E}exe\u{0}\n.txt"), "gpj.exe .txt");
        assert_eq!(file_name("e\u{301}.png"), "é.png");
        for nothing in ["", "..", "/", " . ", "\u{200B}"] {
            assert_eq!(file_name(nothing), "file", "{nothing:?}");
        }
        let long = file_name(&format!("{}.tar", "ä".repeat(200)));
        assert!(long.len() <= limits::FILE_NAME_BYTES && long.ends_with("ä.tar"), "{long}");
    }

    #[test]
    fn mentions_are_found_where_people_mean_them() {
        assert_eq!(mentioned_logins("@ada, see (@bob.) and @ada"), ["ada", "bob"]);
        assert_eq!(mentioned_logins("mail a@b.example"), Vec::<String>::new());
        assert_eq!(mentioned_logins("é@ada @"), Vec::<String>::new());
    }
}
