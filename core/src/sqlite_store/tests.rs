//! The file under the store: foreign and damaged ones, faults, other writers, and files that move.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use super::SqliteStore;
use super::messages;
use super::schema::FORM;
use crate::conversation::Conversations;
use crate::conversation::{Owner, StoreMessage};
use crate::error::{Error, ErrorKind};
use crate::outbox::{Outbox, Outcome};
use crate::sqlite::{PARTS, beside};

const USER: &str = "user-1";

struct Place {
    directory: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("chat.db");
        Place { directory, path }
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path).unwrap()
    }

    fn refused(&self) -> Error {
        let error = SqliteStore::open(&self.path).unwrap_err();
        assert_eq!(
            (error.kind(), error.operation()),
            (ErrorKind::Storage, "store.open"),
            "{error}"
        );
        error
    }

    /// A connection of another program, or of another process.
    fn other(&self) -> Connection {
        Connection::open(&self.path).unwrap()
    }
}

async fn workspace(store: &SqliteStore) -> String {
    store.create_workspace(USER, "name").await.unwrap().id
}

fn message(workspace: &str, text: &str) -> StoreMessage {
    StoreMessage::from_user(workspace, USER, text, 1_764_660_000_000)
}

async fn texts(store: &SqliteStore, workspace: &str) -> Vec<String> {
    let messages = store.history(USER, workspace).await.unwrap();
    messages.into_iter().map(|message| message.content).collect()
}

#[test]
fn what_is_no_store_is_refused_in_words_and_left_as_it_is() {
    let place = Place::new();
    fs::create_dir(&place.path).unwrap();
    assert!(place.refused().to_string().contains("directory; name a file in it"));
    fs::remove_dir(&place.path).unwrap();

    for (content, why) in [
        (&b"# notes\nbuy milk\n"[..], "the file is a text, and not a store: name another path"),
        (
            &[0xff, 0xfe, 0, 1, 2, 3, 4, 5],
            "not a database: name another path, or move the file away",
        ),
        (b"x", "not a database"),
    ] {
        fs::write(&place.path, content).unwrap();
        let error = place.refused().to_string();
        assert!(error.contains(why) && error.contains("chat.db"), "{error}");
        assert_eq!(fs::read(&place.path).unwrap(), content);
    }
    fs::remove_file(&place.path).unwrap();

    place.other().execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    assert!(place.refused().message().contains("another program's database: name another path"));
    fs::remove_file(&place.path).unwrap();

    Outbox::open(&place.path).unwrap();
    let why = "the file is an outbox of turnwire, and not a store";
    assert!(place.refused().message().contains(why), "{}", place.refused());

    let place = Place::new();
    drop(place.open());
    place.other().pragma_update(None, "user_version", 99).unwrap();
    assert!(place.refused().message().contains("of a later version of turnwire"));
    let error = Outbox::open(&place.path).unwrap_err();
    assert!(
        error.message().contains("the file is a store of turnwire, and not an outbox"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_this_user_may_not_open_is_told_with_its_reason() {
    use std::os::unix::fs::PermissionsExt;

    if nix::unistd::geteuid().is_root() {
        return; // Root may open everything.
    }
    let place = Place::new();
    drop(place.open());
    fs::set_permissions(&place.path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(place.refused().message().contains("cannot be read and written: Permission denied"));
}

#[cfg(unix)]
#[test]
fn the_file_and_its_directory_belong_to_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let path = place.directory.path().join("var/chat.db");
    let store = SqliteStore::open(&path).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(store.path(), path.canonicalize().unwrap());
}

#[tokio::test]
async fn a_damaged_file_is_reported_and_never_changed() {
    let place = Place::new();
    let store = place.open();
    let id = workspace(&store).await;
    for n in 0..200 {
        store.save(USER, &message(&id, &format!("{n} {}", "text ".repeat(100)))).await.unwrap();
    }
    let real = store.path().to_owned();
    drop(store);
    until(|| !beside(&real, "-wal").exists()).await;
    let mut content = fs::read(&real).unwrap();
    let end = content.len();
    content[8192..end].fill(0x5a);
    fs::write(&real, &content).unwrap();
    let error = place.refused();
    assert!(error.message().starts_with("the file is damaged: "), "{error}");
    assert!(error.to_string().contains("put a backup in its place"), "{error}");
    assert_eq!(fs::read(&real).unwrap(), content);
}

/// Waits for work of a blocking thread.
async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_an_error_that_may_pass_and_the_store_goes_on_after_it() {
    let place = Place::new();
    let store = place.open();
    let id = workspace(&store).await;
    let limit = |pages: i64| {
        let limit = move |file: &Connection| {
            file.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        };
        store.read_on_writer(limit)
    };
    limit(1).await.unwrap();
    let long = message(&id, &"long ".repeat(20_000));
    let error = store.save(USER, &long).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.is_retryable() && error.message().contains("full"), "{error}");
    assert!(error.to_string().contains("the space on the disk"), "{error}");
    // SQLite has removed the log with its last connection: that is no loss.
    assert!(!beside(store.path(), "-wal").exists());
    assert!(!store.file().has_moved());
    // The connection was replaced: the limit has gone with it, as a disk that has space again.
    store.save(USER, &long).await.unwrap();
    assert_eq!(texts(&store, &id).await.len(), 1);
}

#[tokio::test]
async fn a_call_waits_for_another_writer_and_blocks_neither_readers_nor_the_runtime() {
    let place = Place::new();
    let store = place.open();
    let id = workspace(&store).await;
    store.save(USER, &message(&id, "first")).await.unwrap();
    let other = place.other();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let ticks = Arc::new(AtomicUsize::new(0));
    let saving = tokio::spawn({
        let (store, second) = (store.clone(), message(&id, "second"));
        async move { store.save(USER, &second).await }
    });
    // This runtime has one thread: it runs on while the save waits.
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        ticks.fetch_add(1, Ordering::SeqCst);
        assert_eq!(texts(&store, &id).await, ["first"]);
    }
    assert!(!saving.is_finished());
    other.execute_batch("COMMIT").unwrap();
    saving.await.unwrap().unwrap();
    assert_eq!(texts(&store, &id).await, ["first", "second"]);
}

#[tokio::test]
async fn the_statements_of_a_read_see_one_state() {
    let place = Place::new();
    let store = place.open();
    let id = workspace(&store).await;
    store.save(USER, &message(&id, "first")).await.unwrap();
    let other = place.other();
    let look = move |file: &Connection| {
        let count = || file.query_row("SELECT count(*) FROM message", [], |row| row.get(0));
        let before: i64 = count()?;
        other.execute_batch("DELETE FROM message")?;
        Ok((before, count()?))
    };
    assert_eq!(store.read("test", look).await.unwrap(), (1, 1));
    assert!(texts(&store, &id).await.is_empty());
}

#[tokio::test]
async fn a_writer_that_never_ends_is_an_error_that_may_pass() {
    let place = Place::new();
    let store = place.open();
    let id = workspace(&store).await;
    let other = place.other();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.save(USER, &message(&id, "second")).await.unwrap_err();
    assert!(
        error.is_retryable() && error.message().contains("another process has been writing"),
        "{error}"
    );
    let owner = Owner { user_id: Some(USER), ..Owner::default() };
    let outcome = Conversations::save(&store, owner, &message(&id, "third")).await;
    assert!(matches!(&outcome, Outcome::Unavailable { .. }), "{outcome:?}");
    other.execute_batch("COMMIT").unwrap();
    store.save(USER, &message(&id, "fourth")).await.unwrap();
}

#[tokio::test]
async fn a_creation_is_found_again_by_the_message_that_opened_it() {
    let place = Place::new();
    let store = place.open();
    let made = store.create_once(USER, "a", Some("m-1")).await.unwrap();
    let again = place.open().create_once(USER, "another name", Some("m-1")).await.unwrap();
    assert_eq!(again, made);
    let others = store.create_once("user-2", "b", Some("m-1")).await.unwrap();
    assert_ne!(others.id, made.id, "the id of a message is its user's own");
    assert_ne!(store.create_once(USER, "c", None).await.unwrap().id, made.id);
    assert_ne!(store.create_once(USER, "c", None).await.unwrap().id, made.id);
    assert_eq!(store.workspaces(USER).await.unwrap().len(), 3);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_removed_or_replaced_while_in_use_gets_no_lost_writes() {
    let place = Place::new();
    let store = place.open();
    let gone = workspace(&store).await;
    store.history(USER, &gone).await.unwrap(); // The reader has the file open as well.
    fs::remove_file(store.path()).unwrap();
    let id = workspace(&store).await;
    store.save(USER, &message(&id, "in the new file")).await.unwrap();
    assert_eq!(store.history(USER, &gone).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(texts(&place.open(), &id).await, ["in the new file"]);

    // Another store takes its place, as from a backup.
    let backup = Place::new();
    let restored = workspace(&backup.open()).await;
    until(|| !beside(&backup.path, "-wal").exists()).await;
    fs::rename(&backup.path, store.path()).unwrap();
    store.save(USER, &message(&restored, "in the backup")).await.unwrap();
    assert_eq!(texts(&place.open(), &restored).await, ["in the backup"]);

    // The log alone is removed: the writes in it are kept.
    fs::remove_file(beside(store.path(), "-wal")).unwrap();
    store.save(USER, &message(&restored, "after the log")).await.unwrap();
    assert_eq!(texts(&place.open(), &restored).await, ["in the backup", "after the log"]);
}

#[tokio::test]
async fn a_log_without_its_file_is_set_aside_and_not_read_into_a_new_one() {
    let place = Place::new();
    fs::write(beside(&place.path, "-wal"), "the log of a file that was removed").unwrap();
    let store = place.open();
    assert_eq!(store.workspaces(USER).await.unwrap(), []);
    let kept = fs::read_dir(place.directory.path()).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        path.to_string_lossy().contains(".removed-").then(|| fs::read_to_string(path).unwrap())
    });
    assert_eq!(kept.collect::<Vec<_>>(), ["the log of a file that was removed"]);
}

#[tokio::test]
async fn deleted_text_is_not_in_the_file_any_more() {
    let place = Place::new();
    let store = place.open();
    let (gone, kept) = (workspace(&store).await, workspace(&store).await);
    let secret = "a-word-that-nobody-may-find";
    store.save(USER, &message(&gone, &format!("{secret} ").repeat(500))).await.unwrap();
    store.save(USER, &message(&kept, "kept")).await.unwrap();
    assert!(store.delete_workspace(USER, &gone).await.unwrap());
    for part in PARTS {
        let content = fs::read(beside(store.path(), part)).unwrap_or_default();
        let found = content.windows(secret.len()).any(|bytes| bytes == secret.as_bytes());
        assert!(!found, "chat.db{part}");
    }
    assert_eq!(texts(&store, &kept).await, ["kept"]);
}

/// Polls a future on this thread, which has no runtime.
fn wait_for<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn it_works_without_a_runtime_of_the_caller() {
    let place = Place::new();
    let store = place.open();
    let made = wait_for(store.create_workspace(USER, "name")).unwrap();
    assert_eq!(wait_for(store.workspaces(USER)).unwrap(), [made]);
}

#[tokio::test]
async fn each_query_uses_an_index() {
    let place = Place::new();
    drop(place.open());
    let other = place.other();
    FORM.migrate(&other).unwrap();
    for sql in [
        "SELECT * FROM workspace WHERE user_id = 'u' ORDER BY updated_at DESC",
        "SELECT max(updated_at) FROM workspace WHERE user_id = 'u'",
        "SELECT * FROM workspace WHERE user_id = 'u' AND opened_by = 'm'",
        &messages::latest_before(),
        "DELETE FROM message WHERE workspace_id = 'w'",
    ] {
        let mut plan = other.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = plan.raw_query().mapped(|row| row.get::<_, String>(3));
        let steps: Vec<String> = steps.map(Result::unwrap).collect();
        // The messages of one moment are sorted after they were read, which are few.
        let is_quick = |step: &String| {
            step.starts_with("SEARCH")
                || step.starts_with("CORRELATED SCALAR SUBQUERY")
                || step == "USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY"
        };
        assert!(steps.iter().all(is_quick), "{sql}: {steps:?}");
    }
}
