//! The one shape of every reply: `{"ok":true, …}` or `{"ok":false,"error":{…}}`.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, ErrorCode};

/// What a request is answered with: the reply's fields, or a refusal.
pub type Answer<T> = Result<T, Error>;

/// A reply without fields of its own: `{"ok":true}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ts_rs::TS, JsonSchema)]
pub struct Empty {}

/// The JSON Schema of a reply as [`to_wire`] writes it; never a value.
pub struct Answered<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for Answered<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Answered_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (fields, refusal) = (generator.subschema_for::<T>(), generator.subschema_for::<Refusal>());
        json_schema!({
            "oneOf": [
                { "allOf": [fields], "type": "object", "required": ["ok"], "properties": { "ok": { "const": true } } },
                refusal,
            ],
        })
    }
}

/// The other form that [`to_wire`] writes.
struct Refusal;

impl JsonSchema for Refusal {
    fn schema_name() -> Cow<'static, str> {
        "Refusal".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "required": ["ok", "error"],
            "properties": { "ok": { "const": false }, "error": generator.subschema_for::<Error>() },
        })
    }
}

/// The reply as it stands on the wire. `T` must serialise to an object; anything else is a defect of ours and
/// becomes `internal`.
pub fn to_wire<T: Serialize>(answer: &Answer<T>) -> Value {
    let body = match answer {
        Ok(body) => serde_json::to_value(body).map_err(|e| e.to_string()),
        Err(error) => return refusal(error),
    };
    match body {
        Ok(Value::Object(mut fields)) => {
            fields.insert("ok".into(), Value::Bool(true));
            Value::Object(fields)
        }
        Ok(Value::Null) => serde_json::json!({ "ok": true }),
        Ok(_) | Err(_) => refusal(&Error::new(ErrorCode::Internal, "The server could not write its answer.")),
    }
}

/// Reads a reply. One that has neither form is `internal`: the peer does not speak this protocol.
///
/// # Errors
/// The refusal that the reply carries, or `internal` when the reply cannot be read as a `T`.
pub fn from_wire<T: DeserializeOwned>(reply: Value) -> Answer<T> {
    let unreadable = || Error::new(ErrorCode::Internal, "The server's answer could not be read.");
    match reply.get("ok") {
        Some(Value::Bool(true)) => serde_json::from_value(reply).map_err(|_| unreadable()),
        Some(Value::Bool(false)) => {
            let error = reply.get("error").cloned().unwrap_or(Value::Null);
            Err(serde_json::from_value(error).unwrap_or_else(|_| unreadable()))
        }
        _ => Err(unreadable()),
    }
}

fn refusal(error: &Error) -> Value {
    let mut fields = Map::new();
    fields.insert("ok".into(), Value::Bool(false));
    fields.insert("error".into(), serde_json::to_value(error).unwrap_or(Value::Null));
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_forms_survive_the_wire() {
        let yes: Answer<Value> = Ok(json!({"read": 7}));
        assert_eq!(to_wire(&yes), json!({"ok": true, "read": 7}));
        let no: Answer<Value> = Err(Error::rate_limited(250));
        let wire = to_wire(&no);
        assert_eq!(wire["error"]["code"], "rate_limited");
        assert_eq!(wire["error"]["retry_after_ms"], 250);
        assert_eq!(from_wire::<Value>(wire).unwrap_err(), Error::rate_limited(250));
        assert_eq!(to_wire(&Ok(Empty {})), json!({"ok": true}));
    }

    #[test]
    fn a_reply_of_another_shape_is_an_error_not_a_panic() {
        for odd in [json!(null), json!([]), json!({"ok": 1}), json!({"ok": false}), json!("ok")] {
            assert!(from_wire::<Empty>(odd).is_err());
        }
    }
}
