//! The stream under a WebSocket: what the client sent too early is read first, and parcels are put in where their slips
//! come by.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::parcel::{Parcels, slip_in};

/// The first byte of a text frame that is a message of its own.
const TEXT: u8 = 0x81;

/// A stream that carries [`Parcels`]. Only a WebSocket may write to it, from its first frame on, and a frame must be
/// whole when its first byte is written.
pub struct Wire<S> {
    stream: S,
    /// Came before the handshake was answered.
    early: Box<[u8]>,
    /// Bytes of a frame that has begun to go out which are still to go.
    rest: usize,
    /// What goes out in place of a frame. The engine's futures hold a few copies of this struct: it is small.
    parcel: Option<Box<Outgoing>>,
}

/// A frame with the payload of a parcel.
struct Outgoing {
    /// Bytes that go out before it.
    after: usize,
    frame: Vec<u8>,
    gone: usize,
    /// The length of the frame with the slip.
    replaces: usize,
}

/// A frame of a server's: not masked.
struct Frame<'a> {
    kind: u8,
    payload: &'a [u8],
    len: usize,
}

impl<S: AsRef<Parcels>> Wire<S> {
    /// On a stream on which the handshake was answered; `early` is what was read beyond it.
    pub fn new(stream: S, early: &[u8]) -> Self {
        stream.as_ref().carry();
        Self { stream, early: early.into(), rest: 0, parcel: None }
    }

    /// The first slip in this whose parcel waits.
    fn look(&self, data: &[u8]) -> io::Result<Option<Box<Outgoing>>> {
        let mut at = self.rest;
        while at < data.len() {
            let frame = Frame::at(&data[at..])?;
            if frame.kind == TEXT
                && let Some((prefix, number)) = slip_in(frame.payload)
                && let Some(json) = self.stream.as_ref().take(number)
            {
                let replaces = frame.len;
                let frame = encode(&[&frame.payload[..prefix], json.as_bytes(), b"]"]);
                return Ok(Some(Box::new(Outgoing { after: at, frame, gone: 0, replaces })));
            }
            at += frame.len;
        }
        Ok(None)
    }

    /// Notes that so many of these bytes are gone, none of them of a slip.
    fn advance(&mut self, data: &[u8], gone: usize) -> io::Result<()> {
        let mut at = self.rest;
        while at < gone {
            at += Frame::at(&data[at..])?.len;
        }
        self.rest = at - gone;
        Ok(())
    }
}

impl<S: AsyncWrite + AsRef<Parcels> + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.parcel.is_none() {
            this.parcel = this.look(data)?;
        }
        let Some(parcel) = &mut this.parcel else {
            let gone = ready!(Pin::new(&mut this.stream).poll_write(cx, data))?;
            this.advance(data, gone)?;
            return Poll::Ready(Ok(gone));
        };
        if parcel.after > 0 {
            let gone = ready!(Pin::new(&mut this.stream).poll_write(cx, &data[..parcel.after]))?;
            parcel.after -= gone;
            return Poll::Ready(Ok(gone));
        }
        while parcel.gone < parcel.frame.len() {
            match ready!(Pin::new(&mut this.stream).poll_write(cx, &parcel.frame[parcel.gone..]))? {
                0 => return Poll::Ready(Ok(0)),
                gone => parcel.gone += gone,
            }
        }
        let replaced = parcel.replaces;
        (this.parcel, this.rest) = (None, 0);
        Poll::Ready(Ok(replaced))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.early.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        let now = this.early.len().min(buf.remaining());
        buf.put_slice(&this.early[..now]);
        this.early = this.early[now..].into();
        Poll::Ready(Ok(()))
    }
}

impl<'a> Frame<'a> {
    /// The frame that begins here.
    fn at(bytes: &'a [u8]) -> io::Result<Self> {
        let (kind, header, payload) = match *bytes {
            [kind, len @ 0..=125, ..] => (kind, 2, u64::from(len)),
            [kind, 126, a, b, ..] => (kind, 4, u64::from(u16::from_be_bytes([a, b]))),
            [kind, 127, a, b, c, d, e, f, g, h, ..] => (kind, 10, u64::from_be_bytes([a, b, c, d, e, f, g, h])),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        let payload = usize::try_from(payload).ok().and_then(|len| bytes[header..].get(..len));
        let payload = payload.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { kind, payload, len: header + payload.len() })
    }
}

/// A text frame with these parts as its payload.
fn encode(parts: &[&[u8]]) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let mut frame = Vec::with_capacity(10 + len);
    frame.push(TEXT);
    if let Ok(len @ 0..=125) = u8::try_from(len) {
        frame.push(len);
    } else if let Ok(len) = u16::try_from(len) {
        frame.push(126);
        frame.extend_from_slice(&len.to_be_bytes());
    } else {
        frame.push(127);
        frame.extend_from_slice(&(len as u64).to_be_bytes());
    }
    parts.iter().for_each(|part| frame.extend_from_slice(part));
    frame
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio::io::DuplexStream;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

    use super::*;

    struct Pipe(DuplexStream, Arc<Parcels>);

    impl AsRef<Parcels> for Pipe {
        fn as_ref(&self) -> &Parcels {
            &self.1
        }
    }

    impl AsyncRead for Pipe {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, buf)
        }
    }

    impl AsyncWrite for Pipe {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(cx, data)
        }
        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }
        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }

    /// What the client reads when the pipe takes `at_once` bytes at a time.
    async fn through(at_once: usize, parcels: Arc<Parcels>, packets: Vec<String>) -> Vec<String> {
        let (ours, theirs) = tokio::io::duplex(at_once);
        // Everything in one write, as after a busy moment.
        let config = WebSocketConfig::default().write_buffer_size(1 << 20);
        let mut server =
            WebSocketStream::from_raw_socket(Wire::new(Pipe(ours, parcels), b""), Role::Server, Some(config)).await;
        let mut client = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
        let number = packets.len();
        let writing = tokio::spawn(async move {
            for packet in packets {
                server.feed(Message::Text(packet.into())).await.unwrap();
            }
            server.flush().await.unwrap();
            server
        });
        let mut read = Vec::new();
        while read.len() < number {
            read.push(client.next().await.unwrap().unwrap().into_text().unwrap().to_string());
        }
        drop(writing.await.unwrap());
        read
    }

    #[tokio::test]
    async fn a_parcel_comes_in_the_place_of_its_slip_wherever_the_network_splits() {
        for at_once in [13, 64, 1000, 100_000] {
            let parcels = Arc::new(Parcels::default());
            // One per size of a frame's header.
            let long: Vec<String> = [40, 300, 70_000].map(|n| format!("{{\"x\":\"{}\"}}", "é".repeat(n / 2))).into();
            let numbers: Vec<u64> = long.iter().map(|json| parcels.put(json.clone())).collect();
            let between = format!("42/a,[\"room:entry\",{{\"text\":\"{}\"}}]", "y".repeat(200));
            let sent = vec![
                format!("42/a,[\"ready\",\"#{}\"]", numbers[2]),
                between.clone(),
                format!("43/a,7[\"#{}\"]", numbers[0]),
                format!("42[\"ready\",\"#{}\"]", numbers[1]),
                between.clone(),
            ];
            let expected = vec![
                format!("42/a,[\"ready\",{}]", long[2]),
                between.clone(),
                format!("43/a,7[{}]", long[0]),
                format!("42[\"ready\",{}]", long[1]),
                between,
            ];
            assert_eq!(through(at_once, parcels.clone(), sent).await, expected, "{at_once} bytes at a time");
            assert_eq!(numbers.iter().filter_map(|number| parcels.take(*number)).count(), 0);
        }
    }

    #[tokio::test]
    async fn what_only_looks_like_a_slip_passes() {
        let parcels = Arc::new(Parcels::default());
        let number = parcels.put("{}".into());
        let packets = vec![
            format!("42[\"a\",{{\"text\":\"#{number}\"}}]"),
            "42[\"a\",\"#99\"]".to_owned(),
            "42[\"a\",\"\"]".to_owned(),
            "2".to_owned(),
            "\"]".to_owned(),
        ];
        assert_eq!(through(64, parcels, packets.clone()).await, packets);
    }

    #[tokio::test]
    async fn what_came_early_is_read_first() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (ours, mut theirs) = tokio::io::duplex(64);
        theirs.write_all(b"late").await.unwrap();
        let mut wire = Wire::new(Pipe(ours, Arc::default()), b"early and ");
        let mut read = [0; 14];
        wire.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"early and late");
    }
}
