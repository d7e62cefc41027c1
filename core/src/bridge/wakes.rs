//! The functions of a host that are called once something has arrived.

use std::mem;

/// Wakes a reader of a host.
pub(super) type Wake = Box<dyn FnOnce() + Send>;

/// The wake functions of all readers that wait: one nearly always, which costs no allocation here.
#[derive(Default)]
pub(super) struct Wakes {
    first: Option<Wake>,
    others: Vec<Wake>,
}

impl Wakes {
    pub(super) fn add(&mut self, wake: Wake) {
        match self.first {
            None => self.first = Some(wake),
            Some(_) => self.others.push(wake),
        }
    }

    /// Takes all, to be called without a lock: they are the host's code.
    pub(super) fn take(&mut self) -> Self {
        mem::take(self)
    }

    /// Calls all, in the order in which they came.
    pub(super) fn call(self) {
        for wake in self.first.into_iter().chain(self.others) {
            wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::StreamExt;
    use tokio::sync::mpsc::unbounded_channel;

    use super::super::list::List;
    use super::super::pull::{Pull, Taken};
    use super::super::text_feed::{Feed, TextFeed};
    use super::super::waiting::Waiting;

    const DEADLINE: Duration = Duration::from_secs(10);

    /// Lets three readers wait; the result receives their numbers as they are woken.
    fn wait(waiting: &dyn Waiting) -> Receiver<u32> {
        let (sender, woken) = channel();
        for reader in 0..3 {
            let sender = sender.clone();
            waiting.wake(Box::new(move || sender.send(reader).unwrap()));
        }
        woken
    }

    fn all(woken: &Receiver<u32>) -> [u32; 3] {
        [(); 3].map(|()| woken.recv_timeout(DEADLINE).unwrap())
    }

    #[test]
    fn every_reader_of_a_pull_is_woken_by_an_item_and_by_the_end() {
        let (sender, mut receiver) = unbounded_channel();
        let items = futures_util::stream::poll_fn(move |task| receiver.poll_recv(task));
        let pull = Pull::<List<Bytes>>::of_stream(items).unwrap();
        let woken = wait(&pull);
        sender.send(Ok(Bytes::from_static(b"a"))).unwrap();
        assert_eq!(all(&woken), [0, 1, 2]);
        assert!(matches!(pull.take(), Taken::Items(_)) && matches!(pull.take(), Taken::Nothing));
        let woken = wait(&pull);
        assert!(woken.try_recv().is_err());
        drop(sender);
        assert_eq!(all(&woken), [0, 1, 2]);
    }

    #[test]
    fn a_reader_that_gives_up_wakes_the_others_which_wait_again() {
        let pull = Pull::<List<Bytes>>::of_stream(futures_util::stream::pending()).unwrap();
        let woken = wait(&pull);
        pull.wake_all();
        assert_eq!(all(&woken), [0, 1, 2]);
        assert!(matches!(pull.take(), Taken::Nothing));
        let woken = wait(&pull);
        pull.cancel();
        assert_eq!(all(&woken), [0, 1, 2]);
    }

    #[tokio::test]
    async fn every_writer_of_a_text_is_woken_by_room() {
        let (feed, mut text) = TextFeed::new();
        assert_eq!(feed.push("a".repeat(20_000).as_str()).unwrap(), Feed::Full);
        let woken = wait(&feed);
        feed.wake_all();
        assert_eq!(all(&woken), [0, 1, 2]);
        let woken = wait(&feed);
        text.next().await.unwrap().unwrap();
        assert_eq!(all(&woken), [0, 1, 2]);
    }
}
