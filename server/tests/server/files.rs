//! Files over HTTP: what is taken, who reads it, and in which clothes it comes back.

use std::io::Cursor;
use std::path::Path;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{DEADLINE, Person, Server, code};

impl Server {
    async fn upload(&self, who: &Person, name: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let request = self.http.post(format!("{}/api/v1/files", self.base)).query(&[("name", name)]);
        let response = request.bearer_auth(&who.token).body(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn read(&self, who: &Person, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.http.get(format!("{}/api/v1/files/{path}", self.base)).bearer_auth(&who.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    fn files(&self) -> std::path::PathBuf {
        self.data().join("files")
    }
}

#[tokio::test]
async fn a_file_travels_with_its_message_and_no_further() {
    let (server, ada) = Server::start().await;
    let (bob, eve) = (server.member(&ada, "bob").await, server.member(&ada, "eve").await);
    let (status, file) = server.upload(&ada, "../../etc/re\u{202E}port.txt", "hello, file").await;
    assert_eq!(status, 201, "{file}");
    assert_eq!(file["sha256"], "4444d0751827a9f4783eba8fcbc44f20225d068050b48310850b702b4cfbebdd");
    assert_eq!(
        (&file["name"], &file["mime"], &file["bytes"]),
        (&json!("report.txt"), &json!("text/plain"), &json!(11))
    );
    let id = file["id"].as_str().unwrap();
    assert_eq!(server.read(&bob, id, &[]).await.status(), StatusCode::NOT_FOUND, "not sent yet");
    assert_eq!(server.read(&ada, "nothing", &[]).await.status(), StatusCode::NOT_FOUND);

    let mut client = server.connect("/general", &ada).await;
    let made = client.request("room:create", json!({ "name": "few", "kind": "private", "members": [bob.id] })).await;
    let few = &made["room"]["id"];
    let mut bobs = server.connect("/general", &bob).await;
    let foreign = bobs.request("message:send", json!({ "room": few, "cid": "b1", "text": "", "files": [id] })).await;
    assert_eq!(code(&foreign), "not_found", "{foreign}");
    let sent = client.request("message:send", json!({ "room": few, "cid": "a1", "text": "", "files": [id] })).await;
    assert_eq!(sent["ok"], true, "{sent}");
    let entry = bobs.event_where("room:entry", |entry| entry["cid"] == "a1").await;
    assert_eq!(entry["files"], json!([file]));
    for (files, why) in [(json!([id, id]), "twice"), (json!(vec!["x"; 11]), "too many"), (json!([""]), "no id")] {
        let refused =
            client.request("message:send", json!({ "room": few, "cid": why, "text": "", "files": files })).await;
        assert_eq!(code(&refused), "bad_request", "{why}: {refused}");
    }
    let empty = client.request("message:send", json!({ "room": few, "cid": "a2", "text": " " })).await;
    assert_eq!(code(&empty), "bad_request");

    let read = server.read(&bob, id, &[]).await;
    assert_eq!(read.status(), StatusCode::OK);
    let header = |name: &str| read.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(header("content-disposition"), "attachment; filename=\"report.txt\"; filename*=UTF-8''report.txt");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(header("cache-control"), "private, max-age=31536000, immutable");
    let etag = header("etag");
    assert_eq!(read.text().await.unwrap(), "hello, file");
    assert_eq!(server.read(&eve, id, &[]).await.status(), StatusCode::NOT_FOUND, "not in the room");
    let nobody = server.http.get(format!("{}/api/v1/files/{id}", server.base)).send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);

    let part = server.read(&bob, id, &[("range", "bytes=7-")]).await;
    assert_eq!(
        (part.status(), part.headers()["content-range"].to_str().unwrap()),
        (StatusCode::PARTIAL_CONTENT, "bytes 7-10/11")
    );
    assert_eq!(part.text().await.unwrap(), "file");
    let beyond = server.read(&bob, id, &[("range", "bytes=11-")]).await;
    assert_eq!(beyond.headers()["content-range"].to_str().unwrap(), "bytes */11");
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let other = server.read(&bob, id, &[("range", "bytes=7-"), ("if-range", "\"other\"")]).await;
    assert_eq!(other.status(), StatusCode::OK, "another content");
    assert_eq!(server.read(&bob, id, &[("if-none-match", &etag)]).await.status(), StatusCode::NOT_MODIFIED);

    let deleted = client.request("message:delete", json!({ "room": few, "id": sent["id"], "cid": "a3" })).await;
    assert_eq!(deleted["ok"], true);
    assert_eq!(server.read(&bob, id, &[]).await.status(), StatusCode::NOT_FOUND);
    server.call(Method::DELETE, "/sessions/current", Some(&ada), None).await;
    assert_eq!(server.read(&ada, id, &[]).await.status(), StatusCode::UNAUTHORIZED, "the session is over");
}

#[tokio::test]
async fn what_can_hold_a_script_is_only_saved() {
    let (server, ada) = Server::start().await;
    let svg = "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for (name, body, mime) in
        [("a.png", svg, "image/svg+xml"), ("b.jpg", "<!DOCTYPE html><script>x</script>", "text/html")]
    {
        let (_, file) = server.upload(&ada, name, body).await;
        assert_eq!(file["mime"], mime, "what it says, not what it is called");
        assert_eq!(file["thumb"], false);
        let read = server.read(&ada, file["id"].as_str().unwrap(), &[]).await;
        assert!(read.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"), "{name}");
        let thumb = server.read(&ada, &format!("{}/thumb", file["id"].as_str().unwrap()), &[]).await;
        assert_eq!(thumb.status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn images_are_measured_made_small_and_turned() {
    let (server, ada) = Server::start().await;
    let bob = server.member(&ada, "bob").await;
    let (status, file) = server.upload(&ada, "photo.jpg", photo(1200, 800)).await;
    assert_eq!(status, 201, "{file}");
    assert_eq!((&file["width"], &file["height"]), (&json!(800), &json!(1200)), "as the camera was held: {file}");
    let id = file["id"].as_str().unwrap();
    let whole = server.read(&ada, id, &[]).await;
    assert!(whole.headers()["content-disposition"].to_str().unwrap().starts_with("inline"));
    let thumb = server.read(&ada, &format!("{id}/thumb"), &[]).await;
    assert_eq!(thumb.headers()["content-type"], "image/jpeg");
    let thumb = thumb.bytes().await.unwrap();
    let small = image::load_from_memory(&thumb).unwrap();
    assert_eq!((small.width(), small.height()), (427, 640));
    assert!(!thumb.windows(4).any(|four| four == b"Exif"), "where it was taken is nobody's business");

    // A picture of somebody is everybody's.
    assert_eq!(server.read(&bob, id, &[]).await.status(), StatusCode::NOT_FOUND);
    let stolen = server.call(Method::PATCH, "/me", Some(&bob), Some(json!({ "avatar": id }))).await;
    assert_eq!((stolen.0, code(&stolen.1)), (400, "bad_request"));
    let (status, me) = server.call(Method::PATCH, "/me", Some(&ada), Some(json!({ "avatar": id }))).await;
    assert_eq!((status, &me["avatar"]), (200, &json!(id)));
    assert_eq!(server.read(&bob, id, &[]).await.status(), StatusCode::OK);
    let (_, me) = server.call(Method::PATCH, "/me", Some(&ada), Some(json!({ "avatar": null }))).await;
    assert_eq!(me["avatar"], Value::Null, "{me}");
    assert_eq!(server.read(&bob, id, &[]).await.status(), StatusCode::NOT_FOUND);

    let mut lobby = server.connect("/", &ada).await;
    let (_, words) = server.upload(&ada, "a.txt", "words").await;
    let icon = async |lobby: &mut crate::client::Client, icon: &Value| {
        lobby.request("workspace:update", json!({ "slug": "general", "icon": icon })).await
    };
    assert_eq!(code(&icon(&mut lobby, &words["id"]).await), "bad_request", "no image");
    assert_eq!(icon(&mut lobby, &file["id"]).await["workspace"]["icon"], file["id"]);
    assert_eq!(server.read(&bob, id, &[]).await.status(), StatusCode::OK);
    assert_eq!(icon(&mut lobby, &json!("\u{1F680}")).await["ok"], true);
}

#[tokio::test]
async fn a_bomb_is_told_of_and_not_set_off() {
    let (server, ada) = Server::start().await;
    let (status, file) = server.upload(&ada, "bomb.png", bomb(30_000, 30_000)).await;
    assert_eq!((status, &file["thumb"], &file["width"]), (201, &json!(false), &json!(30_000)), "{file}");
    let (status, file) = server.upload(&ada, "broken.png", &b"\x89PNG\r\n\x1a\nnonsense"[..]).await;
    assert_eq!((status, &file["thumb"], &file["width"]), (201, &json!(false), &Value::Null), "{file}");
    let (status, file) = server.upload(&ada, "", "").await;
    assert_eq!((status, &file["bytes"], &file["name"]), (201, &json!(0), &json!("file")), "{file}");
    let empty = server.read(&ada, file["id"].as_str().unwrap(), &[]).await;
    assert_eq!((empty.status(), empty.content_length()), (StatusCode::OK, Some(0)));
}

#[tokio::test]
async fn what_is_too_large_or_cut_off_leaves_nothing() {
    let (server, ada) = Server::with(|config| config.limits.file_bytes = 1000).await;
    let (status, refused) = server.upload(&ada, "a", vec![7u8; 1001]).await;
    assert_eq!((status, code(&refused)), (413, "too_large"));
    let chunks = futures_util::stream::iter((0..40).map(|_| Ok::<_, std::io::Error>(vec![7u8; 100])));
    let (status, refused) = server.upload(&ada, "a", reqwest::Body::wrap_stream(chunks)).await;
    assert_eq!((status, code(&refused)), (413, "too_large"), "no length was announced");
    assert_eq!(server.upload(&ada, "a", vec![7u8; 1000]).await.0, 201);

    // Announced, and told at once that it is too much.
    let mut early = open(&server, &ada, 10_000_000_000).await;
    let mut answer = [0; 12];
    tokio::time::timeout(DEADLINE, early.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    // Announced and not sent.
    let mut cut = open(&server, &ada, 900).await;
    cut.write_all(&[7; 500]).await.unwrap();
    wait_for(&server.files().join("tmp"), 1).await;
    drop(cut);
    wait_for(&server.files().join("tmp"), 0).await;
}

#[tokio::test]
async fn an_account_keeps_only_so_much() {
    let (server, ada) = Server::with(|config| config.limits.account_bytes = 1000).await;
    let begin = async |bytes: u64| {
        let request = server.http.post(format!("{}/api/v1/uploads", server.base)).bearer_auth(&ada.token);
        let answer = request.json(&json!({ "name": "a", "bytes": bytes })).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let refused = |(status, answer): &(u16, Value)| (*status, answer["error"]["cause"] == "quota") == (413, true);
    assert_eq!(server.upload(&ada, "a", vec![7u8; 400]).await.0, 201);
    let (status, upload) = begin(600).await;
    assert_eq!(status, 201, "{upload}");
    // One that is not finished counts, before a byte of it or of another one came.
    let answer = begin(1).await;
    assert!(refused(&answer), "{answer:?}");
    assert!(
        answer.1["error"]["message"].as_str().unwrap().contains("Delete messages"),
        "it says what to do: {answer:?}"
    );
    let answer = server.upload(&ada, "a", vec![7u8; 1]).await;
    assert!(refused(&answer), "{answer:?}");
    let chunks = futures_util::stream::iter((0..4).map(|_| Ok::<_, std::io::Error>(vec![7u8; 100])));
    let answer = server.upload(&ada, "a", reqwest::Body::wrap_stream(chunks)).await;
    assert!(refused(&answer), "no length was announced: {answer:?}");

    let url = format!("{}/api/v1/uploads/{}", server.base, upload["id"].as_str().unwrap());
    assert!(server.http.delete(url).bearer_auth(&ada.token).send().await.unwrap().status().is_success());
    assert_eq!(server.upload(&ada, "a", vec![8u8; 600]).await.0, 201, "what was given up is free again");
    // No limit, where the configuration says so.
    let (server, ada) = Server::with(|config| config.limits.account_bytes = 0).await;
    assert_eq!(server.upload(&ada, "a", vec![7u8; 2000]).await.0, 201);
}

#[tokio::test]
async fn an_upload_in_pieces_outlives_its_connections_and_the_server() {
    let (server, ada) = Server::start().await;
    let bob = server.member(&ada, "bob").await;
    let (status, begun) =
        server.call(Method::POST, "/uploads", Some(&ada), Some(json!({ "name": "a.txt", "bytes": 10 }))).await;
    assert_eq!((status, &begun["offset"]), (201, &json!(0)), "{begun}");
    let path = format!("/uploads/{}", begun["id"].as_str().unwrap());
    let piece = async |server: &Server, offset: &str, body: &'static str| {
        let request = server.http.patch(format!("{}/api/v1{path}", server.base)).bearer_auth(&ada.token);
        let response = request.header("upload-offset", offset).body(body).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    assert_eq!(piece(&server, "0", "01234").await.1["offset"], 5);
    assert_eq!(piece(&server, "0", "01234").await.0, 409);
    assert_eq!(piece(&server, "x", "5").await.0, 400);
    assert_eq!(piece(&server, "5", "567890").await.0, 413, "beyond its end");
    assert_eq!(server.call(Method::GET, &path, Some(&bob), None).await.0, 404, "not his");
    let server = server.restart().await;
    let (_, now) = server.call(Method::GET, &path, Some(&ada), None).await;
    assert_eq!((&now["offset"], &now["bytes"]), (&json!(5), &json!(10)));
    let (status, done) = piece(&server, "5", "56789").await;
    assert_eq!((status, &done["file"]["bytes"]), (201, &json!(10)), "{done}");
    let again = piece(&server, "5", "56789").await;
    assert_eq!((again.0, &again.1["file"]), (200, &done["file"]), "its answer was lost");
    let read = server.read(&ada, done["file"]["id"].as_str().unwrap(), &[]).await;
    assert_eq!(read.text().await.unwrap(), "0123456789");

    let (_, other) = server.call(Method::POST, "/uploads", Some(&ada), Some(json!({ "name": "b", "bytes": 3 }))).await;
    let path = format!("/uploads/{}", other["id"].as_str().unwrap());
    assert_eq!(server.call(Method::DELETE, &path, Some(&bob), None).await.0, 404);
    assert_eq!(server.call(Method::DELETE, &path, Some(&ada), None).await.0, 200);
    assert_eq!(server.call(Method::GET, &path, Some(&ada), None).await.0, 404);
    let most = json!({ "name": "b", "bytes": 1u64 << 40 });
    assert_eq!(server.call(Method::POST, "/uploads", Some(&ada), Some(most)).await.0, 413);
}

/// Whoever gives a file up breaks off its piece, of which the server may hear later than of the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stays_of_an_upload_that_is_given_up_while_a_piece_comes() {
    let (server, ada) = Server::start().await;
    for _ in 0..100 {
        let wanted = json!({ "name": "a", "bytes": 3 });
        let (_, begun) = server.call(Method::POST, "/uploads", Some(&ada), Some(wanted)).await;
        let path = format!("/uploads/{}", begun["id"].as_str().unwrap());
        let piece = server.http.patch(format!("{}/api/v1{path}", server.base)).bearer_auth(&ada.token);
        let piece = piece.header("upload-offset", "0").body("0").send();
        let (piece, (given_up, _)) = tokio::join!(piece, server.call(Method::DELETE, &path, Some(&ada), None));
        assert_eq!(given_up, 200);
        assert!(matches!(piece.unwrap().status().as_u16(), 200 | 404), "taken before the end, or not at all");
    }
    let left = std::fs::read_dir(server.files().join("uploads")).map_or(0, |uploads| uploads.count());
    assert_eq!(left, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_their_owners_alone_and_their_names_are_hashes() {
    use std::os::unix::fs::PermissionsExt as _;
    let (server, ada) = Server::start().await;
    for name in ["/etc/passwd", "a"] {
        assert_eq!(server.upload(&ada, name, "same").await.0, 201);
    }
    let mut contents = 0;
    for folder in std::fs::read_dir(server.files()).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            assert!(name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            contents += 1;
        }
    }
    assert_eq!(contents, 1, "the same content is kept once");
}

async fn open(server: &Server, who: &Person, length: u64) -> TcpStream {
    let address = server.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/files?name=a HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Length: {length}\r\n\r\n",
        who.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Waits until a folder holds so many files.
async fn wait_for(folder: &Path, count: usize) {
    let there = async {
        while std::fs::read_dir(folder).map_or(0, Iterator::count) != count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, there).await.unwrap_or_else(|_| panic!("never {count} in {}", folder.display()));
}

/// A photograph of a camera that was held upright: the picture lies on its side, and EXIF says so.
fn photo(width: u32, height: u32) -> Vec<u8> {
    let mut plain = Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(width, height).write_to(&mut plain, image::ImageFormat::Jpeg).unwrap();
    let plain = plain.into_inner();
    // TIFF, little endian, one entry: orientation (0x0112), short, one value, 6.
    let tiff: &[u8] = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let length = u16::try_from(2 + 6 + tiff.len()).unwrap().to_be_bytes();
    [&plain[..2], &b"\xFF\xE1"[..], &length, b"Exif\0\0", tiff, &plain[2..]].concat()
}

/// A PNG of few bytes that says it is huge.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let chunk = |kind: &[u8], data: &[u8]| {
        let body = [kind, data].concat();
        let sum = crc32fast::hash(&body);
        [&(data.len() as u32).to_be_bytes()[..], &body, &sum.to_be_bytes()].concat()
    };
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    [
        &b"\x89PNG\r\n\x1a\n"[..],
        &chunk(b"IHDR", &header),
        &chunk(b"IDAT", b"\x78\x9c\x03\0\0\0\0\x01"),
        &chunk(b"IEND", b""),
    ]
    .concat()
}
