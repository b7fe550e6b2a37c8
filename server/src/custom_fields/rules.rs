//! Pure rules of custom fields: whether a definition makes sense, and whether values keep to it.

use std::collections::HashSet;

use chrono::NaiveDate;
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::model::{CustomField, FieldType, Rules};
use crate::http::Checks;

/// Longest text of a value, in characters.
const LONGEST_TEXT: usize = 10_000;
/// Most that a compiled pattern may take, in bytes.
const PATTERN_SIZE: usize = 256 * 1024;

/// Whether a key has the right form: a lower-case letter, then letters, digits and underscores, 63 at most.
pub fn is_key(key: &str) -> bool {
    (1..=63).contains(&key.len())
        && key.starts_with(|first: char| first.is_ascii_lowercase())
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Notes what is wrong with the options and rules of a definition.
pub fn check_definition(checks: &mut Checks, kind: FieldType, options: &[String], rules: &Rules) {
    let chooses = matches!(kind, FieldType::Select | FieldType::MultiSelect);
    let detail =
        if chooses { "Please give 1 to 200 options." } else { "Only fields to choose from have options." };
    checks.require(
        if chooses { (1..=200).contains(&options.len()) } else { options.is_empty() },
        "/options",
        if chooses { "REQUIRED" } else { "INVALID" },
        detail,
    );
    for (index, option) in options.iter().enumerate().take(200) {
        let pointer = format!("/options/{index}");
        checks.text(option, &pointer, 1..=200);
        checks.require(
            !options[..index].contains(option),
            &pointer,
            "DUPLICATE",
            "Each option stands here once.",
        );
    }
    let known = |fits: bool, given: bool, pointer: &str, checks: &mut Checks| {
        checks.require(fits || !given, pointer, "INVALID", "This type of field does not know this rule.");
    };
    let number = kind == FieldType::Number;
    known(number, rules.min.is_some(), "/rules/min", checks);
    known(number, rules.max.is_some(), "/rules/max", checks);
    let long = matches!(kind, FieldType::Text | FieldType::MultiSelect);
    known(long, rules.min_length.is_some(), "/rules/min_length", checks);
    known(long, rules.max_length.is_some(), "/rules/max_length", checks);
    known(kind == FieldType::Text, rules.pattern.is_some(), "/rules/pattern", checks);
    known(kind == FieldType::Date, rules.earliest.is_some(), "/rules/earliest", checks);
    known(kind == FieldType::Date, rules.latest.is_some(), "/rules/latest", checks);
    let detail = "The largest lies below the smallest.";
    checks.require(ordered(rules.min, rules.max), "/rules/max", "OUT_OF_RANGE", detail);
    checks.require(ordered(rules.min_length, rules.max_length), "/rules/max_length", "OUT_OF_RANGE", detail);
    checks.require(ordered(rules.earliest, rules.latest), "/rules/latest", "OUT_OF_RANGE", detail);
    if let Some(pattern) = &rules.pattern {
        let fits = pattern.chars().count() <= 500 && !pattern.contains('\0') && compile(pattern).is_some();
        checks.require(
            fits,
            "/rules/pattern",
            "INVALID",
            "This is no regular expression, or too large a one.",
        );
    }
}

fn ordered<T: PartialOrd>(low: Option<T>, high: Option<T>) -> bool {
    low.zip(high).is_none_or(|(low, high)| low <= high)
}

/// The pattern as an expression that the whole text has to match; it takes linear time whatever the text.
fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(PATTERN_SIZE).build().ok()
}

/// The values that are to be stored: what was `given`, with what retired fields hold already in `stored`. Notes what is
/// wrong with them at `/custom_fields/<key>`.
///
/// An organization that has defined no field keeps what it is given.
pub fn check_values(
    checks: &mut Checks,
    definitions: &[CustomField],
    given: &Map<String, Value>,
    stored: Option<&Map<String, Value>>,
) -> Map<String, Value> {
    if definitions.is_empty() {
        return given.clone();
    }
    let mut kept = Map::new();
    for (key, value) in given {
        let pointer = format!("/custom_fields/{}", key.replace('~', "~0").replace('/', "~1"));
        let before = stored.and_then(|stored| stored.get(key));
        match definitions.iter().find(|field| field.key == *key) {
            // What was there before there was a definition stays as it is.
            None if before == Some(value) => {
                kept.insert(key.clone(), value.clone());
            }
            None => {
                checks.require(value.is_null(), &pointer, "UNKNOWN_FIELD", "There is no such field.");
            }
            Some(field) if field.retired_at.is_some() => {
                let same = value.is_null() || before == Some(value);
                checks.require(same, &pointer, "FIELD_RETIRED", "This field takes no new values.");
            }
            Some(_) if value.is_null() => (),
            Some(field) => {
                if let Err((code, detail)) = fits(field, value) {
                    checks.require(false, &pointer, code, &detail);
                }
                kept.insert(key.clone(), value.clone());
            }
        }
    }
    for field in definitions {
        let before = stored.and_then(|stored| stored.get(&field.key));
        if field.retired_at.is_some() {
            kept.extend(before.map(|value| (field.key.clone(), value.clone())));
        } else {
            let pointer = format!("/custom_fields/{}", field.key);
            let missing = field.required && kept.get(&field.key).is_none_or(is_blank);
            checks.require(!missing, &pointer, "REQUIRED", &format!("Please give {}.", field.label));
        }
    }
    kept
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

type Fault = (&'static str, String);

/// Whether a value keeps to its field's type, options and rules.
fn fits(field: &CustomField, value: &Value) -> Result<(), Fault> {
    let invalid = |detail: &str| Err(("INVALID", detail.to_owned()));
    let rules = &field.rules;
    match (field.kind, value) {
        (FieldType::Text, Value::String(text)) => fits_text(rules, text),
        (FieldType::Text, _) => invalid("This field holds a text."),
        (FieldType::Number, Value::Number(number)) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            let low = rules.min.is_none_or(|min| number >= min);
            let high = rules.max.is_none_or(|max| number <= max);
            match (low, high) {
                (true, true) => Ok(()),
                (false, _) => Err(("OUT_OF_RANGE", format!("At least {}.", rules.min.unwrap_or_default()))),
                (_, false) => Err(("OUT_OF_RANGE", format!("At most {}.", rules.max.unwrap_or_default()))),
            }
        }
        (FieldType::Number, _) => invalid("This field holds a number."),
        (FieldType::Boolean, Value::Bool(_)) => Ok(()),
        (FieldType::Boolean, _) => invalid("This field holds true or false."),
        (FieldType::Date, Value::String(text)) => {
            // Exactly the one form, so that dates compare as texts.
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
            let Some(day) = day else { return invalid("This field holds a day, as 2026-12-31.") };
            if rules.earliest.is_some_and(|first| day < first) || rules.latest.is_some_and(|last| day > last)
            {
                return Err(("OUT_OF_RANGE", "This day is not allowed.".to_owned()));
            }
            Ok(())
        }
        (FieldType::Date, _) => invalid("This field holds a day, as 2026-12-31."),
        (FieldType::Select, Value::String(choice)) if field.options.contains(choice) => Ok(()),
        (FieldType::Select, _) => invalid("This is none of the options."),
        (FieldType::MultiSelect, Value::Array(list)) => {
            let chosen: Option<HashSet<&str>> = list
                .iter()
                .map(|choice| choice.as_str().filter(|choice| field.options.iter().any(|it| it == choice)))
                .collect();
            match chosen {
                Some(chosen) if chosen.len() == list.len() => fits_length(rules, list.len()),
                Some(_) => invalid("Each option can be chosen once."),
                None => invalid("This is none of the options."),
            }
        }
        (FieldType::MultiSelect, _) => invalid("This field holds a list of options."),
    }
}

fn fits_text(rules: &Rules, text: &str) -> Result<(), Fault> {
    let count = text.chars().count();
    if count > LONGEST_TEXT {
        return Err(("TOO_LONG", format!("At most {LONGEST_TEXT} characters.")));
    }
    if text.contains('\0') {
        return Err(("INVALID", "This contains a character that cannot be stored.".to_owned()));
    }
    fits_length(rules, count)?;
    let matches = rules.pattern.as_deref().is_none_or(|it| compile(it).is_some_and(|it| it.is_match(text)));
    if matches {
        Ok(())
    } else {
        Err(("PATTERN", "This does not have the form that is asked for.".to_owned()))
    }
}

fn fits_length(rules: &Rules, count: usize) -> Result<(), Fault> {
    let within = |most: u32| usize::try_from(most).unwrap_or(usize::MAX);
    if let Some(least) = rules.min_length.filter(|least| count < within(*least)) {
        return Err(("TOO_SHORT", format!("At least {least}.")));
    }
    match rules.max_length.filter(|most| count > within(*most)) {
        Some(most) => Err(("TOO_LONG", format!("At most {most}."))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use kernel::ids::CustomFieldId;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::custom_fields::model::Entity;

    fn field(key: &str, kind: FieldType) -> CustomField {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        CustomField {
            id: CustomFieldId::new(now),
            entity: Entity::Meeting,
            key: key.to_owned(),
            label: key.to_uppercase(),
            kind,
            required: false,
            options: vec!["red".into(), "green".into()],
            rules: Rules::default(),
            position: 0,
            retired_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    fn retired(field: CustomField) -> CustomField {
        CustomField { retired_at: Some(field.created_at), ..field }
    }

    /// What is stored, and the faults as pointer and code.
    #[expect(clippy::needless_pass_by_value, reason = "called with literals")]
    fn values(
        definitions: &[CustomField],
        given: Value,
        stored: Option<Value>,
    ) -> (Value, Vec<(String, &'static str)>) {
        let mut checks = Checks::default();
        let given = given.as_object().expect("an object").clone();
        let stored = stored.and_then(|it| it.as_object().cloned());
        let kept = check_values(&mut checks, definitions, &given, stored.as_ref());
        let faults = checks.done().err().map(|problem| problem.errors).unwrap_or_default();
        (kept.into(), faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect())
    }

    #[expect(clippy::needless_pass_by_value, reason = "called with literals")]
    fn code(field: &CustomField, value: Value) -> Option<&'static str> {
        fits(field, &value).err().map(|(code, _)| code)
    }

    #[test]
    fn values_keep_to_type_options_and_rules() {
        let text = CustomField {
            rules: Rules {
                min_length: Some(2),
                max_length: Some(4),
                pattern: Some("[a-z]+|é+".into()),
                ..Rules::default()
            },
            ..field("a", FieldType::Text)
        };
        for (value, expected) in [
            (json!("ab"), None),
            (json!("éé"), None),
            (json!("a"), Some("TOO_SHORT")),
            (json!("abcde"), Some("TOO_LONG")),
            (json!("ab1"), Some("PATTERN")),
            (json!("ab\n"), Some("PATTERN")),
            (json!(7), Some("INVALID")),
            (json!("a\0"), Some("INVALID")),
        ] {
            assert_eq!(code(&text, value.clone()), expected, "{value}");
        }
        let number = CustomField {
            rules: Rules { min: Some(0.5), max: Some(10.0), ..Rules::default() },
            ..field("a", FieldType::Number)
        };
        assert_eq!(code(&number, json!(0.5)), None);
        assert_eq!(code(&number, json!(0)), Some("OUT_OF_RANGE"));
        assert_eq!(code(&number, json!(11)), Some("OUT_OF_RANGE"));
        assert_eq!(code(&number, json!("1")), Some("INVALID"));
        let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").expect("a day");
        let date = CustomField {
            rules: Rules { earliest: Some(day("2026-01-01")), ..Rules::default() },
            ..field("a", FieldType::Date)
        };
        assert_eq!(code(&date, json!("2026-02-28")), None);
        assert_eq!(code(&date, json!("2026-02-29")), Some("INVALID"));
        assert_eq!(code(&date, json!("2026-2-28")), Some("INVALID"));
        assert_eq!(code(&date, json!("2025-12-31")), Some("OUT_OF_RANGE"));
        let boolean = field("a", FieldType::Boolean);
        assert_eq!((code(&boolean, json!(false)), code(&boolean, json!(0))), (None, Some("INVALID")));
        let select = field("a", FieldType::Select);
        assert_eq!((code(&select, json!("red")), code(&select, json!("blue"))), (None, Some("INVALID")));
        let many = field("a", FieldType::MultiSelect);
        assert_eq!(code(&many, json!(["green", "red"])), None);
        assert_eq!(code(&many, json!(["red", "red"])), Some("INVALID"));
        assert_eq!(code(&many, json!(["red", 1])), Some("INVALID"));
        assert_eq!(code(&many, json!("red")), Some("INVALID"));
    }

    #[test]
    fn retired_fields_keep_old_values_and_take_no_new_ones() {
        let definitions = [field("a", FieldType::Text), retired(field("old", FieldType::Number))];
        let stored = json!({"a": "x", "old": 7});
        // A form that shows the retired field sends it back; one that does not leaves it where it is.
        for given in [json!({"a": "y", "old": 7}), json!({"a": "y"}), json!({"a": "y", "old": null})] {
            assert_eq!(
                values(&definitions, given, Some(stored.clone())),
                (json!({"a": "y", "old": 7}), vec![])
            );
        }
        let (_, faults) = values(&definitions, json!({"old": 8}), Some(stored));
        assert_eq!(faults, [("/custom_fields/old".to_owned(), "FIELD_RETIRED")]);
        let (_, faults) = values(&definitions, json!({"old": 8}), None);
        assert_eq!(faults, [("/custom_fields/old".to_owned(), "FIELD_RETIRED")]);
    }

    #[test]
    fn what_is_required_must_be_there_and_what_is_unknown_must_not() {
        let required = CustomField { required: true, ..field("a", FieldType::Text) };
        for given in [json!({}), json!({"a": null}), json!({"a": "  "})] {
            let (_, faults) = values(std::slice::from_ref(&required), given, None);
            assert_eq!(faults, [("/custom_fields/a".to_owned(), "REQUIRED")]);
        }
        let (_, faults) = values(&[required], json!({"a": "x", "b/~": 1}), None);
        assert_eq!(faults, [("/custom_fields/b~1~0".to_owned(), "UNKNOWN_FIELD")]);
        let free = json!({"anything": [1, {"goes": true}]});
        assert_eq!(values(&[], free.clone(), None), (free, vec![]));
    }

    #[test]
    fn definitions_make_sense_or_say_what_does_not() {
        let faults = |kind, options: &[&str], rules: Value| {
            let mut checks = Checks::default();
            let options: Vec<String> = options.iter().map(ToString::to_string).collect();
            check_definition(&mut checks, kind, &options, &serde_json::from_value(rules).expect("rules"));
            checks.done().err().map(|problem| problem.errors[0].pointer.clone())
        };
        assert_eq!(faults(FieldType::Text, &[], json!({"max_length": 9, "pattern": "[a-z]*"})), None);
        assert_eq!(faults(FieldType::Text, &["x"], json!({})).as_deref(), Some("/options"));
        assert_eq!(faults(FieldType::Select, &[], json!({})).as_deref(), Some("/options"));
        assert_eq!(faults(FieldType::Select, &["x", "x"], json!({})).as_deref(), Some("/options/1"));
        assert_eq!(faults(FieldType::Text, &[], json!({"min": 1})).as_deref(), Some("/rules/min"));
        assert_eq!(
            faults(FieldType::Number, &[], json!({"min": 2, "max": 1})).as_deref(),
            Some("/rules/max")
        );
        for pattern in ["(", "(?=x)", "(\\pL{1000}){1000}"] {
            let rules = json!({"pattern": pattern});
            assert_eq!(faults(FieldType::Text, &[], rules).as_deref(), Some("/rules/pattern"), "{pattern}");
        }
        assert!(is_key("budget_2") && !is_key("2budget") && !is_key("Budget") && !is_key(""));
    }

    proptest! {
        // A pattern that would ruin a backtracking engine costs no time here.
        #[test]
        fn no_text_makes_a_pattern_slow(length in 0_usize..10_000) {
            let pattern = CustomField {
                rules: Rules { pattern: Some("(a+)+b".into()), ..Rules::default() }, ..field("a", FieldType::Text)
            };
            prop_assert_eq!(code(&pattern, json!("a".repeat(length))), Some("PATTERN"));
        }

        #[test]
        fn what_was_accepted_is_accepted_again_as_it_is(text in "\\PC{0,20}", number in -1e9..1e9, red: bool, green: bool) {
            let definitions = [field("t", FieldType::Text), field("n", FieldType::Number), field("m", FieldType::MultiSelect)];
            let chosen: Vec<&str> = [("red", red), ("green", green)].iter().filter(|it| it.1).map(|it| it.0).collect();
            let given = json!({"t": text, "n": number, "m": chosen});
            let (kept, faults) = values(&definitions, given.clone(), None);
            prop_assert!(faults.is_empty());
            prop_assert_eq!(&kept, &given);
            let (again, faults) = values(&definitions, kept.clone(), Some(kept));
            prop_assert!(faults.is_empty());
            prop_assert_eq!(again, given);
        }
    }
}
