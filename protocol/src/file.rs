//! Files: what an upload is answered with, and what messages carry.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::FileId;

/// A file on the server: the answer of `POST /files`, and the items of a message's `files`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct FileInfo {
    /// The server's id of it.
    pub id: FileId,
    /// How the uploader called it: one visible line without path characters.
    pub name: String,
    /// What its content is, whatever the uploader said; `application/octet-stream` when nobody knows.
    pub mime: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, 64 lower-case hex digits.
    pub sha256: String,
    /// Of an image, in pixels as it is shown: a camera's orientation is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub width: Option<u32>,
    /// See `width`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub height: Option<u32>,
    /// `GET /files/{id}/thumb` has a picture of it.
    pub thumb: bool,
}

/// A file in a request: its id, or the whole object, from which the server reads nothing but the id. A client that keeps
/// the object can draw a message before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(untagged)]
pub enum FileRef {
    /// By its id.
    Id(FileId),
    /// As the upload was answered.
    Info(FileInfo),
}

impl FileRef {
    /// Which file.
    #[must_use]
    pub const fn id(&self) -> &FileId {
        match self {
            Self::Id(id) => id,
            Self::Info(info) => &info.id,
        }
    }

    /// What is known of it besides its id.
    #[must_use]
    pub const fn info(&self) -> Option<&FileInfo> {
        match self {
            Self::Id(_) => None,
            Self::Info(info) => Some(info),
        }
    }
}

/// `POST /uploads`: begins an upload that can be broken off and resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct UploadRequest {
    /// The file's name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// An upload on its way: the answer of `POST /uploads`, `GET /uploads/{id}` and each `PATCH` of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct Upload {
    /// The server's id of it.
    pub id: FileId,
    /// How much the server has.
    pub offset: u64,
    /// How much it is to have.
    pub bytes: u64,
    /// The file, once all of it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub file: Option<FileInfo>,
}
