//! What a server asked of its disk, as strace saw it: writes, and which of them it had flushed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// Longest write that is recorded whole. A checkpoint writes page by page.
const LONGEST: &str = "4194304";
/// All by which a file can change or be made durable.
const CALLS: &str =
    "trace=write,pwrite64,writev,pwritev,pwritev2,lseek,ftruncate,fallocate,fsync,fdatasync,rename,unlink";

/// One step of a file.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// When: a write when it begins, a flush when it is done. Microseconds since 1970, as are the acks beside it.
    pub(super) at: u64,
    /// The file's name.
    pub(super) file: String,
    /// What.
    pub(super) does: Does,
}

/// What becomes of a file.
#[derive(Debug, Clone)]
pub(super) enum Does {
    /// These bytes at this place.
    Write(usize, Vec<u8>),
    /// Cut off or made longer.
    Resize(usize),
    /// All that was done to it before is durable.
    Flush,
}

/// The command that runs a server and writes what it does with these files to `out.THREAD`. None without strace, or
/// where it may not trace.
pub(super) async fn wrapper(files: &[PathBuf], out: &Path) -> Option<Vec<String>> {
    // `--seccomp-bpf`: what is not asked for costs nothing.
    let tried = ["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "true"];
    let tried = tokio::process::Command::new("strace").args(tried).output().await;
    if !tried.is_ok_and(|output| output.status.success()) {
        return None;
    }
    // `-D`: the server stays our child. `-ff`: a file for each thread, in which no call is torn by another's.
    let mut command: Vec<String> =
        ["strace", "-D", "-ff", "--seccomp-bpf", "-ttt", "-T", "-y", "-xx", "-s", LONGEST, "-e", CALLS]
            .map(str::to_owned)
            .into();
    for file in files {
        command.extend(["-P".to_owned(), file.display().to_string()]);
    }
    command.extend(["-o".to_owned(), out.display().to_string(), "--".to_owned()]);
    Some(command)
}

/// Whether all that strace has to say is written: each thread's file ends with its end.
pub(super) fn is_over(out: &Path) -> Result<bool> {
    let files = files_beside(out)?;
    let ended = |path: &PathBuf| std::fs::read(path).is_ok_and(|text| text.trim_ascii_end().ends_with(b"+++"));
    Ok(!files.is_empty() && files.iter().all(ended))
}

/// The steps, in the order in which they took effect.
///
/// # Errors
/// When the server did something that cannot be replayed.
pub(super) fn read(out: &Path) -> Result<Vec<Step>> {
    let mut calls = Vec::new();
    for path in files_beside(out)? {
        let text = std::fs::read_to_string(&path)?;
        // A call in which the process was killed has no end, and counts as one that never came to the disk.
        calls.extend(text.lines().filter_map(Call::read));
    }
    calls.sort_by_key(|call| call.from);
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut steps = Vec::new();
    for call in calls {
        steps.extend(call.step(&mut places)?);
    }
    steps.sort_by_key(|step| step.at);
    Ok(steps)
}

fn files_beside(out: &Path) -> Result<Vec<PathBuf>> {
    let (folder, name) = (out.parent().context("a folder")?, out.file_name().context("a name")?.to_string_lossy());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let own = path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}.")));
        found.extend(own.then_some(path));
    }
    Ok(found)
}

/// A line of strace: `1795251511.906707 pwrite64(12<\x2f…>, "\x37…", 32, 0) = 32 <0.000012>`.
struct Call {
    from: u64,
    to: u64,
    name: String,
    arguments: Vec<String>,
    result: usize,
}

impl Call {
    /// None for what is no call, or one that failed or never ended.
    fn read(line: &str) -> Option<Self> {
        let (at, rest) = line.split_once(' ')?;
        let (call, end) = rest.rsplit_once(" = ")?;
        let (result, took) = end.split_once(" <")?;
        let (name, arguments) = call.trim_end().strip_suffix(')')?.split_once('(')?;
        let from = micros(at)?;
        Some(Self {
            from,
            to: from + micros(took.strip_suffix('>')?)?,
            name: name.to_owned(),
            arguments: arguments.split(", ").map(str::to_owned).collect(),
            result: result.parse().ok()?,
        })
    }

    fn step(&self, places: &mut HashMap<String, usize>) -> Result<Option<Step>> {
        let argument = |at: usize| self.arguments.get(at).map(String::as_str).with_context(|| self.name.clone());
        // `12<path>`: two handles of a file have two places in it.
        let handle = argument(0)?;
        let path = handle.split_once('<').and_then(|(_, path)| path.strip_suffix('>')).unwrap_or_default();
        let path = PathBuf::from(String::from_utf8(bytes(path)?)?);
        let file = path.file_name().context("a file has a name")?.to_string_lossy().into_owned();
        let mut at = self.from;
        let does = match self.name.as_str() {
            "lseek" => {
                places.insert(handle.to_owned(), self.result);
                return Ok(None);
            }
            "write" => {
                let place = places.get_mut(handle).context("a write at an unknown place")?;
                let written = self.data(argument(1)?)?;
                *place += written.len();
                Does::Write(*place - written.len(), written)
            }
            "pwrite64" => Does::Write(argument(3)?.parse()?, self.data(argument(1)?)?),
            "ftruncate" => Does::Resize(argument(1)?.parse()?),
            "fsync" | "fdatasync" => {
                at = self.to;
                Does::Flush
            }
            other => bail!("{other} on {file} cannot be replayed"),
        };
        Ok(Some(Step { at, file, does }))
    }

    fn data(&self, quoted: &str) -> Result<Vec<u8>> {
        let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let mut data = bytes(inner.context("a write that was not recorded whole")?)?;
        ensure!(data.len() >= self.result, "a write of {} bytes shows {}", self.result, data.len());
        data.truncate(self.result);
        Ok(data)
    }
}

/// `\x37\x7f…`.
fn bytes(hex: &str) -> Result<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let piece = |piece: &[u8]| match piece {
        [b'\\', b'x', high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    hex.as_bytes().chunks(4).map(|chunk| piece(chunk).context("not in hex")).collect()
}

/// `12.000345` seconds.
fn micros(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.split_once('.')?;
    Some(seconds.parse::<u64>().ok()? * 1_000_000 + fraction.parse::<u64>().ok().filter(|_| fraction.len() == 6)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_strace_become_steps() -> Result<()> {
        let lines = [
            r#"12.000005 lseek(7<\x2f\x61>, 32, SEEK_SET) = 32 <0.000001>"#,
            r#"12.000010 write(7<\x2f\x61>, "\x01\xff", 2) = 2 <0.000004>"#,
            r#"12.000011 pwrite64(9<\x2f\x62>, "\x03", 1, 4096) = 1 <0.000004>"#,
            r#"12.000020 fdatasync(7<\x2f\x61>) = 0 <0.000300>"#,
            r#"12.000030 ftruncate(9<\x2f\x62>, 0) = 0 <0.000001>"#,
            r#"12.000040 pwrite64(9<\x2f\x62>, "\x03", 1, 4096 <unfinished ...>) = ?"#,
            r#"12.000050 +++ killed by SIGKILL +++"#,
        ];
        let dir = tempfile::tempdir()?;
        let out = dir.path().join("trace");
        std::fs::write(dir.path().join("trace.77"), lines.join("\n"))?;
        assert!(is_over(&out)?);
        let steps = read(&out)?;
        let seen: Vec<String> =
            steps.iter().map(|s| format!("{} {} {:?}", s.at - 12_000_000, s.file, s.does)).collect();
        let wanted = ["10 a Write(32, [1, 255])", "11 b Write(4096, [3])", "30 b Resize(0)", "320 a Flush"];
        assert_eq!(seen, wanted);
        Ok(())
    }
}
