//! The first to see a request: where it comes from, whether its page may ask, and where it goes.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use confab_protocol::Error;
use hyper::body::Incoming;
use tower::ServiceExt as _;

use super::error::ApiError;
use super::origin::Origin;
use super::{router, socketio};
use crate::App;
use crate::conn::Conn;

/// The HTTP service of a server.
#[derive(Clone)]
pub struct Front {
    app: Arc<App>,
    router: Router,
}

/// The HTTP service of one connection. It holds the connection weakly: hyper holds it as long as it serves.
pub struct ConnectionFront {
    front: Front,
    conn: Weak<Conn>,
    /// It speaks TLS.
    tls: bool,
}

/// Where a request comes from, in the extensions of every request.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress {
    /// The client's address, behind trusted proxies.
    pub ip: IpAddr,
    /// The client speaks TLS, to this server or to a trusted proxy.
    pub https: bool,
}

impl Front {
    /// Of this server.
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self { router: router(app.clone()), app }
    }

    /// For one connection.
    #[must_use]
    pub fn for_connection(&self, conn: &Arc<Conn>, tls: bool) -> ConnectionFront {
        ConnectionFront { front: self.clone(), conn: Arc::downgrade(conn), tls }
    }

    async fn answer(self, mut request: Request<Incoming>, conn: Weak<Conn>, tls: bool) -> Response<Body> {
        let Some(peer) = conn.upgrade().map(|conn| conn.peer().ip().to_canonical()) else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let config = &self.app.config;
        let mut address = client_address(peer, request.headers(), &config.trusted_proxies);
        address.https |= tls;
        if self.app.tls.is_some() && !address.https && !peer.is_loopback() {
            return to_tls(&request);
        }
        request.extensions_mut().insert(address);
        let origin = Origin::of(request.headers(), &config.origins, config.public_url.as_deref());
        let is_socketio = socketio::is_for(request.uri().path());
        let is_api = request.uri().path().starts_with("/api/");
        let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        if origin == Origin::Foreign && (is_socketio || changes) {
            return ApiError::from(Error::forbidden("This page may not use this server.")).into_response();
        }
        if let (Origin::Allowed(page), &Method::OPTIONS) = (&origin, request.method()) {
            return preflight(page);
        }
        let mut response = if is_socketio {
            socketio::serve(&self.app, request, &origin, &conn).await
        } else {
            let request = request.map(Body::new);
            self.router.oneshot(request).await.unwrap_or_else(|never| match never {})
        };
        let headers = response.headers_mut();
        if is_api {
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        }
        if let Origin::Allowed(page) = origin {
            allow(headers, page);
        }
        response
    }
}

impl hyper::service::Service<Request<Incoming>> for ConnectionFront {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (front, conn, tls) = (self.front.clone(), self.conn.clone(), self.tls);
        Box::pin(async move { Ok(front.answer(request, conn, tls).await) })
    }
}

/// A server with a certificate says nothing in clear text across a network. Whoever typed its address without a scheme is led
/// on; a program that follows no redirects reads why.
fn to_tls(request: &Request<Incoming>) -> Response<Body> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let said = ApiError::from(Error::forbidden("This server speaks TLS only: use https, or wss."));
    let mut response = said.into_response();
    // A path that is no header's value is nobody's address either.
    if let (false, Ok(location)) = (host.is_empty(), HeaderValue::from_str(&format!("https://{host}{path}"))) {
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The last address that is not a trusted proxy's. What a client writes into the header itself is left of that.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> ClientAddress {
    if !trusted.contains(&peer) {
        return ClientAddress { ip: peer, https: false };
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let hops = text("x-forwarded-for").rsplit(',').map(|hop| hop.trim().parse::<IpAddr>());
    let ip = hops.map_while(Result::ok).find(|hop| !trusted.contains(hop)).unwrap_or(peer);
    ClientAddress { ip, https: text("x-forwarded-proto").eq_ignore_ascii_case("https") }
}

fn preflight(page: &HeaderValue) -> Response<Body> {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    allow(headers, page.clone());
    let methods = HeaderValue::from_static("GET, POST, PATCH, DELETE");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    let allowed = HeaderValue::from_static("authorization, content-type, range, upload-offset, x-confab-session");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

fn allow(headers: &mut HeaderMap, page: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page);
    let exposed = HeaderValue::from_static("content-range, upload-length, upload-offset");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6, 10.1.1.1, 127.0.0.1"));
        let (proxy, client): (IpAddr, IpAddr) = ("127.0.0.1".parse().unwrap(), "10.1.1.1".parse().unwrap());
        assert_eq!(client_address(proxy, &headers, &[proxy]).ip, client);
        assert_eq!(client_address(client, &headers, &[proxy]).ip, client);
        assert_eq!(client_address(proxy, &headers, &[]).ip, proxy);
    }
}
