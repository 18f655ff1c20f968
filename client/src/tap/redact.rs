//! What may be shown of a body.
//!
//! A list of what is harmless, not of what is not: a field that nobody thought of is covered. Without the viewer's wish only
//! ids, codes, times and numbers are shown. With it texts are, too, but what lets somebody in never is.
//!
//! `ui/src/port/web/redact.ts` is the same in a browser; `protocol/vectors/redact.json` holds both.

use confab_protocol::ErrorCode;
use serde_json::{Map, Value};

/// Fields whose texts are ids, names of kinds, or times.
const PLAIN: [&str; 41] = [
    "after",
    "at",
    "author",
    "before",
    "cause",
    "change",
    "cid",
    "client",
    "created",
    "dnd_until",
    "edited_ts",
    "epoch",
    "expires",
    "from",
    "has",
    "id",
    "incomplete",
    "kind",
    "last_ts",
    "level",
    "mentions",
    "mime",
    "on",
    "presence",
    "present",
    "reply_to",
    "rid",
    "role",
    "room",
    "rooms",
    "seq",
    "slug",
    "state",
    "status_until",
    "thread",
    "ts",
    "user",
    "users",
    "version",
    "why",
    "workspace",
];
/// Parts of the names of fields that let somebody in.
const SECRET: [&str; 8] =
    ["authorization", "cookie", "credential", "invite", "passphrase", "password", "secret", "token"];
/// Where codes of invitations and of webhooks stand in addresses.
const IN_ADDRESSES: [&str; 2] = ["join/", "hooks/"];
/// A run of so many letters, digits, `-` and `_` is taken for a secret: a token of 256 bits has 43, an id 36 at most.
const LONG: usize = 40;
/// The longest text that is shown.
const TEXT: usize = 2_000;
/// The most that is shown of a body, in values: a page of a log has thousands.
const VALUES: usize = 400;

const HIDDEN: &str = "‹secret›";
const MORE: &str = "‹more›";

/// Makes bodies fit to be shown.
#[derive(Debug, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// One that knows these secrets, and never shows them wherever they stand.
    #[must_use]
    pub fn knowing(secrets: impl IntoIterator<Item = String>) -> Self {
        Self { secrets: secrets.into_iter().filter(|secret| !secret.is_empty()).collect() }
    }

    /// What is left of a body, with what people wrote or without.
    #[must_use]
    pub fn shown(&self, body: &Value, texts: bool) -> Value {
        Walk { redactor: self, texts, left: VALUES }.value("", body)
    }

    /// A text without what lets somebody in.
    #[must_use]
    pub fn scrubbed(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret, HIDDEN);
        }
        for place in IN_ADDRESSES {
            text = without_codes(&text, place);
        }
        without_long_runs(&text)
    }
}

struct Walk<'a> {
    redactor: &'a Redactor,
    texts: bool,
    left: usize,
}

impl Walk<'_> {
    fn value(&mut self, key: &str, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) if !is_secret(key) => value.clone(),
            Value::Null => Value::Null,
            _ if is_secret(key) => HIDDEN.into(),
            Value::Array(items) => {
                let mut shown = Vec::new();
                for item in items {
                    if self.spent() {
                        shown.push(MORE.into());
                        break;
                    }
                    shown.push(self.value(key, item));
                }
                shown.into()
            }
            Value::Object(fields) => self.object(fields),
            Value::String(text) => self.text(key, text).into(),
            Value::Bool(_) | Value::Number(_) => HIDDEN.into(),
        }
    }

    fn object(&mut self, fields: &Map<String, Value>) -> Value {
        let is_error = fields.get("code").and_then(Value::as_str).is_some_and(is_code);
        let mut shown = Map::new();
        for (key, value) in fields {
            if self.spent() {
                shown.insert(MORE.into(), Value::Null);
                break;
            }
            let value = match (key.as_str(), value) {
                // The server's own sentence about a refusal: nothing of anybody's is in it.
                ("code" | "message", Value::String(text)) if is_error => self.redactor.scrubbed(text).into(),
                ("code", _) => HIDDEN.into(),
                _ => self.value(key, value),
            };
            let key = if self.texts || is_plain(key) { self.redactor.scrubbed(key) } else { covered(key) };
            shown.insert(key, value);
        }
        shown.into()
    }

    fn text(&self, key: &str, text: &str) -> String {
        if text.is_empty() {
            String::new()
        } else if self.texts {
            // Cut afterwards: what is left of a secret at the edge would not look like one.
            cut(&self.redactor.scrubbed(text))
        } else if PLAIN.contains(&key) && is_plain(text) {
            self.redactor.scrubbed(text)
        } else {
            covered(text)
        }
    }

    fn spent(&mut self) -> bool {
        let spent = self.left == 0;
        self.left = self.left.saturating_sub(1);
        spent
    }
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET.iter().any(|part| key.contains(part))
}

fn is_code(text: &str) -> bool {
    ErrorCode::from_wire(text).is_some()
}

/// Whether it may be an id, a name of a kind or a time: never a sentence.
fn is_plain(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:/@*+-".contains(&byte))
}

fn covered(text: &str) -> String {
    match text.chars().count() {
        1 => "‹1 character›".into(),
        n => format!("‹{n} characters›"),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => format!("{}{MORE}", &text[..end]),
        None => text.to_owned(),
    }
}

fn without_codes(text: &str, place: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(place) {
        let (before, code) = rest.split_at(at + place.len());
        let end = code.find(|c: char| c.is_ascii_whitespace() || "\"'<>()[]".contains(c)).unwrap_or(code.len());
        out.push_str(before);
        if end > 0 {
            out.push_str(HIDDEN);
        }
        rest = &code[end..];
    }
    out + rest
}

fn without_long_runs(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let of_run = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    while !rest.is_empty() {
        let run = rest.find(|c| !of_run(c)).unwrap_or(rest.len());
        out.push_str(if run >= LONG { HIDDEN } else { &rest[..run] });
        let between = rest[run..].find(of_run).map_or(rest.len(), |end| run + end);
        out.push_str(&rest[run..between]);
        rest = &rest[between..];
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize)]
    struct Case {
        about: String,
        body: Value,
        covered: Value,
        full: Value,
    }

    #[derive(Deserialize)]
    struct Vectors {
        secrets: Vec<String>,
        cases: Vec<Case>,
    }

    #[test]
    fn what_is_shown_is_what_the_table_says() {
        let vectors: Vectors =
            serde_json::from_str(include_str!("../../../protocol/vectors/redact.json")).expect("the table");
        let redactor = Redactor::knowing(vectors.secrets);
        for Case { about, body, covered, full } in vectors.cases {
            assert_eq!(redactor.shown(&body, false), covered, "{about}");
            assert_eq!(redactor.shown(&body, true), full, "{about}, with texts");
        }
    }

    #[test]
    fn a_page_of_a_log_is_shown_in_part() {
        let entries: Vec<Value> = (0..500).map(|seq| json!({ "seq": seq, "kind": "message", "text": "x" })).collect();
        let shown = Redactor::default().shown(&json!({ "entries": entries }), false);
        let entries = shown["entries"].as_array().unwrap();
        assert!(entries.len() < 120, "{}", entries.len());
        assert_eq!(entries.last(), Some(&json!(MORE)));
    }

    /// A body with the secret somewhere: as a value, within a text, as the name of a field, at any depth.
    fn bodies(secret: &'static str) -> impl Strategy<Value = Value> {
        let texts = prop_oneof![
            Just(secret.to_owned()),
            ".{0,12}".prop_map(move |around| format!("{around}{secret}")),
            "[a-zA-Z0-9_ ‹/.-]{0,60}".prop_map(move |around| format!("{secret}{around}")),
            ".{0,2100}".prop_map(move |before| format!("{before} {secret}")),
            "[a-z_]{1,8}",
        ];
        let keys = prop_oneof![
            prop::sample::select(PLAIN.to_vec()).prop_map(str::to_owned),
            prop::sample::select(vec!["text", "token", "code", "message", "query", "name", "setup_token"])
                .prop_map(str::to_owned),
            Just(secret.to_owned()),
            Just(format!("x{secret}")),
        ];
        let leaf = prop_oneof![texts.prop_map(Value::from), any::<u32>().prop_map(Value::from), Just(Value::Null)];
        leaf.prop_recursive(4, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((keys.clone(), inner), 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// As the server makes them, and of a kind that only whoever knows it can tell from a word.
    const TOKEN: &str = "q2_Zx8-LkP0vVtY7mB3nC5dF1gH9jK4sA6wE2rTuIoM";
    const WORD: &str = "hunter2";

    proptest! {
        #[test]
        fn no_token_is_ever_shown(body in bodies(TOKEN), texts: bool, known: bool) {
            let redactor = Redactor::knowing(known.then(|| TOKEN.to_owned()));
            let shown = redactor.shown(&body, texts).to_string();
            prop_assert!(!shown.contains(TOKEN), "{shown}");
        }

        #[test]
        fn no_secret_that_is_known_is_ever_shown(body in bodies(WORD), texts: bool) {
            let shown = Redactor::knowing([WORD.to_owned()]).shown(&body, texts).to_string();
            prop_assert!(!shown.contains(WORD), "{shown}");
        }

        #[test]
        fn nothing_that_was_written_is_shown_unless_asked_for(text in "[A-Za-z ]{1,30} [A-Za-z ]{1,30}", key in "[a-z_]{1,12}") {
            let shown = Redactor::default().shown(&json!({ key: [{ "text": text, "room": text }] }), false).to_string();
            prop_assert!(!shown.contains(&text), "{shown}");
        }
    }
}
