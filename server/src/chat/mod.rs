//! The rules of the chat, without transport and without SQL.
