//! `confab-server` as whoever runs it meets it: options, configuration, its commands, and what a monitor asks.

use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use anyhow::{Context, Result, ensure};
use confab_tests::{Server, ServerOptions, Stage, cid, room_id, server_binary, until, within};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

/// The binary without any of this shell's `CONFAB_…` variables.
fn command(args: &[&str]) -> Result<Command> {
    let mut command = Command::new(server_binary()?);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CONFAB_")) {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

async fn run(command: &mut Command) -> Result<(i32, String, String)> {
    let Output { status, stdout, stderr } = within("a command ends", command.output()).await??;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((status.code().unwrap_or(-1), text(stdout), text(stderr)))
}

/// A command of the binary on a stage's data; what it reads from standard input.
async fn on_data(server: &Server, args: &[&str], input: &str) -> Result<(i32, String, String)> {
    let mut child =
        server.command()?.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    // A command that reads nothing closes its end; that is no failure.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let Output { status, stdout, stderr } = within("a command ends", child.wait_with_output()).await??;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((status.code().unwrap_or(-1), text(stdout), text(stderr)))
}

/// Starts it and gives the line that says where it listens.
async fn first_line(command: &mut Command) -> Result<String> {
    let mut child = command.spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
    let line = within("it says where it listens", async {
        while let Some(line) = lines.next_line().await? {
            if line.starts_with("listening on") {
                return Ok(line);
            }
        }
        anyhow::bail!("it ended before it listened")
    })
    .await??;
    child.kill().await?;
    Ok(line)
}

#[tokio::test]
async fn help_names_every_option_and_command_of_the_contract() -> Result<()> {
    let (code, out, _) = run(&mut command(&["--help"])?).await?;
    ensure!(code == 0, "--help exits with 0, not {code}");
    let options =
        ["--bind", "--data", "--database", "--redis", "--config", "--setup-token", "--tls", "--inspect", "--log"];
    for word in options.into_iter().chain([
        "backup",
        "restore",
        "export",
        "import",
        "user",
        "doctor",
        "CONFAB_BIND",
        "CONFAB_SETUP_TOKEN",
    ]) {
        ensure!(out.contains(word), "--help says nothing of {word}:\n{out}");
    }
    let (code, out, _) = run(&mut command(&["--version"])?).await?;
    ensure!(code == 0 && out.contains(env!("CARGO_PKG_VERSION")), "{out}");
    Ok(())
}

#[tokio::test]
async fn what_it_does_not_know_it_says_and_does_not_start() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    for args in [
        &["--bnid", "127.0.0.1:0"][..],
        &["--bind", "nonsense"],
        &["--bind", "127.0.0.1:99999"],
        &["--log", "loud"],
        &["--config", "/nowhere/confab.toml"],
        &["--database", "oracle://x"],
        &["--tls", "sometimes"],
        &["explode"],
        &["user", "explode"],
    ] {
        let mut command = command(&["--data"])?;
        let (code, out, err) = run(command.arg(&data).args(args)).await?;
        ensure!(code != 0 && !err.is_empty(), "{args:?} exits with {code} and says {err:?}");
        ensure!(!out.contains("listening"), "{args:?} listens");
        ensure!(!err.contains("panicked"), "{args:?}: {err}");
    }
    Ok(())
}

#[tokio::test]
async fn port_0_picks_a_free_port_and_a_taken_one_is_told() -> Result<()> {
    let one = Server::start(ServerOptions::default()).await?;
    let two = Server::start(ServerOptions::default()).await?;
    ensure!(one.addr() != two.addr() && one.addr().port() != 0, "{} and {}", one.addr(), two.addr());
    let dir = tempfile::tempdir()?;
    let mut taken = command(&["--bind", &one.addr().to_string(), "--data"])?;
    let (code, _, err) = run(taken.arg(dir.path().join("data"))).await?;
    ensure!(code != 0 && err.contains(&one.addr().to_string()), "exits with {code} and says {err}");
    Ok(())
}

#[tokio::test]
async fn one_data_directory_has_one_server() -> Result<()> {
    let server = Server::start(ServerOptions::default()).await?;
    let mut second = server.command()?;
    second.args(["--bind", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let (code, out, err) = run(&mut second).await?;
    ensure!(
        code != 0 && !out.contains("listening") && !err.is_empty(),
        "a second server on the same data: {code} {out} {err}"
    );
    Ok(())
}

#[tokio::test]
async fn flags_win_over_the_environment_and_that_over_the_file() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("confab.toml");
    std::fs::write(&file, "bind = \"127.0.0.2:0\"\n")?;
    let start = || -> Result<Command> {
        let mut command = command(&["--config"])?;
        command.arg(&file).arg("--data").arg(dir.path().join("data"));
        Ok(command)
    };
    ensure!(first_line(&mut start()?).await?.starts_with("listening on http://127.0.0.2:"), "the file");
    let line = first_line(start()?.env("CONFAB_BIND", "127.0.0.3:0")).await?;
    ensure!(line.starts_with("listening on http://127.0.0.3:"), "the environment: {line}");
    let line = first_line(start()?.env("CONFAB_BIND", "127.0.0.3:0").args(["--bind", "127.0.0.4:0"])).await?;
    ensure!(line.starts_with("listening on http://127.0.0.4:"), "the flag: {line}");
    Ok(())
}

#[tokio::test]
async fn a_mistyped_key_in_the_file_is_an_error() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("confab.toml");
    for (text, key) in [
        ("bnid = \"127.0.0.1:0\"\n", "bnid"),
        ("[limits]\nmesage_bytes = 1\n", "mesage_bytes"),
        ("[limit]\nmessage_bytes = 1\n", "limit"),
        ("bind = 7\n", "bind"),
    ] {
        std::fs::write(&file, text)?;
        let mut command = command(&["--config"])?;
        let (code, out, err) = run(command.arg(&file).arg("--data").arg(dir.path().join("data"))).await?;
        ensure!(code != 0 && err.contains(key) && !out.contains("listening"), "{text:?}: {code} {err}");
    }
    Ok(())
}

#[tokio::test]
async fn limits_from_the_file_hold_and_are_told() -> Result<()> {
    let mut options = ServerOptions::unhurried();
    options.config.push_str("message_bytes = 100\n");
    let stage = Stage::with(options).await?;
    let told = stage.server.api()?.server().await?;
    ensure!(told["limits"]["message_bytes"] == 100, "{told}");
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    let long = json!({ "room": room, "cid": cid(), "text": "x".repeat(101) });
    bob.refused("too_large", "/general", "message:send", long).await
}

#[tokio::test]
async fn the_set_up_happens_once_and_only_with_the_token() -> Result<()> {
    let server = Server::start(ServerOptions::default()).await?;
    let api = server.api()?;
    let info = api.server().await?;
    ensure!(info["setup_required"] == true && info["protocol"] == 1, "{info}");
    ensure!(info["epoch"].is_string() && info["id"].is_string() && info["guests"].is_boolean(), "{info}");
    let body = |token: &str| json!({ "setup_token": token, "server_name": "S", "login": "eve", "display_name": "Eve", "password": "long enough" });
    let (status, answer) = api.call(Method::POST, "/setup", Some(body("guess"))).await?;
    ensure!(matches!(status, 401 | 403), "a wrong set-up token answered {status} {answer}");
    api.setup(server.setup_token(), "ada", "ada's password").await?;
    api.refused(409, "conflict", Method::POST, "/setup", Some(body(server.setup_token()))).await?;
    ensure!(api.server().await?["setup_required"] == false, "claimed");
    Ok(())
}

#[tokio::test]
async fn without_a_set_up_token_the_first_start_prints_one() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut command = command(&["--bind", "127.0.0.1:0", "--data"])?;
    let mut child = command.arg(dir.path().join("data")).spawn()?;
    let (mut out, mut err) = (
        BufReader::new(child.stdout.take().context("no stdout")?).lines(),
        BufReader::new(child.stderr.take().context("no stderr")?).lines(),
    );
    let mut printed = String::new();
    let mut addr = None;
    let token = within("it prints a set-up token", async {
        loop {
            let line = tokio::select! { Ok(Some(line)) = out.next_line() => line, Ok(Some(line)) = err.next_line() => line, else => anyhow::bail!("no token in {printed}") };
            printed.push_str(&line);
            printed.push('\n');
            addr = addr.or(line.strip_prefix("listening on ").map(str::to_owned));
            if let Some(addr) = &addr {
                // Whatever the wording, one word of what it printed claims the server.
                for word in printed.split(|c: char| c.is_whitespace() || "\"'=,".contains(c)).filter(|word| word.len() >= 16 && !word.contains('/')) {
                    if confab_tests::Api::new(addr)?.setup(word, "ada", "ada's password").await.is_ok() {
                        return Ok(word.to_owned());
                    }
                }
            }
        }
    })
    .await??;
    ensure!(token.len() >= 20, "a token that cannot be guessed: {token}");
    child.kill().await?;
    Ok(())
}

#[tokio::test]
async fn people_can_be_added_listed_and_given_a_new_password() -> Result<()> {
    let stage = Stage::new().await?;
    let (code, _, err) = on_data(&stage.server, &["user", "add", "dan"], "dan's password\n").await?;
    ensure!(code == 0, "user add: {err}");
    let (code, out, err) = on_data(&stage.server, &["user", "list"], "").await?;
    ensure!(
        code == 0 && ["ada", "bob", "cem", "dan"].iter().all(|login| out.contains(login)),
        "user list: {out} {err}"
    );
    let api = stage.server.api()?;
    api.sign_in("dan", "dan's password", "shell").await?;
    let (code, _, err) = on_data(&stage.server, &["user", "passwd", "dan"], "another password\n").await?;
    ensure!(code == 0, "user passwd: {err}");
    api.sign_in("dan", "another password", "shell").await?;
    let old = json!({ "login": "dan", "password": "dan's password" });
    api.refused(401, "unauthorized", Method::POST, "/sessions", Some(old)).await?;
    for (args, input) in [
        (&["user", "add", "dan"][..], "some password\n"),
        (&["user", "add", "Not A Login!"], "x\n"),
        (&["user", "passwd", "nobody"], "some password\n"),
    ] {
        let (code, _, err) = on_data(&stage.server, args, input).await?;
        ensure!(code != 0 && !err.is_empty() && !err.contains("panicked"), "{args:?}: {code} {err}");
    }
    Ok(())
}

#[tokio::test]
async fn a_backup_taken_under_load_restores_to_another_epoch() -> Result<()> {
    let mut stage = Stage::new().await?;
    let (mut bob, ready) = stage.enter(&stage.bob).await?;
    let room = room_id(&ready, "general")?;
    let send = |text: String| json!({ "room": room, "cid": cid(), "text": text });
    for n in 0..50 {
        bob.ok("/general", "message:send", send(format!("before {n}"))).await?;
    }
    let file = stage.server.data().with_file_name("backup.db");
    let path = file.to_string_lossy().into_owned();
    let writing = async {
        for n in 0..50 {
            bob.ok("/general", "message:send", send(format!("meanwhile {n}"))).await?;
        }
        anyhow::Ok(())
    };
    let backup = ["backup", &path];
    let (backed_up, written) = tokio::join!(on_data(&stage.server, &backup, ""), writing);
    written?;
    let (code, _, err) = backed_up?;
    ensure!(code == 0, "backup: {err}");
    ensure!(std::fs::metadata(&file)?.permissions().mode() & 0o077 == 0, "a backup is for its owner only");
    bob.ok("/general", "message:send", send("after the backup".into())).await?;

    let before = stage.server.api()?.server().await?;
    let (code, _, err) = on_data(&stage.server, &["restore", &path], "").await?;
    ensure!(code != 0, "restore while the server runs must be refused: {err}");
    stage.server.terminate().await?;
    let (code, _, err) = on_data(&stage.server, &["restore", &path], "").await?;
    ensure!(code == 0, "restore: {err}");
    let (code, out, err) = on_data(&stage.server, &["doctor"], "").await?;
    ensure!(code == 0, "doctor: {out} {err}");
    stage.server.launch().await?;
    let after = stage.server.api()?.server().await?;
    ensure!(
        after["epoch"] != before["epoch"] && after["id"] == before["id"],
        "another epoch of the same server: {before} {after}"
    );
    let (mut bob, _) = stage.enter(&stage.bob).await?;
    let page = bob.ok("/general", "room:sync", json!({ "room": room, "after": 0, "limit": 500 })).await?;
    let entries = page["entries"].as_array().context("entries")?;
    for (at, entry) in entries.iter().enumerate() {
        ensure!(entry["seq"] == json!(at + 1), "seq 1..N without holes");
    }
    let texts: Vec<_> = entries.iter().filter_map(|entry| entry["text"].as_str()).collect();
    ensure!(
        (0..50).all(|n| texts.contains(&format!("before {n}").as_str())),
        "what was there before the backup is there"
    );
    ensure!(!texts.contains(&"after the backup"), "what came after it is not");
    Ok(())
}

#[tokio::test]
async fn files_are_in_a_backup_and_come_back_with_it() -> Result<()> {
    let mut stage = Stage::new().await?;
    let letter = b"Dear Cem, this must outlive the disk.".to_vec();
    let info = stage.server.api()?.as_user(&stage.bob.token).upload("letter.txt", "text/plain", letter.clone()).await?;
    let (id, sha256) = (info["id"].as_str().context("an id")?, info["sha256"].as_str().context("a hash")?);
    let address = |stage: &Stage| format!("{}/api/v1/files/{id}", stage.server.url());
    let read = async |stage: &Stage| {
        let answer = reqwest::Client::new().get(address(stage)).bearer_auth(&stage.bob.token).send().await?;
        anyhow::Ok((answer.status().as_u16(), answer.bytes().await?.to_vec()))
    };
    ensure!(read(&stage).await? == (200, letter.clone()));

    let backup = stage.server.data().with_file_name("with-files.db");
    let path = backup.to_string_lossy().into_owned();
    let (code, _, err) = on_data(&stage.server, &["backup", &path], "").await?;
    ensure!(code == 0 && err.contains("1 uploaded files"), "backup: {code} {err}");
    let content = backup.with_file_name("with-files.db.files").join(&sha256[..2]).join(sha256);
    ensure!(std::fs::metadata(&content)?.permissions().mode() & 0o077 == 0, "a backup is for its owner only");

    // A copy that is not what was copied is found, and nothing is replaced by such a backup.
    stage.server.terminate().await?;
    std::fs::remove_dir_all(stage.server.data().join("files"))?;
    std::fs::write(&content, b"Dear Cem, this must outlive the dusk.")?;
    let (code, _, err) = on_data(&stage.server, &["restore", &path], "").await?;
    ensure!(
        code != 0 && err.contains(sha256) && err.contains("not replaced"),
        "restore of damaged files: {code} {err}"
    );

    std::fs::write(&content, &letter)?;
    let (code, _, err) = on_data(&stage.server, &["restore", &path], "").await?;
    ensure!(code == 0 && err.contains("1 uploaded files"), "restore: {code} {err}");
    stage.server.launch().await?;
    ensure!(read(&stage).await? == (200, letter));
    Ok(())
}

#[tokio::test]
async fn a_damaged_backup_replaces_nothing() -> Result<()> {
    let mut stage = Stage::new().await?;
    let file = stage.server.data().with_file_name("damaged.db");
    std::fs::write(&file, vec![0xa5; 100_000])?;
    stage.server.terminate().await?;
    let (code, _, err) = on_data(&stage.server, &["restore", &file.to_string_lossy()], "").await?;
    ensure!(code != 0 && !err.contains("panicked"), "restore of nonsense: {code} {err}");
    stage.server.launch().await?;
    stage.enter(&stage.bob).await?;
    Ok(())
}

#[tokio::test]
async fn monitors_are_answered_and_metrics_are_not_for_everybody() -> Result<()> {
    let mut options = ServerOptions::unhurried();
    options.env.push(("CONFAB_METRICS_TOKEN".into(), "metrics-token".into()));
    let stage = Stage::with(options).await?;
    let api = stage.server.api()?;
    for path in ["/healthz", "/readyz"] {
        let (status, body) = api.page(path).await?;
        ensure!(
            status == 200 && serde_json::from_str::<serde_json::Value>(&body)? == json!({ "status": "ok" }),
            "{path}: {status} {body}"
        );
    }
    let (status, _) = api.page("/metrics").await?;
    ensure!(matches!(status, 401 | 403 | 404), "/metrics without the token: {status}");
    let (_, _ready) = stage.enter(&stage.bob).await?;
    let metrics = until("metrics with the token", async || {
        let answer = reqwest::Client::new()
            .get(format!("{}/metrics", stage.server.url()))
            .bearer_auth("metrics-token")
            .send()
            .await
            .ok()?;
        (answer.status() == 200).then_some(answer)
    })
    .await?
    .text()
    .await?;
    let samples = metrics.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    for sample in samples.clone() {
        let value = sample.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
        ensure!(value.is_some(), "not a Prometheus sample: {sample}");
    }
    ensure!(samples.count() >= 5 && metrics.contains("# TYPE "), "{metrics}");
    ensure!(!metrics.contains(&stage.bob.token), "no token in metrics");
    let closed = Server::start(ServerOptions::default()).await?;
    let (status, _) = closed.api()?.page("/metrics").await?;
    ensure!(matches!(status, 401 | 403 | 404), "closed by default: {status}");
    Ok(())
}

#[tokio::test]
async fn what_it_keeps_is_for_its_owner_only() -> Result<()> {
    let stage = Stage::new().await?;
    let mode = |path: &std::path::Path| anyhow::Ok(std::fs::metadata(path)?.permissions().mode() & 0o777);
    ensure!(mode(&stage.server.data())? == 0o700, "the data directory is {:o}", mode(&stage.server.data())?);
    for file in std::fs::read_dir(stage.server.data())? {
        let path = file?.path();
        ensure!(mode(&path)? & 0o077 == 0, "{} is {:o}", path.display(), mode(&path)?);
    }
    Ok(())
}

#[tokio::test]
async fn the_log_can_be_json() -> Result<()> {
    let mut options = ServerOptions::unhurried();
    options.args.extend(["--log".into(), "json".into()]);
    let stage = Stage::with(options).await?;
    stage.enter(&stage.bob).await?;
    let log = stage.server.log();
    let lines: Vec<_> = log.lines().filter(|line| line.starts_with('{')).collect();
    ensure!(!lines.is_empty(), "no JSON in the log:\n{log}");
    for line in lines {
        let _: serde_json::Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
    }
    Ok(())
}
