//! What a custom field is.

use chrono::{DateTime, Utc};
use kernel::ids::CustomFieldId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What has the field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "custom_field_entity", rename_all = "snake_case")]
pub enum Entity {
    /// A meeting.
    #[default]
    Meeting,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "custom_field_type", rename_all = "snake_case")]
pub enum FieldType {
    /// A text of at most 10000 characters.
    Text,
    /// A JSON number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// One of the options.
    Select,
    /// A list of options, each once.
    MultiSelect,
}

/// What a value has to keep to, beyond its type. Which rules a type knows: text: `min_length`, `max_length`, `pattern`;
/// number: `min`, `max`; date: `earliest`, `latest`; multi_select: `min_length`, `max_length`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The smallest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The fewest characters or options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// The most characters or options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// A regular expression that the whole text matches, at most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The first day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest: Option<chrono::NaiveDate>,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<chrono::NaiveDate>,
}

/// A custom field.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CustomField {
    /// Its id.
    pub id: CustomFieldId,
    /// What has it.
    pub entity: Entity,
    /// Its name in `custom_fields`; never changes.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// What it holds; never changes.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Whether every new meeting needs it.
    pub required: bool,
    /// What can be chosen.
    pub options: Vec<String>,
    /// What a value has to keep to.
    pub rules: Rules,
    /// Where it stands in forms, smallest first.
    pub position: i32,
    /// Since when it takes no new values; `null` while it does.
    pub retired_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}
