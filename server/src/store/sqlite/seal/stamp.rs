//! What the file system says of the main file: whether anybody wrote to it since we did.

use std::path::Path;

/// Bytes of a file that is read in a moment: such a one is always read before it is served.
const SMALL: u64 = 40 << 20;

/// A number that stays the same as long as nobody writes to the file, replaces it, or starts the machine anew. None where
/// the system does not tell, and of small files: then all is read.
///
/// The time of the last change of the inode (`ctime`) is in it, which nobody can set: a file that was changed and given
/// its old time again is told apart. So is the boot: what was in memory only is gone after a loss of power, and what the
/// disk made of the rest has to be read.
pub(super) fn of(file: &Path) -> Option<u32> {
    imp::of(file)
}

/// Waits until a later change of the file would get another time: the kernel's clock for it goes in steps.
pub(super) fn settle() {
    // A hundredth of a second is the longest step that a kernel is built with.
    std::thread::sleep(std::time::Duration::from_millis(11));
}

#[cfg(target_os = "linux")]
mod imp {
    use std::os::linux::fs::MetadataExt as _;
    use std::path::Path;
    use std::sync::OnceLock;

    use crate::store::sqlite::wal::sum;

    static BOOT: OnceLock<Option<String>> = OnceLock::new();

    pub fn of(file: &Path) -> Option<u32> {
        let boot = BOOT.get_or_init(|| std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()).as_ref()?;
        let file = std::fs::metadata(file).ok()?;
        if file.len() < super::SMALL {
            return None;
        }
        let mut told = boot.clone().into_bytes();
        for number in [file.st_dev(), file.st_ino(), file.st_size()] {
            told.extend(number.to_le_bytes());
        }
        for number in [file.st_mtime(), file.st_mtime_nsec(), file.st_ctime(), file.st_ctime_nsec()] {
            told.extend(number.to_le_bytes());
        }
        // Zero is how a seal says that it knows none.
        Some(sum(&told).max(1))
    }
}

/// Elsewhere the standard library does not tell when an inode was last changed.
#[cfg(not(target_os = "linux"))]
mod imp {
    pub fn of(_: &std::path::Path) -> Option<u32> {
        None
    }
}
