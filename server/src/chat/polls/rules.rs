//! Pure rules of polls: what one may ask, what a vote may hold, and what comes out.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::http::{Checks, Result};

/// Most characters of a question.
const LONGEST_QUESTION: usize = 500;
/// Most characters of an option.
const LONGEST_OPTION: usize = 200;
/// How many options there may be.
const OPTIONS: std::ops::RangeInclusive<usize> = 2..=20;
/// What the server keeps in the metadata.
const RESERVED: [&str; 8] =
    ["votes", "voters", "results", "voted", "entitled", "closed", "closed_at", "closed_by"];

/// What an option needs to win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "poll_majority", rename_all = "snake_case")]
pub enum Majority {
    /// More than any other option.
    Plurality,
    /// More than half of the votes that were cast.
    Simple,
    /// More than half of all who are entitled.
    Absolute,
    /// At least two thirds of the votes that were cast.
    TwoThirds,
}

/// How a poll works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a form, independent of each other")]
pub struct Rules {
    /// How many options there are.
    pub options: usize,
    /// Whether a vote may hold several of them.
    pub multiple: bool,
    /// Whether nobody learns who chose what.
    pub secret: bool,
    /// Whether the sums are told before it is closed.
    pub live: bool,
    /// Whether members' votes weigh what their organization says.
    pub weighted: bool,
    /// Whether guests may vote.
    pub guests_may_vote: bool,
    /// What an option needs to win.
    pub majority: Majority,
    /// How much of all who are entitled must have voted.
    pub quorum_percent: Option<i16>,
}

/// Reads what a poll asks and how it works from a message's metadata.
pub fn read(checks: &mut Checks, metadata: &Map<String, Value>) -> Rules {
    let question = metadata.get("question").and_then(Value::as_str).unwrap_or_default();
    checks.text(question, "/metadata/question", 1..=LONGEST_QUESTION);
    let options = metadata.get("options").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    read_options(checks, options);
    let secret = switch(checks, metadata, "secret");
    let weighted = switch(checks, metadata, "weighted");
    let live = match metadata.get("show_results").unwrap_or(&Value::Null) {
        Value::Null => !secret,
        Value::String(when) if when == "after_closing" => false,
        Value::String(when) if when == "live" => {
            let detail = "The results of a secret poll are shown after it is closed.";
            checks.require(!secret, "/metadata/show_results", "NOT_SECRET", detail);
            true
        }
        _ => {
            let detail = "Results are shown live or after_closing.";
            checks.require(false, "/metadata/show_results", "INVALID", detail);
            false
        }
    };
    let detail = "In a secret poll every vote counts the same, because weights would tell who chose what.";
    checks.require(!(secret && weighted), "/metadata/weighted", "NOT_SECRET", detail);
    let quorum_percent = match metadata.get("quorum_percent").unwrap_or(&Value::Null) {
        Value::Null => None,
        percent => {
            let percent = percent.as_i64().filter(|it| (1..=100).contains(it));
            let detail = "The quorum is a whole number from 1 to 100 percent.";
            checks.require(percent.is_some(), "/metadata/quorum_percent", "INVALID", detail);
            percent.and_then(|it| it.try_into().ok())
        }
    };
    let majority = match metadata.get("majority").unwrap_or(&Value::Null) {
        Value::Null => Majority::Plurality,
        name => Majority::deserialize(name).unwrap_or_else(|_| {
            let detail = "The majority is plurality, simple, absolute or two_thirds.";
            checks.require(false, "/metadata/majority", "INVALID", detail);
            Majority::Plurality
        }),
    };
    for key in RESERVED.iter().filter(|key| metadata.contains_key(**key)) {
        let detail = "The results of a poll come from its votes.";
        checks.require(false, &format!("/metadata/{key}"), "READ_ONLY", detail);
    }
    Rules {
        options: options.len(),
        multiple: switch(checks, metadata, "multiple"),
        secret,
        live,
        weighted,
        guests_may_vote: switch(checks, metadata, "guests_may_vote"),
        majority,
        quorum_percent,
    }
}

fn read_options(checks: &mut Checks, options: &[Value]) {
    let enough = OPTIONS.contains(&options.len());
    checks.require(enough, "/metadata/options", "INVALID", "A poll has 2 to 20 options.");
    for (index, option) in options.iter().enumerate().take(*OPTIONS.end()) {
        let pointer = format!("/metadata/options/{index}");
        match option.as_str() {
            Some(text) if (1..=LONGEST_OPTION).contains(&text.trim().chars().count()) => {
                let new = !options[..index]
                    .iter()
                    .any(|other| other.as_str().is_some_and(|other| other.trim() == text.trim()));
                checks.require(new, &pointer, "DUPLICATE", "Two options are the same.");
            }
            _ => {
                checks.require(false, &pointer, "INVALID", "An option is a text of 1 to 200 characters.");
            }
        }
    }
}

fn switch(checks: &mut Checks, metadata: &Map<String, Value>, key: &str) -> bool {
    match metadata.get(key).unwrap_or(&Value::Null) {
        Value::Null => false,
        Value::Bool(on) => *on,
        _ => {
            checks.require(false, &format!("/metadata/{key}"), "INVALID", "This is either true or false.");
            false
        }
    }
}

/// What a vote chooses, in the order of the options; what is no option by any means becomes one that no poll has.
pub fn sorted(given: &[i64]) -> Vec<i16> {
    let mut chosen: Vec<i16> =
        given.iter().take(*OPTIONS.end() + 1).map(|choice| i16::try_from(*choice).unwrap_or(-1)).collect();
    chosen.sort_unstable();
    chosen
}

/// Checks what a vote chooses. The database decides by the same.
///
/// # Errors
/// 422 for an option that is not there or named twice, and for more or fewer than the poll takes.
pub fn check_choices(options: usize, multiple: bool, given: &[i64]) -> Result<()> {
    let mut checks = Checks::default();
    for (index, choice) in given.iter().enumerate().take(*OPTIONS.end() + 1) {
        let pointer = format!("/choices/{index}");
        let known = usize::try_from(*choice).is_ok_and(|choice| choice < options);
        checks.require(known, &pointer, "INVALID", "This poll has no such option.");
        checks.require(!given[..index].contains(choice), &pointer, "DUPLICATE", "An option counts once.");
    }
    checks.require(!given.is_empty(), "/choices", "REQUIRED", "Please choose an option.");
    let most = if multiple { options } else { 1 };
    let detail = if multiple { "There are not that many options." } else { "Please choose one option only." };
    checks.require(given.len() <= most, "/choices", "TOO_MANY", detail).done()
}

/// The sums of a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// How many chose each option.
    pub counts: Vec<i32>,
    /// What they weigh together.
    pub weights: Vec<i64>,
    /// How many have voted.
    pub voters: i32,
    /// What they weigh together.
    pub cast_weight: i64,
}

impl Tally {
    /// Of nobody yet.
    pub fn of(options: usize) -> Self {
        Self { counts: vec![0; options], weights: vec![0; options], voters: 0, cast_weight: 0 }
    }
}

/// Who may vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entitled {
    /// How many.
    pub people: i64,
    /// What they weigh together; as many in a poll without weights.
    pub weight: i64,
}

/// What has come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// One option has won.
    Decided,
    /// Several options came first.
    Tie,
    /// No option has the majority that is needed.
    NoMajority,
    /// Too few have voted.
    NoQuorum,
}

/// The results of a poll; before it is closed at most the sums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Results {
    /// How many chose each option.
    pub counts: Vec<i32>,
    /// What they weigh together, in a weighted poll.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<i64>>,
    /// What all who voted weigh together, in a weighted poll.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cast_weight: Option<i64>,
    /// What all who were entitled weigh together, in a weighted poll.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entitled_weight: Option<i64>,
    /// Whether enough have voted, where there is a quorum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quorum_reached: Option<bool>,
    /// What has come out.
    pub outcome: Outcome,
    /// The option that has won.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub winner: Option<usize>,
}

/// What has come out of a poll that is being closed.
pub fn results(rules: &Rules, tally: &Tally, entitled: Entitled) -> Results {
    // Somebody may have voted and left the meeting's list since.
    let all = entitled.weight.max(tally.cast_weight);
    let quorum_reached =
        rules.quorum_percent.map(|percent| tally.cast_weight * 100 >= i64::from(percent) * all);
    let (outcome, winner) = outcome(rules.majority, tally, all, quorum_reached);
    Results {
        counts: tally.counts.clone(),
        weights: rules.weighted.then(|| tally.weights.clone()),
        cast_weight: rules.weighted.then_some(tally.cast_weight),
        entitled_weight: rules.weighted.then_some(all),
        quorum_reached,
        outcome,
        winner,
    }
}

fn outcome(
    majority: Majority,
    tally: &Tally,
    entitled: i64,
    quorum_reached: Option<bool>,
) -> (Outcome, Option<usize>) {
    if quorum_reached == Some(false) {
        return (Outcome::NoQuorum, None);
    }
    let most = tally.weights.iter().copied().max().unwrap_or(0);
    let has_majority = most > 0
        && match majority {
            Majority::Plurality => true,
            Majority::Simple => most * 2 > tally.cast_weight,
            Majority::Absolute => most * 2 > entitled,
            Majority::TwoThirds => most * 3 >= tally.cast_weight * 2,
        };
    if !has_majority {
        return (Outcome::NoMajority, None);
    }
    let mut first = tally.weights.iter().enumerate().filter(|(_, weight)| **weight == most);
    let winner = first.next().map(|(index, _)| index);
    if first.next().is_some() { (Outcome::Tie, None) } else { (Outcome::Decided, winner) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(metadata: &Value) -> (Rules, Vec<String>) {
        let mut checks = Checks::default();
        let rules = read(&mut checks, metadata.as_object().expect("an object"));
        let faults = checks.done().err().map(|problem| problem.errors).unwrap_or_default();
        (rules, faults.into_iter().map(|fault| fault.pointer).collect())
    }

    fn rules(extra: &Value) -> Rules {
        let mut metadata = json!({"question": "Tea?", "options": ["yes", "no", "later"]});
        for (key, value) in extra.as_object().expect("an object") {
            metadata[key] = value.clone();
        }
        let (rules, faults) = asked(&metadata);
        assert!(faults.is_empty(), "{faults:?}");
        rules
    }

    #[test]
    fn a_poll_is_open_live_and_of_one_choice_unless_it_says_otherwise() {
        let plain = rules(&json!({}));
        assert!(plain.live && !plain.secret && !plain.multiple && !plain.weighted && !plain.guests_may_vote);
        assert_eq!((plain.options, plain.majority, plain.quorum_percent), (3, Majority::Plurality, None));
        assert!(!rules(&json!({"secret": true})).live);
        assert!(!rules(&json!({"show_results": "after_closing"})).live);
        assert_eq!(rules(&json!({"majority": "two_thirds"})).majority, Majority::TwoThirds);
        assert_eq!(rules(&json!({"quorum_percent": 50})).quorum_percent, Some(50));
    }

    #[test]
    fn what_would_break_secrecy_or_makes_no_sense_is_refused() {
        let faults = |extra: Value| {
            let mut metadata = json!({"question": "Tea?", "options": ["yes", "no"]});
            for (key, value) in extra.as_object().expect("an object") {
                metadata[key] = value.clone();
            }
            asked(&metadata).1
        };
        assert_eq!(faults(json!({"secret": true, "show_results": "live"})), ["/metadata/show_results"]);
        assert_eq!(faults(json!({"secret": true, "weighted": true})), ["/metadata/weighted"]);
        assert_eq!(faults(json!({"secret": "yes"})), ["/metadata/secret"]);
        assert_eq!(faults(json!({"multiple": 1})), ["/metadata/multiple"]);
        assert_eq!(faults(json!({"show_results": "never"})), ["/metadata/show_results"]);
        assert_eq!(faults(json!({"majority": "all"})), ["/metadata/majority"]);
        for percent in [json!(0), json!(101), json!(50.5), json!("50")] {
            assert_eq!(faults(json!({"quorum_percent": percent})), ["/metadata/quorum_percent"]);
        }
        for key in RESERVED {
            assert_eq!(faults(json!({key: 1})), [format!("/metadata/{key}")]);
        }
    }

    #[test]
    fn a_vote_names_options_that_exist_once_each() {
        let faults = |multiple: bool, given: &[i64]| {
            let faults = check_choices(3, multiple, given).err().map(|problem| problem.errors);
            faults.unwrap_or_default().into_iter().map(|fault| fault.pointer).collect::<Vec<_>>()
        };
        assert!(faults(false, &[2]).is_empty() && faults(true, &[2, 0]).is_empty());
        assert_eq!(sorted(&[2, 0]), [0, 2]);
        assert_eq!(sorted(&[i64::MAX]), [-1]);
        assert_eq!(faults(false, &[]), ["/choices"]);
        assert_eq!(faults(false, &[0, 1]), ["/choices"]);
        assert_eq!(faults(false, &[3]), ["/choices/0"]);
        assert_eq!(faults(false, &[-1]), ["/choices/0"]);
        assert_eq!(faults(false, &[i64::MAX]), ["/choices/0"]);
        assert_eq!(faults(true, &[1, 1]), ["/choices/1"]);
        assert!(faults(true, &vec![0; 10_000]).len() <= 22);
        assert!(sorted(&vec![0; 10_000]).len() <= 21);
    }

    fn out(extra: &Value, votes: &[(&[usize], i64)], entitled: i64) -> (Outcome, Option<usize>) {
        let rules = rules(extra);
        let mut tally = Tally::of(rules.options);
        for (choices, weight) in votes {
            for choice in *choices {
                tally.counts[*choice] += 1;
                tally.weights[*choice] += weight;
            }
            tally.voters += 1;
            tally.cast_weight += weight;
        }
        let results = results(&rules, &tally, Entitled { people: entitled, weight: entitled });
        (results.outcome, results.winner)
    }

    #[test]
    fn each_majority_decides_by_its_own_measure() {
        let three_to_two: &[(&[usize], i64)] = &[(&[0], 1), (&[0], 1), (&[0], 1), (&[1], 1), (&[1], 1)];
        let decided = (Outcome::Decided, Some(0));
        assert_eq!(out(&json!({}), three_to_two, 9), decided);
        assert_eq!(out(&json!({"majority": "simple"}), three_to_two, 9), decided);
        assert_eq!(out(&json!({"majority": "absolute"}), three_to_two, 6), (Outcome::NoMajority, None));
        assert_eq!(out(&json!({"majority": "absolute"}), three_to_two, 5), decided);
        assert_eq!(out(&json!({"majority": "two_thirds"}), three_to_two, 5), (Outcome::NoMajority, None));
        assert_eq!(out(&json!({"majority": "two_thirds"}), &three_to_two[1..4], 5), decided);
        assert_eq!(out(&json!({"majority": "simple"}), &three_to_two[1..], 5), (Outcome::NoMajority, None));
        assert_eq!(out(&json!({}), &three_to_two[1..], 5), (Outcome::Tie, None));
        assert_eq!(out(&json!({}), &[], 5), (Outcome::NoMajority, None));
        assert_eq!(
            out(&json!({"weighted": true}), &[(&[0], 1), (&[0], 1), (&[1], 3)], 9),
            (Outcome::Decided, Some(1))
        );
        let both: &[usize] = &[0, 1];
        assert_eq!(
            out(&json!({"multiple": true, "majority": "simple"}), &[(both, 1), (both, 1)], 2),
            (Outcome::Tie, None)
        );
    }

    #[test]
    fn without_a_quorum_nothing_is_decided() {
        let quorum = json!({"quorum_percent": 50});
        assert_eq!(out(&quorum, &[(&[0], 1), (&[0], 1)], 5), (Outcome::NoQuorum, None));
        assert_eq!(out(&quorum, &[(&[0], 1), (&[0], 1)], 4), (Outcome::Decided, Some(0)));
        // Whoever has left the list since counts among the entitled.
        assert_eq!(
            out(&json!({"quorum_percent": 100}), &[(&[0], 1), (&[0], 1)], 1),
            (Outcome::Decided, Some(0))
        );
    }
}
