//! Where what was recorded waits for its turn: a little in memory, more on the disk. When the disk takes no more, a
//! little longer in memory; then there is no room.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context, Result};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{fs, sync::mpsc};
use tracing::warn;

/// Pieces that wait in memory; more wait on the disk.
const IN_MEMORY: usize = 4;
/// Pieces that wait in memory at most, when the disk takes none: a minute of a recording, some 20 MB.
const AT_MOST: usize = 30;

/// What can wait.
pub trait Waits: Sized + Send + 'static {
    /// What a file on the disk begins with, on one line, before the bytes.
    type Label: Serialize + DeserializeOwned + Send;
    /// The label and the bytes.
    fn label(&self) -> (Self::Label, &[u8]);
    /// The opposite.
    fn restored(label: Self::Label, bytes: Vec<u8>) -> Self;
}

/// Everything waits, but there is no room for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// The end of the queue.
pub struct Queue<T> {
    sender: mpsc::UnboundedSender<Waiting<T>>,
    waiting: Arc<AtomicUsize>,
    in_memory: Arc<AtomicUsize>,
    folder: PathBuf,
    spooled: u64,
}

/// Its front.
pub struct Front<T> {
    receiver: mpsc::UnboundedReceiver<Waiting<T>>,
    waiting: Arc<AtomicUsize>,
    in_memory: Arc<AtomicUsize>,
    folder: PathBuf,
    /// What was taken last counts as waiting until the next is taken.
    taken: bool,
}

enum Waiting<T> {
    Here(T),
    Spooled(PathBuf),
}

/// A queue that uses `folder` when it becomes long.
pub fn queue<T: Waits>(folder: PathBuf) -> (Queue<T>, Front<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let (waiting, in_memory) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let front = Front {
        receiver,
        waiting: Arc::clone(&waiting),
        in_memory: Arc::clone(&in_memory),
        folder: folder.clone(),
        taken: false,
    };
    (Queue { sender, waiting, in_memory, folder, spooled: 0 }, front)
}

impl<T: Waits> Queue<T> {
    /// Adds a piece.
    ///
    /// # Errors
    /// [`Full`] when it should be the last one; it waits all the same.
    pub async fn push(&mut self, piece: T) -> Result<(), Full> {
        let long = self.waiting.fetch_add(1, Ordering::Relaxed) >= IN_MEMORY;
        let spooled = if long { self.spool(&piece).await } else { None };
        let mut room = Ok(());
        let waiting = spooled.map_or_else(
            || {
                if self.in_memory.fetch_add(1, Ordering::Relaxed) + 1 >= AT_MOST {
                    room = Err(Full);
                }
                Waiting::Here(piece)
            },
            Waiting::Spooled,
        );
        // The other end is gone only when the lease is lost, and then nobody wants the piece.
        let _ = self.sender.send(waiting);
        room
    }

    /// Whether there is room for more.
    pub fn has_room(&self) -> bool {
        self.in_memory.load(Ordering::Relaxed) < AT_MOST
    }

    async fn spool(&mut self, piece: &T) -> Option<PathBuf> {
        self.spooled += 1;
        let path = self.folder.join(format!("{:06}", self.spooled));
        let (label, content) = piece.label();
        let write = async {
            let mut bytes = serde_json::to_vec(&label)?;
            bytes.push(b'\n');
            bytes.extend_from_slice(content);
            fs::create_dir_all(&self.folder).await?;
            anyhow::Ok(fs::write(&path, bytes).await?)
        };
        match write.await {
            Ok(()) => Some(path),
            Err(error) => {
                warn!(%error, "a piece cannot wait on the disk, so it waits in memory");
                // What was written of it takes room that the next one may need.
                let _ = fs::remove_file(&path).await;
                None
            }
        }
    }
}

impl<T: Waits> Front<T> {
    /// The next piece; nothing once the queue is dropped and empty.
    pub async fn next(&mut self) -> Option<T> {
        loop {
            if std::mem::take(&mut self.taken) {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
            }
            let next = self.receiver.recv().await;
            let Some(next) = next else {
                let _ = fs::remove_dir(&self.folder).await;
                return None;
            };
            self.taken = true;
            match next {
                Waiting::Here(piece) => {
                    self.in_memory.fetch_sub(1, Ordering::Relaxed);
                    return Some(piece);
                }
                Waiting::Spooled(path) => match fetch(&path).await {
                    Ok(piece) => return Some(piece),
                    Err(error) => warn!(%error, "a piece that waited on the disk is lost"),
                },
            }
        }
    }
}

/// Reads a piece back and makes its room free.
async fn fetch<T: Waits>(path: &Path) -> Result<T> {
    let mut bytes = fs::read(path).await?;
    fs::remove_file(path).await?;
    let end = bytes.iter().position(|byte| *byte == b'\n').context("the label is missing")?;
    let label = serde_json::from_slice(&bytes[..end])?;
    bytes.drain(..=end);
    Ok(T::restored(label, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Waits for (u32, Vec<u8>) {
        type Label = u32;
        fn label(&self) -> (u32, &[u8]) {
            (self.0, &self.1)
        }
        fn restored(label: u32, bytes: Vec<u8>) -> Self {
            (label, bytes)
        }
    }

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("baraza-spool-{}-{name}", std::process::id()))
    }

    #[tokio::test]
    async fn pieces_come_out_in_order_whether_they_waited_in_memory_or_on_the_disk() {
        let folder = folder("order");
        let (mut queue, mut front) = queue(folder.clone());
        for n in 0..100 {
            assert_eq!(queue.push((n, vec![b'\n', 7])).await, Ok(()));
        }
        assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 96);
        drop(queue);
        for n in 0..100 {
            assert_eq!(front.next().await, Some((n, vec![b'\n', 7])));
        }
        assert_eq!(front.next().await, None);
        assert!(!folder.exists(), "nothing is left");
    }

    #[tokio::test]
    async fn without_a_disk_there_is_room_for_a_while() {
        // No folder can be made below a file.
        let file = folder("file");
        std::fs::write(&file, b"x").expect("a file");
        let (mut queue, mut front) = queue(file.join("below"));
        for n in 0..29 {
            assert_eq!(queue.push((n, vec![])).await, Ok(()), "{n}");
        }
        assert_eq!(queue.push((29, vec![])).await, Err(Full));
        for n in 0..3 {
            assert_eq!(front.next().await, Some((n, vec![])));
        }
        assert_eq!(queue.push((30, vec![])).await, Ok(()), "there is room again");
        std::fs::remove_file(file).expect("removed");
    }
}
