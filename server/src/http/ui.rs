//! The web UI, embedded in the binary: compressed at build time, cached by hash, under a strict policy.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::error;

/// One file of the UI.
struct Asset {
    path: &'static str,
    kind: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    tag: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/ui.rs"));

const INDEX: &str = "/index.html";
/// Vite puts a hash of the content into the names of what is in here.
const HASHED: &str = "/assets/";
const NOT_BUILT: &str = "This server was built without its web UI. Run `make ui`, then build the server again.\n";

/// Any path that is not the API's: a file of the UI, or its page, which reads the path itself (`/join/CODE`).
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return error::method_not_allowed().await.into_response();
    }
    let find = |path: &str| ASSETS.iter().find(|asset| asset.path == path);
    let path = uri.path();
    let names_a_file = path.starts_with(HASHED) || path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    let asset = match find(path) {
        Some(asset) => asset,
        None if names_a_file => return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response(),
        None => match find(INDEX) {
            Some(index) => index,
            None => return (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response(),
        },
    };
    asset.answer(&headers)
}

impl Asset {
    fn answer(&self, request: &HeaderMap) -> Response {
        let hashed = self.path.starts_with(HASHED);
        let cache = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let unchanged = known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == self.tag));
        let gzip = self.gzip.filter(|_| accepts_gzip(request));
        let mut response = if unchanged {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Body::from(gzip.unwrap_or(self.plain)).into_response()
        };
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
        set(header::CONTENT_TYPE, self.kind);
        set(header::CACHE_CONTROL, cache);
        set(header::ETAG, self.tag);
        set(header::VARY, "accept-encoding");
        if gzip.is_some() && !unchanged {
            set(header::CONTENT_ENCODING, "gzip");
        }
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(header::REFERRER_POLICY, "no-referrer");
        set(header::X_FRAME_OPTIONS, "DENY");
        set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
        set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
        set(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=()");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy(request));
        response
    }
}

/// No inline script, no inline style, no eval, nothing from anywhere else. Some browsers do not take `'self'` for
/// WebSockets, so the server's own address is named too.
fn policy(request: &HeaderMap) -> HeaderValue {
    let host = request.get(header::HOST).and_then(|host| host.to_str().ok());
    let plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
    let sockets = host.filter(plain).map(|host| format!(" ws://{host} wss://{host}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
         connect-src 'self'{sockets}; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    let accepted = request.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip")) && !parts.any(|q| q == "q=0")
    })
}
