//! Asking together: what is asked while one round of work is under way goes into the next, so that many who come at
//! once pay for one trip to the database and one commit.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Semaphore, mpsc, oneshot};

/// Takes asks one by one and has them worked on together, in rounds. Lives as long as its last clone.
pub struct Together<A, R> {
    waiting: mpsc::Sender<(A, oneshot::Sender<R>)>,
}

impl<A, R> Clone for Together<A, R> {
    fn clone(&self) -> Self {
        Self { waiting: self.waiting.clone() }
    }
}

impl<A: Send + 'static, R: Send + 'static> Together<A, R> {
    /// `work` gives a reply for each ask, in their order, of which it gets `most` at once. Up to `at_once` rounds are under
    /// way side by side: with one, nobody is overtaken; with more, asks are gathered while the database's disk is busy
    /// with others. A round that takes longer than `patience` is given up, so that a stuck one does not keep all others
    /// waiting. Has to be called inside the runtime.
    pub fn new<F>(
        most: usize,
        at_once: usize,
        patience: Duration,
        mut work: impl FnMut(Vec<A>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Vec<R>> + Send + 'static,
    {
        let (waiting, mut arrivals) = mpsc::channel(4 * most);
        let free = Arc::new(Semaphore::new(at_once));
        tokio::spawn(async move {
            let mut round = Vec::with_capacity(most);
            while let Ok(place) = free.clone().acquire_owned().await
                && arrivals.recv_many(&mut round, most).await > 0
            {
                let (asks, replies): (Vec<A>, Vec<oneshot::Sender<R>>) = round.drain(..).unzip();
                let count = asks.len();
                let work = work(asks);
                tokio::spawn(async move {
                    let done = tokio::time::timeout(patience, work).await;
                    drop(place);
                    let Ok(done) = done else {
                        tracing::warn!(asks = count, ?patience, "asking together took too long");
                        return;
                    };
                    for (reply, to) in done.into_iter().zip(replies) {
                        // Whoever went away meanwhile needs no answer.
                        let _ = to.send(reply);
                    }
                });
            }
        });
        Self { waiting }
    }

    /// Asks, and waits for the reply; `None` when the round took too long or the work has stopped. Whether anything was
    /// done is not known then.
    pub async fn ask(&self, ask: A) -> Option<R> {
        let (reply, answer) = oneshot::channel();
        self.waiting.send((ask, reply)).await.ok()?;
        answer.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::future::join_all;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_stuck_round_keeps_nobody_waiting() {
        let work = Together::new(1, 1, Duration::from_millis(20), |asks: Vec<bool>| async move {
            if asks[0] {
                std::future::pending::<()>().await;
            }
            asks
        });
        assert_eq!(work.ask(true).await, None);
        assert_eq!(work.ask(false).await, Some(false));
    }

    #[tokio::test]
    async fn everybody_gets_their_own_reply_and_rounds_grow_with_the_crowd() {
        let rounds = Arc::new(Mutex::new(Vec::new()));
        let seen = rounds.clone();
        let doubled = Together::new(16, 1, PATIENCE, move |asks: Vec<u32>| {
            seen.lock().expect("nobody panics").push(asks.len());
            async move {
                tokio::task::yield_now().await;
                asks.into_iter().map(|ask| 2 * ask).collect()
            }
        });
        let replies = join_all((0..100).map(|ask| doubled.ask(ask))).await;
        assert_eq!(replies, (0..100).map(|ask| Some(2 * ask)).collect::<Vec<_>>());
        let rounds = rounds.lock().expect("nobody panics");
        assert_eq!(rounds.iter().sum::<usize>(), 100);
        assert!(rounds.len() < 20 && rounds.iter().all(|&asks| asks <= 16), "{rounds:?}");
    }

    #[tokio::test]
    async fn only_so_many_rounds_are_under_way_at_once() {
        let under_way = Arc::new(Mutex::new((0, 0)));
        let seen = under_way.clone();
        let work = Together::new(1, 2, PATIENCE, move |asks: Vec<u32>| {
            let seen = seen.clone();
            async move {
                {
                    let mut seen = seen.lock().expect("nobody panics");
                    seen.0 += 1;
                    seen.1 = seen.1.max(seen.0);
                }
                tokio::task::yield_now().await;
                seen.lock().expect("nobody panics").0 -= 1;
                asks
            }
        });
        let replies = join_all((0..20).map(|ask| work.ask(ask))).await;
        assert_eq!(replies, (0..20).map(Some).collect::<Vec<_>>());
        assert_eq!(*under_way.lock().expect("nobody panics"), (0, 2));
    }

    #[tokio::test]
    async fn whoever_asks_after_the_end_is_told() {
        let broken =
            Together::new(1, 1, PATIENCE, |_: Vec<()>| async { panic!("the work broke") as Vec<()> });
        assert_eq!(broken.ask(()).await, None);
        assert_eq!(broken.ask(()).await, None);
    }
}
