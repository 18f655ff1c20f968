//! What a content is, by itself: what its uploader says counts for nothing.

/// How much of a content is looked at.
pub const HEAD: usize = 4096;

/// The type of a content that begins like this.
#[must_use]
pub fn of(head: &[u8]) -> &'static str {
    let known = infer::get(head).map(|kind| kind.mime_type());
    match known {
        Some("audio/x-wav") => "audio/wav",
        Some("audio/m4a") => "audio/mp4",
        Some("audio/x-flac") => "audio/flac",
        Some("video/x-m4v") => "video/mp4",
        // Text with a mark at its beginning is judged with all other text.
        Some(kind) if !kind.starts_with("text/") => kind,
        _ => text(head),
    }
}

/// Whether a browser may show it in its place. Nothing that can hold a script or a link to one.
#[must_use]
pub fn is_inline(mime: &str) -> bool {
    matches!(mime, "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif" | "image/bmp")
        || mime.starts_with("audio/")
        || mime.starts_with("video/")
}

fn text(head: &[u8]) -> &'static str {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character may be cut off where the look ends.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return "application/octet-stream",
    };
    if valid.is_empty() || valid.chars().any(|c| c.is_control() && !c.is_whitespace() && c != '\u{1B}') {
        return "application/octet-stream";
    }
    let lower = valid.trim_start_matches('\u{FEFF}').trim_start().to_ascii_lowercase();
    if lower.contains("<svg") {
        "image/svg+xml"
    } else if ["<!doctype html", "<html", "<head", "<body", "<script"].iter().any(|tag| lower.contains(tag)) {
        "text/html"
    } else if lower.starts_with("<?xml") {
        "text/xml"
    } else {
        "text/plain"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_hold_a_script_is_known_and_never_inline() {
        for (head, mime) in [
            (&b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"[..], "image/svg+xml"),
            (b"<?xml version='1.0'?><!-- c --><svg/>", "image/svg+xml"),
            (b" <!DOCTYPE html><p>", "text/html"),
            (b"\xEF\xBB\xBF<html>", "text/html"),
            (b"x <script>alert(1)</script>", "text/html"),
            (b"<?xml version='1.0'?><a/>", "text/xml"),
            (b"%PDF-1.7", "application/pdf"),
            (b"plain", "text/plain"),
            (b"", "application/octet-stream"),
            (b"\x00\x01\x02", "application/octet-stream"),
            (b"\xFF\xFE\xFD", "application/octet-stream"),
        ] {
            assert_eq!(of(head), mime, "{head:?}");
            assert!(!is_inline(mime));
        }
        assert_eq!(of(b"\x89PNG\r\n\x1a\n"), "image/png");
        assert!(is_inline("image/png") && is_inline("video/mp4") && !is_inline("image/svg+xml"));
    }
}
