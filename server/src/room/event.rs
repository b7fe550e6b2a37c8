//! What an event is, and how it looks on its way.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Largest packet in bytes. LiveKit takes larger ones without a word, but clients may never see them.
const LARGEST_PACKET: usize = 14_000;

/// Something that happened in a meeting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// What happened, for example `chat.message`.
    pub event: String,
    /// What it happened to.
    #[schema(value_type = Object)]
    pub data: Value,
    /// Its number in the meeting, without holes.
    pub seq: i64,
}

impl Event {
    /// As JSON.
    pub fn json(&self) -> String {
        json!(self).to_string()
    }

    /// As a data packet. Of an event that is too large only the id is sent, marked `truncated`: clients fetch the rest.
    pub fn packet(&self) -> Vec<u8> {
        let whole = self.json();
        if whole.len() <= LARGEST_PACKET {
            return whole.into_bytes();
        }
        let id = self.data.get("id").cloned().unwrap_or(Value::Null);
        json!({"event": self.event, "data": {"id": id}, "seq": self.seq, "truncated": true})
            .to_string()
            .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(data: Value) -> Value {
        let packet = Event { event: "chat.message".into(), data, seq: 7 }.packet();
        assert!(packet.len() <= LARGEST_PACKET);
        serde_json::from_slice(&packet).expect("JSON")
    }

    #[test]
    fn a_packet_holds_the_event_or_says_that_it_does_not() {
        let small = json!({"id": "a", "content": "hello"});
        assert_eq!(sent(small.clone()), json!({"event": "chat.message", "data": small, "seq": 7}));
        // 4000 characters of four bytes each.
        let large = json!({"id": "a", "content": "😀".repeat(4000)});
        assert_eq!(
            sent(large),
            json!({"event": "chat.message", "data": {"id": "a"}, "seq": 7, "truncated": true})
        );
    }
}
