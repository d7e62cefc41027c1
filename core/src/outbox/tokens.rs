//! The token cache: the tokens of enqueued records, only in the memory of this process.

use std::collections::{HashMap, VecDeque};

use crate::credentials::Tokens;

/// The most holders whose tokens are cached.
const MOST: usize = 10_000;

/// The holder of tokens. A conversation with the same name as a user has separate tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    User(String),
    /// A conversation whose records name no user.
    Conversation(String),
}

impl Holder {
    /// The holder of a record's tokens.
    pub(crate) fn of(user: Option<&str>, conversation: &str) -> Self {
        match user {
            Some(user) => Holder::User(user.to_owned()),
            None => Holder::Conversation(conversation.to_owned()),
        }
    }
}

/// The newest tokens of each holder.
#[derive(Default)]
pub(crate) struct TokenCache {
    tokens: HashMap<Holder, (u64, Tokens)>,
    order: VecDeque<(Holder, u64)>,
    last: u64,
}

impl TokenCache {
    pub(crate) fn keep(&mut self, holder: Holder, tokens: Tokens) {
        if self.tokens.get(&holder).is_some_and(|(_, known)| known.same_as(&tokens)) {
            return;
        }
        self.last += 1;
        self.tokens.insert(holder.clone(), (self.last, tokens));
        self.order.push_back((holder, self.last));
        while self.tokens.len() > MOST || self.order.len() > 2 * MOST {
            let Some((oldest, number)) = self.order.pop_front() else { break };
            self.remove(&oldest, number);
        }
    }

    /// The holder's tokens, with their number.
    pub(crate) fn find(&self, holder: &Holder) -> Option<(u64, Tokens)> {
        self.tokens.get(holder).cloned()
    }

    /// Removes tokens that were rejected; `false` if there are newer ones.
    pub(crate) fn remove(&mut self, holder: &Holder, number: u64) -> bool {
        let is_newest = self.tokens.get(holder).is_none_or(|(newest, _)| *newest == number);
        if is_newest {
            self.tokens.remove(holder);
        }
        is_newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_tokens_of_a_bounded_number_of_holders_are_kept() {
        let mut cache = TokenCache::default();
        let user = |name: &str| Holder::User(name.to_owned());
        for number in 0..MOST + 5 {
            cache.keep(user(&number.to_string()), Tokens::new("a", "r"));
        }
        assert!(cache.find(&user("4")).is_none() && cache.find(&user("5")).is_some());
        let (old, _) = cache.find(&user("9")).unwrap();
        for _ in 0..3 * MOST {
            cache.keep(user("9"), Tokens::new("b", "r"));
        }
        assert!(!cache.remove(&user("9"), old));
        let (new, tokens) = cache.find(&user("9")).unwrap();
        assert_eq!(tokens.access.expose(), "b");
        assert!(cache.find(&Holder::Conversation("9".into())).is_none(), "another name space");
        assert!(cache.remove(&user("9"), new) && cache.find(&user("9")).is_none());
        assert!(cache.order.len() <= 2 * MOST);
    }
}
