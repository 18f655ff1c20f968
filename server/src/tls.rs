//! TLS on the server's own port, with a certificate that the server made for itself or one that it was given.
//!
//! A certificate of its own is made once and stays: whoever joined by a link with its fingerprint accepts no other, so there is
//! nothing to renew, and nobody who could be asked to.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{fmt, fs};

use confab_protocol::Fingerprint;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use crate::config::Tls;
use crate::conn::Stream;
use crate::parcel::Parcels;

/// The file with the server's own certificate and its key, in the data directory.
const FILE: &str = "tls.pem";
/// What the certificate says it is for. Who pins it does not look at that, and a browser believes no name in it.
const NAME: &str = "Confab";
/// The first byte of a TLS connection, a record with a handshake (RFC 8446, 5.1). No HTTP request begins with it.
const HANDSHAKE: u8 = 0x16;

/// What a server shows to whoever connects over TLS.
pub struct Identity {
    acceptor: TlsAcceptor,
    fingerprint: Option<Fingerprint>,
}

/// The server cannot speak TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{path} cannot be used for TLS: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is there, but not what it should be.
    #[error("{path} has no {wanted}: {why}")]
    Content {
        /// Which.
        path: PathBuf,
        /// What was looked for in it.
        wanted: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Certificate and key are of different pairs, or of a kind that cannot be used.
    #[error("the certificate and the key cannot be used together: {0}")]
    Pair(rustls::Error),
    /// No certificate could be made.
    #[error("no certificate could be made: {0}")]
    Make(rcgen::Error),
}

impl Identity {
    /// The one that the configuration names; None without TLS. The server's own is made in `data` when there is none.
    ///
    /// # Errors
    /// When files cannot be used, or do not fit together.
    pub fn load(tls: &Tls, data: &Path) -> Result<Option<Self>, TlsError> {
        let (certificate, key, own) = match tls {
            Tls::Off => return Ok(None),
            Tls::SelfSigned => {
                let file = data.join(FILE);
                if !file.try_exists().map_err(|error| TlsError::File { path: file.clone(), error })? {
                    make(&file)?;
                }
                (file.clone(), file, true)
            }
            Tls::Files { certificate, key } => (certificate.clone(), key.clone(), false),
        };
        let wrong = |path: &Path, wanted, why: &dyn fmt::Display| TlsError::Content {
            path: path.to_owned(),
            wanted,
            why: why.to_string(),
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(&certificate)?)
            .collect::<Result<_, _>>()
            .map_err(|error| wrong(&certificate, "certificate", &error))?;
        let leaf = chain.first().ok_or_else(|| wrong(&certificate, "certificate", &"no PEM block of that kind"))?;
        let fingerprint = own.then(|| Fingerprint::from(<[u8; 32]>::from(Sha256::digest(leaf))));
        let secret = PrivateKeyDer::from_pem_slice(&read(&key)?).map_err(|error| wrong(&key, "private key", &error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret))
            .map_err(TlsError::Pair)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Self { acceptor: TlsAcceptor::from(Arc::new(config)), fingerprint }))
    }

    /// By which its certificate is known, when it is the server's own. One that was given is believed for who signed it.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }

    /// Whether a connection that begins with this byte is one of TLS.
    #[must_use]
    pub fn begins_with(first: u8) -> bool {
        first == HANDSHAKE
    }

    /// The handshake.
    pub fn accept(&self, stream: Stream) -> Accept<Stream> {
        self.acceptor.accept(stream)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::File { path: path.to_owned(), error })
}

/// A new key and its certificate.
fn own_pem() -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, NAME);
    Ok(format!("{}{}", params.self_signed(&key)?.pem(), key.serialize_pem()))
}

/// Writes a new key with its certificate, whole or not at all, for the owner's eyes only.
fn make(file: &Path) -> Result<(), TlsError> {
    let pem = own_pem().map_err(TlsError::Make)?;
    let unfinished = file.with_extension("pem.new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&unfinished).and_then(|mut out| {
        out.write_all(pem.as_bytes())?;
        out.sync_all()?;
        fs::rename(&unfinished, file)
    });
    written.map_err(|error| TlsError::File { path: file.to_owned(), error })
}

/// What requests and sockets are read from: a connection as it came, or what TLS makes of it.
pub enum Channel {
    /// As it came.
    Clear(Stream),
    /// Through TLS.
    Tls(Box<TlsStream<Stream>>),
}

impl AsRef<Parcels> for Channel {
    fn as_ref(&self) -> &Parcels {
        match self {
            Self::Clear(stream) => stream.as_ref(),
            Self::Tls(tls) => tls.get_ref().0.as_ref(),
        }
    }
}

/// The same call on either.
macro_rules! either {
    ($channel:expr, $stream:ident => $call:expr) => {
        match $channel.get_mut() {
            Self::Clear(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Self::Tls(tls) => {
                let $stream = Pin::new(tls.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Channel {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Channel {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(cx, data))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(cx, data))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Clear(stream) => stream.is_write_vectored(),
            Self::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_of_its_own_is_made_once_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let of = || Identity::load(&Tls::SelfSigned, dir.path()).unwrap().unwrap().fingerprint().unwrap();
        let first = of();
        assert_eq!(of(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let other = tempfile::tempdir().unwrap();
        let another = Identity::load(&Tls::SelfSigned, other.path()).unwrap().unwrap().fingerprint();
        assert_ne!(another, Some(first));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let told = |certificate: &Path, key: &Path| {
            let tls = Tls::Files { certificate: certificate.into(), key: key.into() };
            Identity::load(&tls, dir.path()).err().map(|error| error.to_string()).unwrap_or_default()
        };
        let (one, two) = (dir.path().join("one.pem"), dir.path().join("two.pem"));
        make(&one).unwrap();
        make(&two).unwrap();
        assert_eq!(told(&one, &one), "");
        assert!(told(&one, &two).contains("cannot be used together"), "{}", told(&one, &two));
        let missing = dir.path().join("missing.pem");
        assert!(told(&missing, &one).contains("missing.pem cannot be used for TLS"), "{}", told(&missing, &one));
        let text = dir.path().join("text.pem");
        fs::write(&text, "no PEM").unwrap();
        assert!(told(&text, &one).contains("text.pem has no certificate"), "{}", told(&text, &one));
        assert!(told(&one, &text).contains("text.pem has no private key"), "{}", told(&one, &text));
    }
}
