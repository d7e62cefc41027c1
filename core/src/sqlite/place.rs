//! The path of a file: always the name of a file, even where SQLite would interpret it.

#[cfg(unix)]
use std::collections::hash_map::{Entry, HashMap};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::faults::{OpenFault, not_now, refused};
use super::form::Form;
#[cfg(unix)]
use super::identity::identity;
use super::parts::{PARTS, beside};
use super::private::{private, private_directory, tighten};
use crate::process::PerProcess;

/// SQLite accepts paths of 512 bytes, including the suffix `-journal`.
const LONGEST_PATH: usize = 504;

/// Most systems accept names of 255 bytes; the files next to it have longer names.
const LONGEST_NAME: usize = 200;

/// The most symbolic links on the way to the file.
const MOST_LINKS: usize = 40;

/// The number of bytes that show the kind of a file.
const HEAD: usize = 4096;

const MAGIC: &[u8] = b"SQLite format 3\0";

const NOT_A_DATABASE: &str = "the file is not a database: name another path, or move the file away";

/// Locked while a file is created: closing it would release the locks that another thread's SQLite holds on it.
static MAKING: PerProcess<Arc<Mutex<()>>> = PerProcess::new();

/// The path without links and `..`, so that all processes use the same name for the file and its log. Creates a missing
/// directory.
pub(crate) fn real_path(path: &Path) -> Result<PathBuf, OpenFault> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let is_directory = path
            .as_os_str()
            .as_encoded_bytes()
            .last()
            .is_some_and(|last| std::path::is_separator(char::from(*last)));
        let (Some(directory), Some(name), false) = (path.parent(), path.file_name(), is_directory)
        else {
            return Err(refused("the path names a directory; name a file in it"));
        };
        // The parent of a bare name is empty, which no system call takes.
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        private_directory(directory).map_err(|error| not_now(directory, &error))?;
        let directory = canonical(directory).map_err(|error| not_now(directory, &error))?;
        let whole = directory.join(name);
        let is_link = fs::symlink_metadata(&whole).is_ok_and(|found| found.is_symlink());
        if !is_link {
            let whole = if whole.exists() { canonical(&whole) } else { Ok(whole.clone()) }
                .map_err(|error| not_now(&whole, &error))?;
            check_length(&whole)?;
            return Ok(whole);
        }
        let target = fs::read_link(&whole).map_err(|error| not_now(&whole, &error))?;
        path = directory.join(target);
    }
    Err(refused(
        "the symbolic links of the path form a cycle, or are too many: name the file itself",
    ))
}

fn check_length(path: &Path) -> Result<(), OpenFault> {
    let name = path.file_name().map_or(0, |name| name.len());
    for (what, bytes, limit) in
        [("path", path.as_os_str().len(), LONGEST_PATH), ("file name", name, LONGEST_NAME)]
    {
        if bytes > limit {
            return Err(refused(format!(
                "the {what} has {bytes} bytes, more than the limit of {limit}"
            )));
        }
    }
    Ok(())
}

#[cfg(unix)]
fn canonical(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// The canonical form there has a prefix that not every program accepts.
#[cfg(not(unix))]
fn canonical(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}

/// Creates the file if it is missing, accessible only by its owner. `orphans` deals with the log of a removed file,
/// which SQLite would read into the new one.
pub(crate) fn prepare(
    path: &Path,
    orphans: impl FnOnce() -> Result<(), OpenFault>,
) -> Result<(), OpenFault> {
    let making = MAKING.get_or_make(Arc::default);
    let _making = making.lock().unwrap_or_else(PoisonError::into_inner);
    match fs::metadata(path) {
        Ok(found) => {
            return check(&found);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(not_now(path, &error)),
    }
    if PARTS.iter().skip(1).any(|part| beside(path, part).exists()) {
        orphans()?;
    }
    let mut options = OpenOptions::new();
    match private(options.create_new(true).write(true)).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(not_now(path, &error)),
    }
}

fn check(found: &Metadata) -> Result<(), OpenFault> {
    if found.is_dir() {
        return Err(refused("the path is a directory; name a file in it"));
    }
    if !found.is_file() {
        return Err(refused(
            "the path is a pipe, a socket or a device, and not a file: name another path",
        ));
    }
    if found.len() == 1 {
        // SQLite treats it as an empty one, and would overwrite it.
        return Err(refused(NOT_A_DATABASE));
    }
    #[cfg(unix)]
    {
        let names = std::os::unix::fs::MetadataExt::nlink(found);
        if names > 1 {
            return Err(refused(format!(
                "the file has {names} names (hard links), and would get a log beside each of them: \
                 remove all names but one"
            )));
        }
    }
    Ok(())
}

/// Removes the access of all other users to the file and its log.
pub(super) fn tighten_all(path: &Path) {
    PARTS.iter().for_each(|part| tighten(&beside(path, part)));
}

/// The reason why a file that SQLite cannot read is not a damaged file of this form; `None` if it is one. `was_used` is
/// further evidence that it is.
pub(super) fn foreign(path: &Path, form: &Form, was_used: bool) -> Option<String> {
    let head = head(path).ok()?;
    let application =
        head.get(68..72).map(|id| i64::from(u32::from_be_bytes(id.try_into().unwrap_or_default())));
    let (has_magic, is_ours) = (head.starts_with(MAGIC), application == Some(form.id));
    match () {
        () if has_magic && is_ours => None,
        () if has_magic && application != Some(0) => {
            Some(form.stranger(application.unwrap_or_default()).to_string())
        }
        () if is_text(&head) => {
            Some(format!("the file is a text, and not {}: name another path", form.name))
        }
        () if was_used => None,
        () => Some(NOT_A_DATABASE.to_owned()),
    }
}

/// The first bytes of a file. The file stays open: closing it would release the locks that other connections of this
/// process hold on it. There is one for each file that SQLite could not read.
#[cfg(unix)]
fn head(path: &Path) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;

    type Files = HashMap<(u64, u64), File>;
    static OPEN: PerProcess<Arc<Mutex<Files>>> = PerProcess::new();
    let identity = identity(path).ok_or(io::ErrorKind::NotFound)?;
    let open = OPEN.get_or_make(Arc::default);
    let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
    let file = match open.entry(identity) {
        Entry::Occupied(known) => known.into_mut(),
        // A file that is put there meanwhile is read in its place.
        Entry::Vacant(new) => new.insert(File::open(path)?),
    };
    let mut head = vec![0; HEAD];
    let mut len = 0;
    while let Some(rest) = head.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, len as u64)? {
            0 => break,
            read => len += read,
        }
    }
    head.truncate(len);
    Ok(head)
}

/// The first bytes of a file. Locks belong to a handle there, not to the process.
#[cfg(not(unix))]
fn head(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read;

    let mut head = Vec::new();
    File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn is_text(head: &[u8]) -> bool {
    let is_printed =
        |byte: &u8| *byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    let is_utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        // A character that is cut off at the end.
        Err(error) => error.error_len().is_none(),
    };
    is_utf8 && head.iter().all(is_printed)
}

/// The system's refusal to let this process use the file, if there is one.
#[cfg(unix)]
pub(super) fn refusal(path: &Path) -> Option<String> {
    use nix::unistd::{AccessFlags, access};

    let refused = access(path, AccessFlags::R_OK | AccessFlags::W_OK).err()?;
    Some(format!("the file cannot be read and written: {}", io::Error::from(refused)))
}

#[cfg(not(unix))]
pub(super) fn refusal(_path: &Path) -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc::{F_UNLCK, F_WRLCK, SEEK_SET, flock};
    use rusqlite::Connection;

    use super::super::form::STORE_ID;
    use super::*;

    /// Returns true if a connection of this process holds a lock on the file.
    fn is_locked(file: &File) -> nix::Result<bool> {
        let (l_type, l_whence) = (F_WRLCK as i16, SEEK_SET as i16);
        let mut found = flock { l_type, l_whence, l_start: 0, l_len: 0, l_pid: 0 };
        // A lock of this kind conflicts with those of its own process.
        fcntl(file, FcntlArg::F_OFD_GETLK(&mut found))?;
        Ok(found.l_type != F_UNLCK as i16)
    }

    #[test]
    fn the_look_at_a_file_releases_no_lock_of_this_process_and_sees_changes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("chat.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n)").unwrap();
        let probe = File::options().read(true).write(true).open(&path).unwrap();
        assert!(is_locked(&probe).unwrap());

        let form = Form { name: "a store", id: STORE_ID, steps: &[] };
        assert_eq!(foreign(&path, &form, false).unwrap(), NOT_A_DATABASE);
        assert!(is_locked(&probe).unwrap());
        connection.pragma_update(None, "application_id", STORE_ID).unwrap();
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        assert_eq!(foreign(&path, &form, false), None);
        assert!(is_locked(&probe).unwrap());
    }
    #[test]
    fn a_bare_name_is_a_file_in_the_current_directory() {
        let Ok(found) = real_path(Path::new("no-such-file.db")) else { panic!("refused") };
        let here = std::env::current_dir().unwrap().canonicalize().unwrap();
        assert_eq!(found, here.join("no-such-file.db"));
    }
}
