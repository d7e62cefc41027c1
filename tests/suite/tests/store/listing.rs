//! The workspaces of a user, from stores that paginate, ignore pagination, or never end.

use std::time::Duration;

use serde_json::{Value, json};
use turnwire::config::{Limits, Timeouts};
use turnwire::conversation::WorkspaceStatus;
use turnwire_fakes::{FakeStore, Script};

use super::{USER, calls, settings, store};

fn page(ids: impl IntoIterator<Item = usize>) -> Script {
    let rows: Vec<Value> =
        ids.into_iter().map(|n| json!({"workspaceId": format!("w{n}")})).collect();
    Script::body(json!({"success": true, "message": "", "data": rows}))
}

#[tokio::test]
async fn workspaces_are_read_page_by_page() {
    let (fake, store) = store().await;
    for n in 0..120 {
        fake.add_workspace(&format!("w{n}"), "many");
    }
    let found = store.workspaces("many", WorkspaceStatus::Active).await.unwrap();
    let ids: Vec<_> = found.into_iter().map(|workspace| workspace.id).collect();
    assert_eq!(ids, (0..120).map(|n| format!("w{n}")).collect::<Vec<_>>());
    assert_eq!(calls(&fake, "GET /api/workspace/many/status"), 3);
    assert!(store.workspaces("many", WorkspaceStatus::Deleted).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_does_not_page_is_not_asked_for_ever() {
    let (fake, store) = store().await;
    let page: Vec<_> = (0..50).map(|n| json!({"workspaceId": format!("w{n}")})).collect();
    let answer = json!({"success": true, "message": "", "data": page});
    fake.fake().script("workspaces", Script::body(answer));
    assert_eq!(store.workspaces(USER, WorkspaceStatus::Active).await.unwrap().len(), 50);
    assert_eq!(fake.fake().requests().len(), 2);
}

#[tokio::test]
async fn a_store_that_gives_all_at_once_is_asked_once_more_and_no_further() {
    let (fake, store) = store().await;
    fake.fake().script("workspaces", page(0..300));
    assert_eq!(store.workspaces(USER, WorkspaceStatus::Active).await.unwrap().len(), 300);
    assert_eq!(fake.fake().requests().len(), 2);
}

#[tokio::test]
async fn pages_without_an_end_are_an_error() {
    // Only new workspaces on each page; one new on each page; all on one page.
    for (new, pages) in [(50_usize, 201), (1, 201), (10_001, 1)] {
        let (fake, store) = store().await;
        for n in 0..pages {
            let first = n * new;
            let ids = first..first + new.max(50);
            fake.fake().script("workspaces", page(ids));
        }
        let error = store.workspaces(USER, WorkspaceStatus::Active).await.unwrap_err();
        assert_eq!(error.code(), "too_large", "{new}: {error}");
        assert!(error.to_string().contains("10000"), "{error}");
        assert!(fake.fake().requests().len() <= 200);
    }
}

#[tokio::test]
async fn all_pages_together_keep_to_the_limits_of_one_reply() {
    let fake = FakeStore::start().await.unwrap();
    let login = fake.login(USER);
    let settings = settings(&fake).tokens(login.access, login.refresh);
    for n in 0..20 {
        fake.fake().script("workspaces", page(n * 50..(n + 1) * 50).wait_ms_before_headers(20));
    }
    let limits = Limits::new().reply(4000);
    let small = settings.clone().limits(limits).build().unwrap();
    let error = small.workspaces(USER, WorkspaceStatus::Active).await.unwrap_err();
    assert_eq!(error.code(), "too_large", "{error}");
    assert!(fake.fake().requests().len() > 2, "one page is within the limit");
    fake.fake().reset();
    for n in 0..20 {
        fake.fake().script("workspaces", page(n * 50..(n + 1) * 50).wait_ms_before_headers(40));
    }
    let timeouts = Timeouts::new().total(Duration::from_millis(150));
    let hasty = settings.timeouts(timeouts).build().unwrap();
    let error = hasty.workspaces(USER, WorkspaceStatus::Active).await.unwrap_err();
    assert_eq!(error.code(), "total_timeout", "{error}");
    assert!(fake.fake().requests().len() < 10);
}
