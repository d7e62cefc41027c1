//! Announced forks: a host whose language has hooks around a fork keeps SQLite out of it, so that a child can use files.

use crate::sqlite;

/// Call it before a fork, on the thread that forks: it waits until no thread is in a call of SQLite, a second at most, and
/// holds new calls back until [`after_fork`]. The host must not hold a lock that other threads need to return.
pub fn before_fork() {
    sqlite::before_fork();
}

/// Call it after each [`before_fork`] in the parent, also if the fork failed. A child is never held back.
pub fn after_fork() {
    sqlite::after_fork();
}
