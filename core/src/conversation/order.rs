//! The order of a conversation's messages.

use std::collections::HashSet;

use super::{SenderRole, StoreMessage};

/// Sorts messages by time, the earliest first. Of one moment, replies to earlier messages come first: a reply is later than
/// its question, so a question of its moment is the next one, which another process may save before it. All others keep
/// their order.
pub(crate) fn sort(messages: &mut [StoreMessage]) {
    messages.sort_by_key(|message| message.sent_at);
    for moment in messages.chunk_by_mut(|one, next| one.sent_at == next.sent_at) {
        if moment.len() == 1 {
            continue;
        }
        let ids: HashSet<String> = moment.iter().map(|message| message.id.clone()).collect();
        moment.sort_by_key(|message| !replies_to_earlier(message, &ids));
    }
}

fn replies_to_earlier(message: &StoreMessage, moment: &HashSet<String>) -> bool {
    message.role == SenderRole::Ai
        && message.parent_id.as_ref().is_some_and(|asked| !moment.contains(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(id: &str, sent_at: i64) -> StoreMessage {
        let message = StoreMessage::from_user("workspace-1", "user-1", id, sent_at);
        StoreMessage { id: id.to_owned(), ..message }
    }

    fn reply(id: &str, to: &StoreMessage, sent_at: i64) -> StoreMessage {
        StoreMessage { id: id.to_owned(), sent_at, ..StoreMessage::reply_to(to, id, sent_at) }
    }

    fn sorted(mut messages: Vec<StoreMessage>) -> String {
        sort(&mut messages);
        messages.into_iter().map(|message| message.id).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_reply_is_before_the_next_question_of_its_moment() {
        let (q1, q2) = (asked("q1", 1), asked("q2", 2));
        let (a1, a2) = (reply("a1", &q1, 2), reply("a2", &q2, 3));
        let expected = "q1 a1 q2 a2";
        assert_eq!(sorted(vec![q2.clone(), a1.clone(), a2.clone(), q1.clone()]), expected);
        assert_eq!(sorted(vec![a2, a1, q2, q1]), expected);
    }

    #[test]
    fn the_messages_of_a_clock_of_seconds_keep_their_order() {
        let (q1, q2) = (asked("q1", 1), asked("q2", 1));
        let (a1, a2) = (reply("a1", &q1, 1), reply("a2", &q2, 1));
        let without_parent = StoreMessage { parent_id: None, ..reply("a3", &q1, 1) };
        assert_eq!(sorted(vec![q1, a1, q2, a2, without_parent]), "q1 a1 q2 a2 a3");
    }
}
