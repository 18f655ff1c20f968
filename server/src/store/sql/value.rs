//! What goes into a statement and comes out of a row.

use confab_protocol::account::Role;
use confab_protocol::personal::Level;
use confab_protocol::room::RoomKind;
use confab_protocol::{
    Cid, Epoch, InviteCode, MessageId, ReminderId, RoomId, ServerId, SessionId, Slug, Timestamp, UserId,
};

use crate::store::{Result, StoreError, TokenHash};

/// A value for a placeholder.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum Param<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

/// A value out of a column.
#[derive(Debug, Default)]
pub(in crate::store) enum Value {
    #[default]
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// A row, whose values are taken out one by one.
#[derive(Debug)]
pub(in crate::store) struct Row(pub Vec<Value>);

impl Row {
    /// Takes the value of a column out of the row.
    ///
    /// # Errors
    /// `Corrupt` when it is not a `T`: only a damaged or foreign database holds such a value.
    pub fn take<T: FromValue>(&mut self, column: usize) -> Result<T> {
        let value = self.0.get_mut(column).map(std::mem::take).unwrap_or_default();
        T::from_value(value).ok_or_else(|| StoreError::Corrupt(format!("column {column} holds a value that cannot be")))
    }
}

/// What a column can be read as. None when the value is of another type.
pub(in crate::store) trait FromValue: Sized {
    fn from_value(value: Value) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Option<Self> {
        if let Value::Int(value) = value { Some(value) } else { None }
    }
}

impl FromValue for u64 {
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for u32 {
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value).map(|value| value != 0)
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value).map(Self::from_millis)
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Option<Self> {
        if let Value::Text(value) = value { Some(value) } else { None }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Option<Self> {
        if let Value::Blob(value) = value { Some(value) } else { None }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Option<Self> {
        if let Value::Null = value { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Param<'_> {
    /// Saturates: a `seq` beyond every log stays beyond every log.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Param<'_> {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<usize> for Param<'_> {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<Timestamp> for Param<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_millis())
    }
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Blob(value)
    }
}

impl<'a> From<&'a TokenHash> for Param<'a> {
    fn from(value: &'a TokenHash) -> Self {
        Self::Blob(&value.0)
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! ids {
    ($($id:ty),*) => {$(
        impl<'a> From<&'a $id> for Param<'a> {
            fn from(id: &'a $id) -> Self {
                Self::Text(id.as_str())
            }
        }

        impl FromValue for $id {
            fn from_value(value: Value) -> Option<Self> {
                Self::try_from(String::from_value(value)?).ok()
            }
        }
    )*};
}
ids!(confab_protocol::FileId, UserId, RoomId, MessageId, ReminderId, Cid, SessionId, ServerId, Epoch, InviteCode, Slug);

macro_rules! names {
    ($($kind:ty { $($variant:ident = $name:literal),* })*) => {$(
        impl From<$kind> for Param<'_> {
            fn from(value: $kind) -> Self {
                Self::Text(match value { $(<$kind>::$variant => $name),* })
            }
        }

        impl FromValue for $kind {
            fn from_value(value: Value) -> Option<Self> {
                match String::from_value(value)?.as_str() {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    )*};
}
names! {
    Role { Guest = "guest", Member = "member", Admin = "admin", Owner = "owner" }
    Level { All = "all", Mentions = "mentions", None = "none" }
    RoomKind { Public = "public", Private = "private", Direct = "direct" }
}
