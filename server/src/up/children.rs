//! The children together: started in order, watched, started again, stopped in order.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::{Result, bail};
use serde::Serialize;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{self, Instant},
};

use super::{
    process::{Backoff, Service, in_words, rotate, tail},
    progress::Progress,
};

/// The programs that `up` keeps running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Child {
    Postgres,
    S3,
    Livekit,
    Serve,
    Egress,
}

impl Child {
    fn title(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::S3 => "S3 store",
            Self::Livekit => "LiveKit",
            Self::Serve => "Web server",
            Self::Egress => "Recorder",
        }
    }
}

/// Who stops together, and in which order: first those who stand on the others.
const STOP_ORDER: [&[Child]; 4] =
    [&[Child::Serve, Child::Egress], &[Child::Livekit], &[Child::S3], &[Child::Postgres]];

/// One that never became ready is not tried more often than this.
const FIRST_TRIES: u32 = 3;
const FIRST_PATIENCE: Duration = Duration::from_mins(2);
const LOG_LIMIT: u64 = 64 * 1024 * 1024;

/// What happens to a child.
enum Event {
    Started(u32),
    Ready,
    Died { how: String, again_in: Duration },
}

/// What is wanted of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Run,
    Stop,
    StopNow,
}

struct Kept {
    log: PathBuf,
    pid: Option<u32>,
    ever_ready: bool,
    deaths: u32,
    wish: watch::Sender<Wish>,
    task: JoinHandle<()>,
}

/// All children, and the display that tells of them.
pub(super) struct Children {
    display: Progress,
    kept: BTreeMap<Child, Kept>,
    note: PathBuf,
    events: mpsc::UnboundedReceiver<(Child, Event)>,
    sender: mpsc::UnboundedSender<(Child, Event)>,
}

impl Children {
    /// No children yet. The file `note` will say who runs under which process id.
    pub fn new(display: Progress, note: PathBuf) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        Self { display, kept: BTreeMap::new(), note, events, sender }
    }

    /// Where progress is shown.
    pub fn display(&mut self) -> &mut Progress {
        &mut self.display
    }

    /// The process ids; nothing for a child that is not running just now.
    pub fn pids(&self) -> BTreeMap<Child, Option<u32>> {
        self.kept.iter().map(|(child, kept)| (*child, kept.pid)).collect()
    }

    /// Starts a child and keeps it running from now on.
    pub fn start(&mut self, service: Service) {
        let child = service.child;
        let (wish, wishes) = watch::channel(Wish::Run);
        let log = service.log.clone();
        let task = tokio::spawn(keep(service, self.sender.clone(), wishes));
        self.kept.insert(child, Kept { log, pid: None, ever_ready: false, deaths: 0, wish, task });
    }

    /// Waits until a child is ready for the first time.
    pub async fn ready(&mut self, child: Child) -> Result<()> {
        self.display.step(child.title());
        let since = Instant::now();
        while !self.kept.get(&child).is_some_and(|kept| kept.ever_ready) {
            let Ok(event) = time::timeout_at(since + FIRST_PATIENCE, self.events.recv()).await else {
                bail!(
                    "{} did not become ready in {} s{}",
                    child.title(),
                    FIRST_PATIENCE.as_secs(),
                    self.last_words(child)
                );
            };
            if let Some((whose, event)) = event {
                self.take_note(whose, event)?;
            }
        }
        self.display.done("ready");
        Ok(())
    }

    /// Tells what happens, for ever.
    pub async fn watch(&mut self) -> Result<()> {
        let mut tidy = time::interval(Duration::from_mins(1));
        loop {
            tokio::select! {
                Some((whose, event)) = self.events.recv() => self.take_note(whose, event)?,
                _ = tidy.tick() => {
                    for kept in self.kept.values() {
                        if let Err(error) = rotate(&kept.log, LOG_LIMIT) {
                            self.display.say(&format!("cannot rotate {}: {error}", kept.log.display()));
                        }
                    }
                }
            }
        }
    }

    /// Stops all children, each when those who stand on it are gone.
    pub async fn stop(&mut self) {
        for group in STOP_ORDER {
            for (child, kept) in &self.kept {
                if group.contains(child) {
                    kept.wish.send_replace(Wish::Stop);
                }
            }
            for child in group {
                let Some(kept) = self.kept.get_mut(child) else { continue };
                self.display.step(child.title());
                // A task ends by returning; were it to panic, its process would be gone with it.
                let _ = (&mut kept.task).await;
                self.kept.remove(child);
                self.display.done("stopped");
            }
        }
        // A convenience for people who look, so a failure is none.
        let _ = std::fs::remove_file(&self.note);
    }

    /// Stops at once what is still there.
    pub async fn stop_now(&mut self) {
        for kept in self.kept.values() {
            kept.wish.send_replace(Wish::StopNow);
        }
        for (_, kept) in std::mem::take(&mut self.kept) {
            let _ = kept.task.await;
        }
    }

    fn take_note(&mut self, whose: Child, event: Event) -> Result<()> {
        let Some(kept) = self.kept.get_mut(&whose) else { return Ok(()) };
        match event {
            Event::Started(pid) => kept.pid = Some(pid),
            Event::Ready => {
                if kept.ever_ready {
                    self.display.say(&format!("{} is ready again", whose.title()));
                }
                kept.ever_ready = true;
            }
            Event::Died { how, again_in } => {
                kept.pid = None;
                kept.deaths += 1;
                if !kept.ever_ready && kept.deaths >= FIRST_TRIES {
                    bail!("{} does not start ({how}){}", whose.title(), self.last_words(whose));
                }
                self.display.say(&format!(
                    "{} died ({how}) and is started again in {:.1} s",
                    whose.title(),
                    again_in.as_secs_f64()
                ));
            }
        }
        self.write_note();
        Ok(())
    }

    fn write_note(&self) {
        let content = serde_json::json!({"up": std::process::id(), "pids": self.pids()}).to_string();
        let half = self.note.with_extension("new");
        // A convenience for people who look, so a failure is none.
        let _ = std::fs::write(&half, content).and_then(|()| std::fs::rename(&half, &self.note));
    }

    fn last_words(&self, child: Child) -> String {
        self.kept.get(&child).map_or_else(String::new, |kept| {
            format!("; the end of {}:\n{}", kept.log.display(), tail(&kept.log))
        })
    }
}

/// Keeps one child running until it is wished away.
async fn keep(
    mut service: Service,
    events: mpsc::UnboundedSender<(Child, Event)>,
    mut wishes: watch::Receiver<Wish>,
) {
    let child = service.child;
    // Nobody listens any more only when `up` is on its way out.
    let tell = move |event| drop(events.send((child, event)));
    let mut backoff = Backoff::default();
    loop {
        let born = Instant::now();
        let how = match live(&mut service, &tell, &mut wishes).await {
            Ok(Some(how)) => how,
            Ok(None) => return,
            Err(error) => format!("{error:#}"),
        };
        let again_in = backoff.after(born.elapsed());
        tell(Event::Died { how, again_in });
        tokio::select! {
            () = time::sleep(again_in) => {}
            _ = wishes.wait_for(|wish| *wish != Wish::Run) => return,
        }
    }
}

/// One life of a child, from its start to its end: how it died, or nothing when it was stopped as wished.
async fn live(
    service: &mut Service,
    tell: &impl Fn(Event),
    wishes: &mut watch::Receiver<Wish>,
) -> Result<Option<String>> {
    if let Some(cluster) = &service.cluster {
        cluster.end_leftovers().await?;
    }
    let mut process = service.spawn()?;
    if let Some(pid) = process.id() {
        tell(Event::Started(pid));
    }
    let mut ready = false;
    loop {
        tokio::select! {
            status = process.wait() => return Ok(Some(in_words(status?))),
            () = service.probe.passed(), if !ready => {
                ready = true;
                tell(Event::Ready);
            }
            _ = wishes.wait_for(|wish| *wish != Wish::Run) => break,
        }
    }
    tokio::select! {
        () = service.stop.carry_out(&mut process) => return Ok(None),
        _ = wishes.wait_for(|wish| *wish == Wish::StopNow) => {}
    }
    service.stop.force(&mut process).await;
    Ok(None)
}
