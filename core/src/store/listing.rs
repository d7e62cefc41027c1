//! Lists a user's workspaces page by page, from stores that paginate, ignore pagination, or never end.

use std::collections::HashSet;
use std::fmt;

use http::Method;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use tokio::time::Instant;

use super::ChatStore;
use super::call::Call;
use super::paths::filled;
use crate::conversation::{Workspace, WorkspaceStatus};
use crate::error::{Error, ErrorKind, Result};

const OPERATION: &str = "store.workspaces";

/// The page size.
const PAGE: usize = 50;

/// The most workspaces that are listed.
const MOST: usize = 10_000;

impl ChatStore {
    /// All workspaces of a user with this status. An older store has at most one for each user.
    ///
    /// Pages are requested until one is short or contains nothing new.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`] except those of streams: `too_large` when the store returns more than 10,000 workspaces, more than 200
    /// pages, or more text than [`Limits::reply`](crate::config::Limits::reply); `total_timeout` when all pages together take
    /// longer than [`Timeouts::total`](crate::config::Timeouts::total).
    pub async fn workspaces(
        &self,
        user_id: &str,
        status: WorkspaceStatus,
    ) -> Result<Vec<Workspace>> {
        let identity = self.identity_for(Some(user_id));
        if self.shared.older {
            let path = filled(&self.shared.paths.workspace, user_id, OPERATION)?;
            let call = Call::new(OPERATION, Method::GET, &path);
            let one = self.call::<Workspace>(call, &identity).await?.data;
            let is_wanted = |w: &Workspace| w.status.as_ref().is_none_or(|have| *have == status);
            return Ok(one.into_iter().filter(is_wanted).collect());
        }
        let path = filled(&self.shared.paths.workspaces, user_id, OPERATION)?;
        let size = PAGE.to_string();
        let started = Instant::now();
        let mut listed = Listed::new(self.shared.http.limits().reply);
        for _ in 0..MOST / PAGE {
            let offset = listed.all.len().to_string();
            let query =
                [("workspaceStatus", status.as_str()), ("offset", &offset), ("size", &size)];
            let call = Call::new(OPERATION, Method::GET, &path).query(&query);
            let page = self.call::<Page>(call, &identity).await?.data.unwrap_or_default();
            if listed.take(page)? {
                return Ok(listed.all);
            }
            let limit = self.shared.http.total(&self.options);
            if limit.is_some_and(|limit| started.elapsed() > limit) {
                let why = "the store still had more pages of workspaces at the total limit";
                return Err(Error::new(ErrorKind::TotalTimeout, OPERATION, why));
            }
        }
        Err(too_many())
    }
}

/// The workspaces so far.
struct Listed {
    all: Vec<Workspace>,
    known: HashSet<String>,
    /// The remaining size limit, in bytes.
    room: usize,
}

impl Listed {
    fn new(room: usize) -> Self {
        Listed { all: Vec::new(), known: HashSet::new(), room }
    }

    /// Adds a page. Returns true if it was the last one: short, or without anything new, as a store that ignores pagination
    /// returns the same page every time.
    fn take(&mut self, page: Page) -> Result<bool> {
        let before = self.all.len();
        let is_short = page.workspaces.len() < PAGE;
        if page.has_more {
            return Err(too_many());
        }
        for workspace in page.workspaces {
            if !self.known.insert(workspace.id.clone()) {
                continue;
            }
            let user = workspace.user_id.as_ref().map_or(0, String::len);
            let size = 2 * workspace.id.len() + workspace.name.len() + user;
            self.room = self.room.checked_sub(size).ok_or_else(|| {
                let why = "the store's workspaces are larger than the limit of a reply";
                Error::new(ErrorKind::TooLarge, OPERATION, why)
            })?;
            self.all.push(workspace);
        }
        match self.all.len() {
            len if len > MOST => Err(too_many()),
            len => Ok(is_short || len == before),
        }
    }
}

fn too_many() -> Error {
    let why =
        format!("the store returned more than {MOST} workspaces, or more pages than they need");
    Error::new(ErrorKind::TooLarge, OPERATION, why)
        .with_hint("check the store: a user hardly has so many, or its pages have no end")
}

/// A page. Workspaces over the limit are not built.
#[derive(Default)]
struct Page {
    workspaces: Vec<Workspace>,
    has_more: bool,
}

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PageVisitor;
        impl<'de> Visitor<'de> for PageVisitor {
            type Value = Page;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of workspaces")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Page, A::Error> {
                let mut page = Page::default();
                while page.workspaces.len() <= MOST {
                    let Some(workspace) = list.next_element()? else { return Ok(page) };
                    page.workspaces.push(workspace);
                }
                page.has_more = true;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(page)
            }
        }
        deserializer.deserialize_seq(PageVisitor)
    }
}
