//! Who waits for news of a meeting in this process.

use kernel::ids::MeetingId;
use tokio::sync::broadcast;

/// Tells that a meeting has new events; what they are stands in the database.
#[derive(Clone)]
pub struct Watch(broadcast::Sender<MeetingId>);

impl Default for Watch {
    fn default() -> Self {
        Self(broadcast::Sender::new(1024))
    }
}

impl Watch {
    /// Wakes everybody who follows `meeting`.
    pub fn tell(&self, meeting: MeetingId) {
        // Nobody listening is no error.
        let _ = self.0.send(meeting);
    }

    /// Wakes everybody: something may have been missed. They see the nil id, which is no meeting's.
    pub fn tell_all(&self) {
        self.tell(MeetingId(uuid::Uuid::nil()));
    }

    /// News from now on. Whoever falls behind sees `Lagged` and looks into the database.
    pub fn follow(&self) -> broadcast::Receiver<MeetingId> {
        self.0.subscribe()
    }
}
