//! Random calls, compared with a plain model of the store.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use turnwire::conversation::StoreMessage;

use super::{SENT_AT, store};

#[derive(Clone, Debug)]
enum Call {
    Create { user: usize, name: String },
    Rename { user: usize, workspace: usize, name: String },
    Delete { user: usize, workspace: usize },
    Save { user: usize, workspace: usize, id: usize, asked: Option<usize>, text: String, at: i64 },
    Page { user: usize, workspace: usize, limit: usize },
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let (user, workspace) = (|| 0..2usize, || 0..6usize);
    let call = prop_oneof![
        2 => (user(), "[a-z가-힣]{1,4}").prop_map(|(user, name)| Call::Create { user, name }),
        1 => (user(), workspace(), "[a-z]{1,4}")
            .prop_map(|(user, workspace, name)| Call::Rename { user, workspace, name }),
        1 => (user(), workspace()).prop_map(|(user, workspace)| Call::Delete { user, workspace }),
        8 => (user(), workspace(), 0..12usize, prop::option::of(0..12usize), "\\PC{1,8}", 0..4i64)
            .prop_map(|(user, workspace, id, asked, text, at)| {
                Call::Save { user, workspace, id, asked, text, at }
            }),
        3 => (user(), workspace(), 1..4usize)
            .prop_map(|(user, workspace, limit)| Call::Page { user, workspace, limit }),
    ];
    prop::collection::vec(call, 1..60)
}

/// The store in plain words: lists, searched from end to end.
#[derive(Default)]
struct Model {
    /// Id, user and name; the last used last.
    workspaces: Vec<(String, usize, String)>,
    /// User and message, in the order of the first saves.
    messages: Vec<(usize, StoreMessage)>,
}

impl Model {
    fn has(&self, user: usize, id: &str) -> bool {
        self.workspaces.iter().any(|(known, owner, _)| known == id && *owner == user)
    }

    /// Moves a workspace to the end.
    fn touch(&mut self, id: &str) {
        if let Some(at) = self.workspaces.iter().position(|(known, ..)| known == id) {
            let used = self.workspaces.remove(at);
            self.workspaces.push(used);
        }
    }

    fn save(&mut self, user: usize, message: &StoreMessage) -> bool {
        if !self.has(user, &message.workspace_id) {
            return false;
        }
        self.touch(&message.workspace_id);
        let known =
            self.messages.iter_mut().find(|(owner, m)| *owner == user && m.id == message.id);
        match known {
            Some((_, known)) => known.clone_from(message),
            None => self.messages.push((user, message.clone())),
        }
        true
    }

    fn history(&self, user: usize, id: &str) -> Option<Vec<StoreMessage>> {
        let of = self.messages.iter().filter(|(_, message)| message.workspace_id == id);
        let mut found: Vec<_> = of.map(|(_, message)| message.clone()).collect();
        let times: HashMap<String, i64> =
            found.iter().map(|message| (message.id.clone(), message.sent_at)).collect();
        let replies_to_earlier = |reply: &StoreMessage| {
            let asked = reply.parent_id.as_ref();
            asked.is_some_and(|asked| times.get(asked) != Some(&reply.sent_at))
        };
        found.sort_by_key(|message| (message.sent_at, !replies_to_earlier(message)));
        self.has(user, id).then_some(found)
    }
}

const USERS: [&str; 2] = ["user-a", "user-b"];

async fn run(calls: Vec<Call>) {
    let (directory, store) = store();
    // Every call goes through another handle of the file than the one before.
    let other = turnwire::SqliteStore::open(directory.path().join("chat.db")).unwrap();
    let mut model = Model::default();
    let mut ids: BTreeMap<usize, String> = BTreeMap::new();
    for (n, call) in calls.into_iter().enumerate() {
        let store = if n % 2 == 0 { &store } else { &other };
        let id_of = |workspace: usize| ids.get(&workspace).cloned().unwrap_or("nowhere".to_owned());
        match call {
            Call::Create { user, name } => {
                let made = store.create_workspace(USERS[user], &name).await.unwrap();
                model.workspaces.push((made.id.clone(), user, name));
                ids.insert(ids.len() % 6, made.id);
            }
            Call::Rename { user, workspace, name } => {
                let id = id_of(workspace);
                let renamed = store.rename_workspace(USERS[user], &id, &name).await;
                assert_eq!(renamed.is_ok(), model.has(user, &id));
                if renamed.is_ok() {
                    model.touch(&id);
                    model.workspaces.last_mut().unwrap().2 = name;
                }
            }
            Call::Delete { user, workspace } => {
                let id = id_of(workspace);
                let deleted = store.delete_workspace(USERS[user], &id).await.unwrap();
                assert_eq!(deleted, model.has(user, &id));
                if deleted {
                    model.workspaces.retain(|(known, ..)| *known != id);
                    model.messages.retain(|(_, message)| message.workspace_id != id);
                }
            }
            Call::Save { user, workspace, id, asked, text, at } => {
                let mut message =
                    StoreMessage::from_user(id_of(workspace), USERS[user], text, SENT_AT + at);
                if let Some(asked) = asked {
                    message.id = format!("message-{asked}");
                    message = StoreMessage::reply_to(&message, message.content.clone(), 0);
                    message.sent_at = SENT_AT + at;
                }
                message.id = format!("message-{id}");
                let saved = store.save(USERS[user], &message).await;
                assert_eq!(saved.is_ok(), model.save(user, &message), "{saved:?}");
            }
            Call::Page { user, workspace, limit } => {
                let id = id_of(workspace);
                let Some(expected) = model.history(user, &id) else { continue };
                let mut found: Vec<StoreMessage> = Vec::new();
                let mut before: Option<String> = None;
                loop {
                    let page = store
                        .history_page(USERS[user], &id, before.as_deref(), limit)
                        .await
                        .unwrap();
                    assert!(page.messages.len() <= limit);
                    found.splice(..0, page.messages);
                    before = page.before;
                    if before.is_none() {
                        break;
                    }
                }
                assert_eq!(found, expected);
            }
        }
    }
    for (user, name) in USERS.iter().enumerate() {
        let listed = store.workspaces(name).await.unwrap();
        let listed: Vec<_> = listed.into_iter().rev().map(|w| (w.id, user, w.name)).collect();
        let expected: Vec<_> = model.workspaces.iter().filter(|w| w.1 == user).cloned().collect();
        assert_eq!(listed, expected);
        for id in ids.values() {
            assert_eq!(store.history(name, id).await.ok(), model.history(user, id));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_calls_have_the_results_of_the_model(calls in calls()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(calls));
    }
}
