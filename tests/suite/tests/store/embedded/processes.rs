//! Handles that write to one file at the same time.
//!
//! Each opens the file for itself, as a process does. `turnwire-crash store` does the same with processes, and kills them.

use super::{SENT_AT, USER, message, store};

const WRITERS: usize = 4;
const SAVES: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn no_write_is_lost_among_several_writers() {
    let (directory, store) = store();
    let id = store.create_workspace(USER, "a").await.unwrap().id;
    let path = directory.path().join("chat.db");
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (id, path) = (id.clone(), path.clone());
            tokio::spawn(async move {
                let own = turnwire::SqliteStore::open(path).unwrap();
                for n in 0..SAVES {
                    let text = format!("{writer} {n}");
                    own.save(USER, &message(&id, &text, SENT_AT)).await.unwrap();
                    own.create_workspace(USER, &text).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let history = store.history(USER, &id).await.unwrap();
    assert_eq!(history.len(), WRITERS * SAVES);
    for writer in 0..WRITERS {
        let prefix = format!("{writer} ");
        let own = history.iter().filter_map(|message| message.content.strip_prefix(&prefix));
        assert!(own.eq((0..SAVES).map(|n| n.to_string())), "in the order of the writer");
    }
    let workspaces = store.workspaces(USER).await.unwrap();
    assert_eq!(workspaces.len(), WRITERS * SAVES + 1);
    let mut times: Vec<_> = workspaces.iter().map(|workspace| workspace.updated_at).collect();
    times.dedup();
    assert_eq!(times.len(), workspaces.len(), "no two have the same time");
}
