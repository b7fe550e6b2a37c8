//! Pure rules of chat.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::polls;
use crate::http::{Checks, Problem, Result};

/// Most characters of a message.
const LONGEST_TEXT: usize = 4000;
/// Most characters of a reaction: an emoji may be made of many.
const LONGEST_REACTION: usize = 16;
/// Most bytes of metadata.
const LARGEST_METADATA: usize = 8 * 1024;
/// Most people whom one message names.
const MOST_MENTIONS: usize = 50;

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

/// Checks what a message refers to: only texts answer others and name people, each of them once.
///
/// # Errors
/// 422 with everything that is wrong.
pub fn check_references(kind: MessageType, is_reply: bool, mentions: &[Uuid]) -> Result<()> {
    let mut checks = Checks::default();
    let text = kind == MessageType::Text;
    checks.require(text || !is_reply, "/reply_to", "INVALID", "Only a text answers another message.");
    checks.require(text || mentions.is_empty(), "/mentions", "INVALID", "Only a text names people.");
    let detail = "A message names at most 50 people.";
    checks.require(mentions.len() <= MOST_MENTIONS, "/mentions", "TOO_LONG", detail);
    let mut seen = HashSet::new();
    for (index, id) in mentions.iter().enumerate() {
        checks.require(
            seen.insert(id),
            &format!("/mentions/{index}"),
            "TWICE",
            "This person is named twice.",
        );
    }
    checks.done()
}

/// How somebody stands to a message.
#[derive(Debug, Clone, Copy)]
pub struct Author {
    /// Whether they wrote it.
    pub own: bool,
    /// Whether they moderate the meeting.
    pub moderates: bool,
}

/// Whether somebody may put other words into a message: only who wrote it, and only into a text that still stands.
///
/// # Errors
/// 403 for others, 409 for what cannot be edited.
pub fn may_edit(author: Author, kind: MessageType, is_deleted: bool) -> Result<()> {
    if !author.own {
        return Err(Problem::forbidden("Only whoever wrote a message may change it."));
    }
    if kind != MessageType::Text {
        return Err(Problem::conflict("NOT_EDITABLE", "Only texts can be changed."));
    }
    still_stands(is_deleted)
}

/// Whether somebody may take a message back: who wrote it, and who moderates. Polls and hands are part of the record.
///
/// # Errors
/// 403 for others, 409 for what cannot be deleted.
pub fn may_delete(author: Author, kind: MessageType, is_deleted: bool) -> Result<()> {
    if !author.own && !author.moderates {
        return Err(Problem::forbidden("Only whoever wrote a message, the host and co-hosts may delete it."));
    }
    if !kind.stands_alone() {
        return Err(Problem::conflict("NOT_DELETABLE", "Only texts and reactions can be deleted."));
    }
    still_stands(is_deleted)
}

fn still_stands(is_deleted: bool) -> Result<()> {
    if is_deleted {
        return Err(Problem::conflict("MESSAGE_DELETED", "This message was deleted."));
    }
    Ok(())
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
    #[test]
    fn only_texts_refer_to_others_and_each_person_is_named_once() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let wrong = |kind, reply, mentions: &[Uuid]| -> Vec<String> {
            let faults = check_references(kind, reply, mentions).err().map(|problem| problem.errors);
            faults.unwrap_or_default().into_iter().map(|fault| fault.pointer).collect()
        };
        assert!(wrong(MessageType::Text, true, &[one, other]).is_empty());
        assert_eq!(wrong(MessageType::Text, false, &[one, other, one]), ["/mentions/2"]);
        assert_eq!(wrong(MessageType::Reaction, true, &[one]), ["/reply_to", "/mentions"]);
        let many: Vec<Uuid> = (0..51).map(Uuid::from_u128).collect();
        assert_eq!(wrong(MessageType::Text, false, &many), ["/mentions"]);
    }

    #[test]
    fn words_are_changed_by_whoever_wrote_them_and_taken_back_by_moderators_too() {
        let (writer, host) = (Author { own: true, moderates: false }, Author { own: false, moderates: true });
        let other = Author { own: false, moderates: false };
        let code = |result: Result<()>| result.map_err(|problem| problem.code);
        let text = MessageType::Text;
        assert_eq!(code(may_edit(writer, text, false)), Ok(()));
        assert_eq!(code(may_edit(host, text, false)), Err("FORBIDDEN"));
        assert_eq!(code(may_edit(writer, MessageType::Poll, false)), Err("NOT_EDITABLE"));
        assert_eq!(code(may_edit(writer, text, true)), Err("MESSAGE_DELETED"));
        assert_eq!(code(may_delete(writer, MessageType::Reaction, false)), Ok(()));
        assert_eq!(code(may_delete(host, text, false)), Ok(()));
        assert_eq!(code(may_delete(other, text, true)), Err("FORBIDDEN"));
        assert_eq!(code(may_delete(host, MessageType::Poll, false)), Err("NOT_DELETABLE"));
        assert_eq!(code(may_delete(writer, text, true)), Err("MESSAGE_DELETED"));
    }
}
