//! Sessions, computed from the times of the messages.

use serde::Serialize;

/// The pause that ends a session, in milliseconds.
const PAUSE: i64 = 10 * 60 * 1000;

/// A session: messages of a workspace without a pause of 10 minutes.
///
/// It is computed from the messages, so it is always complete: no crash loses a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Session {
    /// Time of its first message, in milliseconds since 1970.
    pub started_at: i64,
    /// Time of its last message, in milliseconds since 1970.
    pub last_message_at: i64,
    /// The number of its messages.
    pub messages: u64,
}

/// The sessions of messages with these times, which are in order.
pub(super) fn sessions(times: impl IntoIterator<Item = i64>) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    for time in times {
        match sessions.last_mut() {
            Some(last) if time.saturating_sub(last.last_message_at) < PAUSE => {
                last.last_message_at = time;
                last.messages += 1;
            }
            _ => sessions.push(Session { started_at: time, last_message_at: time, messages: 1 }),
        }
    }
    sessions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_of_ten_minutes_ends_a_session() {
        let ended = |started_at, last_message_at, messages| Session {
            started_at,
            last_message_at,
            messages,
        };
        assert_eq!(sessions([]), []);
        assert_eq!(
            sessions([5, 5, PAUSE + 4, 2 * PAUSE + 4, i64::MAX]),
            [
                ended(5, PAUSE + 4, 3),
                ended(2 * PAUSE + 4, 2 * PAUSE + 4, 1),
                ended(i64::MAX, i64::MAX, 1)
            ]
        );
        assert_eq!(sessions([i64::MIN, i64::MAX]).len(), 2);
    }
}
