//! Asking together: what is asked while one round of work is under way goes into the next, so that many who come at
//! once pay for one trip to the database and one commit.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

/// Takes asks one by one and has them worked on together, one round after the other. Lives as long as its last clone.
pub struct Together<A, R> {
    waiting: mpsc::Sender<(A, oneshot::Sender<R>)>,
}

impl<A, R> Clone for Together<A, R> {
    fn clone(&self) -> Self {
        Self { waiting: self.waiting.clone() }
    }
}

impl<A: Send + 'static, R: Send + 'static> Together<A, R> {
    /// `work` gives a reply for each ask, in their order, of which it gets `most` at once. A round that takes longer than
    /// `patience` is given up, so that a stuck one does not keep all others waiting. Has to be called inside the runtime.
    pub fn new<F>(most: usize, patience: Duration, mut work: impl FnMut(Vec<A>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Vec<R>> + Send,
    {
        let (waiting, mut arrivals) = mpsc::channel(4 * most);
        tokio::spawn(async move {
            let mut round = Vec::with_capacity(most);
            while arrivals.recv_many(&mut round, most).await > 0 {
                let (asks, replies): (Vec<A>, Vec<oneshot::Sender<R>>) = round.drain(..).unzip();
                let count = asks.len();
                let Ok(done) = tokio::time::timeout(patience, work(asks)).await else {
                    tracing::warn!(asks = count, ?patience, "asking together took too long");
                    continue;
                };
                for (reply, to) in done.into_iter().zip(replies) {
                    // Whoever went away meanwhile needs no answer.
                    let _ = to.send(reply);
                }
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
    use std::sync::{Arc, Mutex};

    use futures::future::join_all;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_stuck_round_keeps_nobody_waiting() {
        let work = Together::new(1, Duration::from_millis(20), |asks: Vec<bool>| async move {
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
        let doubled = Together::new(16, PATIENCE, move |asks: Vec<u32>| {
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
    async fn whoever_asks_after_the_end_is_told() {
        let broken = Together::new(1, PATIENCE, |_: Vec<()>| async { panic!("the work broke") as Vec<()> });
        assert_eq!(broken.ask(()).await, None);
        assert_eq!(broken.ask(()).await, None);
    }
}
