//! `scripts/freshen`, which decides what CI builds anew: a file has its old time only while it is what it was in the last run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use confab_tests::workspace_root;
use tempfile::TempDir;

/// A folder in which clones come and go, and their target directory.
struct Ci {
    dir: TempDir,
}

impl Ci {
    fn new() -> Result<Self> {
        Ok(Self { dir: tempfile::Builder::new().prefix("confab-freshen-").tempdir()? })
    }

    fn run(&self, command: &mut Command, place: &Path) -> Result<()> {
        let output = command.current_dir(place).env("CARGO_TARGET_DIR", self.dir.path().join("target")).output()?;
        ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// A new clone with these files, freshened.
    fn clone(&self, name: &str, files: &[(&str, &str)]) -> Result<PathBuf> {
        let clone = self.dir.path().join(name);
        if clone.exists() {
            fs::remove_dir_all(&clone)?;
        }
        fs::create_dir_all(self.dir.path().join("target"))?;
        for (path, content) in files.iter().chain(&[("ui/dist/index.html", "built")]) {
            let path = clone.join(path);
            fs::create_dir_all(path.parent().context("a folder")?)?;
            fs::write(path, content)?;
        }
        fs::create_dir_all(clone.join("scripts"))?;
        fs::copy(workspace_root().join("scripts/freshen"), clone.join("scripts/freshen"))?;
        fs::write(clone.join(".gitignore"), "/ui/dist/\n")?;
        self.run(Command::new("git").args(["init", "--quiet"]), &clone)?;
        self.run(Command::new("git").args(["add", "--all"]), &clone)?;
        self.run(&mut Command::new("scripts/freshen"), &clone)?;
        Ok(clone)
    }
}

fn age(clone: &Path, path: &str) -> Result<SystemTime> {
    fs::metadata(clone.join(path)).and_then(|file| file.modified()).context(path.to_owned())
}

#[test]
fn what_is_the_same_is_as_old_as_it_was() -> Result<()> {
    let ci = Ci::new()?;
    let files = [("lib/a file.rs", "a"), ("lib/b.rs", "b")];
    let all = ["lib/a file.rs", "lib/b.rs", "lib", "ui/dist/index.html", "ui/dist", "."];
    let clone = ci.clone("clone", &files)?;
    let ages = all.map(|path| age(&clone, path).ok());
    let clone = ci.clone("clone", &files)?;
    ensure!(ages == all.map(|path| age(&clone, path).ok()) && ages.iter().all(Option::is_some), "{ages:?}");
    Ok(())
}

#[test]
fn what_is_not_the_same_is_younger_than_all_before() -> Result<()> {
    let ci = Ci::new()?;
    let both = [("lib/a.rs", "a"), ("lib/b.rs", "b")];
    let first = age(&ci.clone("clone", &both)?, "lib/a.rs")?;
    // To B and back to A: what was built last was built from B.
    let second = age(&ci.clone("clone", &[("lib/a.rs", "B"), both[1]])?, "lib/a.rs")?;
    let third = age(&ci.clone("clone", &both)?, "lib/a.rs")?;
    ensure!(first < second && second < third, "{first:?}, {second:?}, {third:?}");

    // One that goes and comes, and the folder that it is in.
    let without = ci.clone("clone", &both[1..])?;
    let folder = age(&without, "lib")?;
    ensure!(third < folder && age(&without, "lib/b.rs")? == first, "the folder has lost a file");
    let again = ci.clone("clone", &both)?;
    ensure!(folder < age(&again, "lib/a.rs")? && folder < age(&again, "lib")?, "a file is there again");

    // Another place is another program: paths are compiled in.
    let elsewhere = ci.clone("elsewhere", &both)?;
    ensure!(age(&again, "lib/a.rs")? < age(&elsewhere, "lib/b.rs")?, "the clone is elsewhere");
    let back = ci.clone("clone", &both)?;
    ensure!(age(&elsewhere, "lib/b.rs")? < age(&back, "lib/b.rs")?, "the clone is back");
    Ok(())
}
