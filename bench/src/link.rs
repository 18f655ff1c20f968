//! One Socket.IO client over WebSocket with as little work per packet as can be: the load generator must never be what is
//! measured. Frames are read in place; a packet is told by its first bytes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::net::TcpStream;

/// The namespace that everything happens in, here and on the peers.
pub const HALL: &str = "/general";
/// How a `room:entry` begins on the wire.
pub const ENTRY: &[u8] = b"42/general,[\"room:entry\"";

const LIMIT: Duration = Duration::from_secs(60);

thread_local! {
    /// What the kernel has for a connection is read here; only incomplete frames are kept per connection.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 256 * 1024]);
}

/// A connection. Reading needs `&mut`, sending does not.
#[derive(Debug)]
pub struct Link {
    stream: Rc<TcpStream>,
    incomplete: Vec<u8>,
    waiting: VecDeque<Vec<u8>>,
}

/// Sends on a connection that somebody else reads.
#[derive(Debug, Clone)]
pub struct Sender(Rc<TcpStream>);

impl Link {
    /// Connects, enters the namespace and joins the room; without a room it takes the one called `general`. Gives its id too.
    ///
    /// # Errors
    /// When the server refuses or does not answer in time.
    pub async fn enter(addr: SocketAddr, token: &str, room: Option<&str>) -> Result<(Self, String)> {
        tokio::time::timeout(LIMIT, Self::enter_now(addr, token, room))
            .await
            .context("a client could not enter in time")?
    }

    async fn enter_now(addr: SocketAddr, token: &str, room: Option<&str>) -> Result<(Self, String)> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let mut link = Self { stream: Rc::new(stream), incomplete: Vec::new(), waiting: VecDeque::new() };
        let upgrade = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        write_all(&link.stream, upgrade.as_bytes()).await?;
        link.read_upgrade().await?;
        link.expect("0{").await?;
        let sender = link.sender();
        sender
            .send(&format!("40{HALL},{}", serde_json::json!({ "token": token, "protocol": 1, "client": "bench/1" })))
            .await?;
        link.expect("40/general,").await?;
        let ready = link.expect("42/general,[\"workspace:ready\",").await?;
        let room = match room {
            Some(room) => room.to_owned(),
            None => general_in(&ready)?,
        };
        sender.send(&format!("42{HALL},0[\"room:join\",{{\"room\":\"{room}\"}}]")).await?;
        let joined = link.expect("43/general,0").await?;
        ensure!(joined.contains("\"ok\":true"), "room:join answered {joined}");
        Ok((link, room))
    }

    /// Makes a room that nobody else is in: its id.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn own_room(&mut self, name: &str) -> Result<String> {
        let create = serde_json::json!(["room:create", { "name": name, "kind": "private" }]);
        self.sender().send(&format!("42{HALL},0{create}")).await?;
        let answer = self.expect("43/general,0").await?;
        let json: Value = serde_json::from_str(answer.trim_start_matches("43/general,0"))?;
        Ok(json[0]["room"]["id"].as_str().with_context(|| format!("room:create answered {answer}"))?.to_owned())
    }

    /// The sending half.
    #[must_use]
    pub fn sender(&self) -> Sender {
        Sender(self.stream.clone())
    }

    /// Waits until something came, and hands each packet to `each`. Pings are answered here.
    ///
    /// # Errors
    /// When the server closed the connection.
    pub async fn read(&mut self, mut each: impl FnMut(&[u8])) -> Result<()> {
        let mut pinged = false;
        if !self.waiting.is_empty() {
            // A ping may have come with what was waited for before.
            self.waiting.drain(..).for_each(|packet| if packet == b"2" { pinged = true } else { each(&packet) });
            if pinged {
                self.sender().send("3").await?;
            }
            return Ok(());
        }
        loop {
            self.stream.readable().await?;
            let got = BUFFER.with_borrow_mut(|buffer| {
                let n = self.stream.try_read(buffer)?;
                if n == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                feed(&mut self.incomplete, &buffer[..n], &mut |packet| {
                    if packet == b"2" { pinged = true } else { each(packet) }
                })
            });
            match got {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                other => {
                    other?;
                    break;
                }
            }
        }
        if pinged {
            self.sender().send("3").await?;
        }
        Ok(())
    }

    /// Reads until a packet begins like this, and gives it. Those before it are dropped, those after it are kept.
    ///
    /// # Errors
    /// When the server closed the connection or refused.
    pub async fn expect(&mut self, begins: &str) -> Result<String> {
        loop {
            let mut found = None;
            let mut after = VecDeque::new();
            self.read(|packet| {
                if found.is_some() {
                    after.push_back(packet.to_vec());
                } else if packet.starts_with(begins.as_bytes()) || packet.starts_with(b"44") {
                    found = Some(String::from_utf8_lossy(packet).into_owned());
                }
            })
            .await?;
            self.waiting.extend(after);
            match found {
                Some(packet) if packet.starts_with("44") => bail!("refused: {packet}"),
                Some(packet) => return Ok(packet),
                None => {}
            }
        }
    }

    async fn read_upgrade(&mut self) -> Result<()> {
        let mut answer = Vec::new();
        loop {
            self.stream.readable().await?;
            let mut piece = [0; 4096];
            match self.stream.try_read(&mut piece) {
                Ok(0) => bail!("closed during the upgrade"),
                Ok(n) => answer.extend_from_slice(&piece[..n]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            }
            if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
                ensure!(answer.starts_with(b"HTTP/1.1 101"), "no upgrade: {}", String::from_utf8_lossy(&answer));
                let waiting = &mut self.waiting;
                feed(&mut self.incomplete, &answer[end + 4..], &mut |packet| waiting.push_back(packet.to_vec()))?;
                return Ok(());
            }
        }
    }
}

impl Sender {
    /// Sends one text packet.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&self, packet: &str) -> Result<()> {
        let mut frame = Vec::with_capacity(packet.len() + 14);
        frame.push(0x81);
        match packet.len() {
            n @ 0..=125 => frame.push(0x80 | n as u8),
            n @ 126..=0xffff => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(n as u16).to_be_bytes());
            }
            n => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(n as u64).to_be_bytes());
            }
        }
        // A mask of zeros: legal, and nothing to compute.
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(packet.as_bytes());
        write_all(&self.0, &frame).await
    }
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Cuts what came into frames; the last one may be incomplete and waits for the rest.
fn feed(incomplete: &mut Vec<u8>, bytes: &[u8], each: &mut impl FnMut(&[u8])) -> std::io::Result<()> {
    if incomplete.is_empty() {
        let used = cut(bytes, each)?;
        incomplete.extend_from_slice(&bytes[used..]);
    } else {
        incomplete.extend_from_slice(bytes);
        let whole = std::mem::take(incomplete);
        let used = cut(&whole, each)?;
        incomplete.extend_from_slice(&whole[used..]);
    }
    Ok(())
}

/// Hands over all complete frames: how many bytes they were.
fn cut(bytes: &[u8], each: &mut impl FnMut(&[u8])) -> std::io::Result<usize> {
    let mut at = 0;
    while let [kind, length, rest @ ..] = &bytes[at..] {
        let (header, length) = match (length & 0x7f, rest) {
            (126, [a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
            (127, [_, _, _, _, a, b, c, d, ..]) => (10, u32::from_be_bytes([*a, *b, *c, *d]) as usize),
            (126 | 127, _) => break,
            (n, _) => (2, usize::from(n)),
        };
        let Some(payload) = bytes.get(at + header..at + header + length) else { break };
        match kind {
            0x81 | 0x82 => each(payload),
            0x88 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            0x89 | 0x8a => {}
            _ => return Err(std::io::Error::other("a fragmented frame")),
        }
        at += header + length;
    }
    Ok(at)
}

fn general_in(ready: &str) -> Result<String> {
    let json = ready.strip_prefix("42/general,").context("not the hall")?;
    let ready: Value = serde_json::from_str(json)?;
    let rooms = ready[1]["rooms"].as_array().context("workspace:ready has rooms")?;
    let general = rooms.iter().find(|room| room["name"] == "general").context("no room general")?;
    Ok(general["id"].as_str().context("a room has an id")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(incomplete: &mut Vec<u8>, bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        feed(incomplete, bytes, &mut |packet| found.push(String::from_utf8_lossy(packet).into_owned())).unwrap();
        found
    }

    #[test]
    fn frames_are_cut_wherever_the_network_split_them() {
        let long = "x".repeat(300);
        let mut bytes = vec![0x81, 2, b'h', b'i', 0x81, 126, 1, 44];
        bytes.extend_from_slice(long.as_bytes());
        bytes.extend_from_slice(&[0x81, 0]);
        for split in 0..bytes.len() {
            let mut incomplete = Vec::new();
            let mut found = packets(&mut incomplete, &bytes[..split]);
            found.extend(packets(&mut incomplete, &bytes[split..]));
            assert_eq!(found, ["hi", &long, ""], "split at {split}");
            assert!(incomplete.is_empty());
        }
    }
}
