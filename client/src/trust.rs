//! Whom a client takes for the server: one that an authority vouches for, or exactly the one whose certificate it knows.
//!
//! A server on a local network has a certificate that it made itself. Its fingerprint comes by the invite link, which is another
//! way than the one that is to be protected. Whoever joins keeps the certificate that goes with it, and from then on that one is
//! believed and no other, whatever the system trusts and whatever name it bears.

use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use confab_protocol::{Cause, Error, ErrorCode, Fingerprint};
use native_tls::TlsConnector;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio::time::timeout;
use ts_rs::TS;

/// As long as a connection and a handshake may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Makes connections to whoever an authority of the system vouches for. Each connector reads all of those when it is made, for
/// some 35 ms (OpenSSL, Debian's 140 authorities): so there is one of a kind.
static SYSTEM: LazyLock<native_tls::Result<TlsConnector>> = LazyLock::new(TlsConnector::new);

/// Makes connections to anybody, to look at them.
static ANYONE: LazyLock<native_tls::Result<TlsConnector>> = LazyLock::new(|| {
    TlsConnector::builder().danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true).build()
});

/// What makes connections to the server with this certificate, or, without one, to whoever the system trusts.
///
/// # Errors
/// `internal` when this system's library cannot do it.
pub fn connector(certificate: Option<&Certificate>) -> Result<TlsConnector, Error> {
    certificate.map_or_else(|| usable(&SYSTEM), Certificate::connector)
}

fn usable(connector: &native_tls::Result<TlsConnector>) -> Result<TlsConnector, Error> {
    connector.as_ref().cloned().map_err(|error| {
        tracing::error!(%error, "no TLS");
        Error::new(ErrorCode::Internal, "This app cannot make encrypted connections.")
    })
}

/// A server's certificate, in DER. Written as base64. Cheap to clone.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct Certificate(Arc<Known>);

struct Known {
    der: Box<[u8]>,
    connector: OnceLock<native_tls::Result<TlsConnector>>,
}

impl Certificate {
    fn new(der: Vec<u8>) -> Self {
        Self(Arc::new(Known { der: der.into(), connector: OnceLock::new() }))
    }

    /// How people and links name it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::from(<[u8; 32]>::from(Sha256::digest(&self.0.der)))
    }

    /// Makes connections to whoever has the key of this certificate, and to nobody else. The name in it does not matter: a
    /// server on a local network has no name that would be its own.
    fn connector(&self) -> Result<TlsConnector, Error> {
        usable(self.0.connector.get_or_init(|| {
            TlsConnector::builder()
                .disable_built_in_roots(true)
                .add_root_certificate(native_tls::Certificate::from_der(&self.0.der)?)
                .danger_accept_invalid_hostnames(true)
                .build()
        }))
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

/// The certificate that the server at an address shows now. Nothing is said to it, and nothing it would say is believed.
///
/// # Errors
/// `unavailable` when no server answers there, or one that does not speak TLS.
pub async fn shown(base: &str) -> Result<Certificate, Error> {
    let silent = || Error::new(ErrorCode::Unavailable, format!("No server speaks TLS at {base}."));
    let url = Url::parse(base).map_err(|_| silent())?;
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return Err(silent()) };
    // `Url` writes IPv6 in brackets, the resolver wants none.
    let host = host.trim_matches(['[', ']']);
    // Looked at, not believed: whoever is at the other end gets no byte beyond the handshake.
    let anyone = tokio_native_tls::TlsConnector::from(usable(&ANYONE)?);
    let handshake = async {
        let stream = TcpStream::connect((host, port)).await.ok()?;
        let stream = anyone.connect(host, stream).await.ok()?;
        stream.get_ref().peer_certificate().ok()??.to_der().ok()
    };
    let der = timeout(LIMIT, handshake).await.ok().flatten().ok_or_else(silent)?;
    Ok(Certificate::new(der))
}

/// The certificate of the server at an address, which must be the one that is named so.
///
/// # Errors
/// As [`shown`], and `forbidden` with [`Cause::CertificateChanged`] when the server there shows another one.
pub async fn pinned(base: &str, fingerprint: Fingerprint) -> Result<Certificate, Error> {
    let certificate = shown(base).await?;
    if certificate.fingerprint() == fingerprint { Ok(certificate) } else { Err(changed(&certificate)) }
}

/// Whether a connection failed in its handshake: only then there is somebody to look at again, and nobody is to be asked twice as
/// often as they should.
#[must_use]
pub fn broke_in(failure: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(failure), |error| error.source()).any(|error| error.is::<native_tls::Error>())
}

/// Why a handshake failed, if it was for want of trust: the server there is looked at once more. `known` is the certificate that
/// is believed; without one it is those of the system.
pub async fn distrust(base: &str, known: Option<&Certificate>) -> Option<Error> {
    let shown = shown(base).await.ok()?;
    match known {
        Some(known) if *known == shown => None,
        Some(_) => Some(changed(&shown)),
        None => {
            let message = "Nobody whom this computer trusts vouches for the certificate of that server.";
            Some(Error::new(ErrorCode::Forbidden, message).because(Cause::CertificateUnknown))
        }
    }
}

fn changed(shown: &Certificate) -> Error {
    // Not in the message: who reads a fingerprint there takes it for the one to trust.
    tracing::warn!(fingerprint = %shown.fingerprint(), "a server shows another certificate than the one that is known");
    let message = "The server shows another certificate than the one that is known. Somebody may be in between, or it was \
                   set up anew. Nothing was said to it.";
    Error::new(ErrorCode::Forbidden, message).because(Cause::CertificateChanged)
}

impl TryFrom<String> for Certificate {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, base64::DecodeError> {
        BASE64_STANDARD.decode(text).map(Self::new)
    }
}

impl From<Certificate> for String {
    fn from(certificate: Certificate) -> Self {
        BASE64_STANDARD.encode(&certificate.0.der)
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Certificate").field(&self.fingerprint()).finish()
    }
}
