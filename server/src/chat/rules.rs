//! Pure rules of chat.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::polls;
use crate::http::{Checks, Result};

/// Most characters of a message.
const LONGEST_TEXT: usize = 4000;
/// Most characters of a reaction: an emoji may be made of many.
const LONGEST_REACTION: usize = 16;
/// Most bytes of metadata.
const LARGEST_METADATA: usize = 8 * 1024;
/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "chat_message_type", rename_all = "snake_case")]
pub enum MessageType {
    /// Something to read.
    Text,
    /// An emoji.
    Reaction,
    /// The sender's hand goes up.
    HandRaise,
    /// The sender's hand goes down.
    HandLower,
    /// A question with options.
    Poll,
}

impl MessageType {
    /// Whether nothing but the message changes with it.
    pub const fn stands_alone(self) -> bool {
        matches!(self, Self::Text | Self::Reaction)
    }

    /// Whether it moves the sender's hand.
    pub const fn is_hand(self) -> bool {
        matches!(self, Self::HandRaise | Self::HandLower)
    }
}

/// Checks a message before it is stored.
///
/// # Errors
/// 422 with everything that is wrong.
pub fn check(kind: MessageType, content: &str, metadata: &Map<String, Value>) -> Result<()> {
    let mut checks = Checks::default();
    match kind {
        MessageType::Text => {
            checks.text(content, "/content", 1..=LONGEST_TEXT);
        }
        MessageType::Reaction => {
            checks.text(content, "/content", 1..=LONGEST_REACTION);
            let detail = "A reaction is a single emoji.";
            checks.require(
                !content.contains(|c: char| c.is_whitespace() || c.is_control()),
                "/content",
                "INVALID",
                detail,
            );
        }
        MessageType::Poll => {
            checks.text(content, "/content", 0..=LONGEST_TEXT);
            polls::rules::read(&mut checks, metadata);
        }
        MessageType::HandRaise | MessageType::HandLower => {
            checks.text(content, "/content", 0..=LONGEST_TEXT);
        }
    }
    let size = serde_json::to_vec(metadata).map_or(usize::MAX, |json| json.len());
    checks.require(
        size <= LARGEST_METADATA,
        "/metadata",
        "TOO_LARGE",
        "The metadata may have at most 8 KiB.",
    );
    let storable = !metadata.iter().any(|(key, value)| key.contains('\0') || holds_nul(value));
    checks.require(
        storable,
        "/metadata",
        "INVALID",
        "The metadata contains a character that cannot be stored.",
    );
    checks.done()
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(kind: MessageType, content: &str, metadata: &Value) -> Vec<String> {
        let metadata = metadata.as_object().expect("an object");
        let faults = check(kind, content, metadata).err().map(|problem| problem.errors).unwrap_or_default();
        faults.into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn texts_have_one_to_4000_characters_whatever_their_bytes() {
        let none = json!({});
        assert!(faults(MessageType::Text, &"😀".repeat(4000), &none).is_empty());
        assert_eq!(faults(MessageType::Text, &"a".repeat(4001), &none), ["/content"]);
        assert_eq!(faults(MessageType::Text, " \n ", &none), ["/content"]);
        assert_eq!(faults(MessageType::Text, "a\0", &none), ["/content"]);
    }

    #[test]
    fn a_reaction_is_short_and_a_hand_says_nothing() {
        let none = json!({});
        assert!(faults(MessageType::Reaction, "👩‍👩‍👧‍👦", &none).is_empty());
        assert_eq!(faults(MessageType::Reaction, "two words", &none), ["/content"]);
        assert_eq!(faults(MessageType::Reaction, "", &none), ["/content"]);
        assert_eq!(faults(MessageType::Reaction, &"👍".repeat(17), &none), ["/content"]);
        assert!(faults(MessageType::HandRaise, "", &none).is_empty());
    }

    #[test]
    fn metadata_is_small_and_can_be_stored() {
        assert_eq!(faults(MessageType::Text, "a", &json!({"x": "y".repeat(8192)})), ["/metadata"]);
        assert_eq!(faults(MessageType::Text, "a", &json!({"x": [{"y": "\0"}]})), ["/metadata"]);
        assert!(faults(MessageType::Text, "a", &json!({"x": [{"y": "z"}]})).is_empty());
    }

    #[test]
    fn a_poll_has_a_question_and_different_options_and_no_results_yet() {
        let poll = |metadata: Value| faults(MessageType::Poll, "", &metadata);
        assert!(poll(json!({"question": "Tea?", "options": ["yes", "no"]})).is_empty());
        assert_eq!(poll(json!({})), ["/metadata/question", "/metadata/options"]);
        assert_eq!(poll(json!({"question": "Tea?", "options": ["yes"]})), ["/metadata/options"]);
        assert_eq!(poll(json!({"question": "Tea?", "options": ["a", " a "]})), ["/metadata/options/1"]);
        assert_eq!(poll(json!({"question": "Tea?", "options": ["a", 2]})), ["/metadata/options/1"]);
        let many: Vec<String> = (0..21).map(|n| n.to_string()).collect();
        assert_eq!(poll(json!({"question": "Tea?", "options": many})), ["/metadata/options"]);
        assert_eq!(
            poll(json!({"question": "Tea?", "options": ["a", "b"], "votes": {}})),
            ["/metadata/votes"]
        );
    }
}
