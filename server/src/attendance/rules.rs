//! Pure rules of attendance: who counts, when a connection ended, what a comparison with LiveKit comes to.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use kernel::ids::{SpanId, UserId};

use super::model::{ClosedBy, Person};

// Who --------------------------------------------------------------------------------------------------------------

/// The person behind a LiveKit identity: a user's id, or `guest:<id>`, whose name they gave themselves. `None` for
/// recorders and whatever else is in a room.
///
/// LiveKit lets the holder of a token add `#something` to their identity, so that does not count.
pub fn person_of(identity: &str, name: &str) -> Option<Person> {
    let identity = identity.split('#').next().unwrap_or_default();
    match identity.strip_prefix("guest:") {
        Some(id) => Some(Person::Guest(if name.trim().is_empty() { id } else { name.trim() }.to_owned())),
        None => identity.parse::<UserId>().ok().map(Person::User),
    }
}

// When -------------------------------------------------------------------------------------------------------------

/// When an event happened. LiveKit says the second; within that second, when we heard of it. What was delivered late
/// happened somewhere in its second, so its middle is at most half a second wrong.
pub fn moment(created_at: Option<DateTime<Utc>>, received_at: DateTime<Utc>) -> DateTime<Utc> {
    let Some(created_at) = created_at else { return received_at };
    if received_at > created_at + Duration::seconds(1) {
        created_at + Duration::milliseconds(500)
    } else {
        received_at.max(created_at)
    }
}

/// How long LiveKit waits before it says that a client that published has vanished. Measured with LiveKit 1.13.3 and
/// killed clients, over UDP and over TCP alike: 20.0 to 22.0 seconds, evenly. They are 15 seconds without a packet
/// (pion's `disconnected` and `failed` timeouts), noticed at a check every 2 seconds, and 5 seconds of grace.
const VANISHED_PUBLISHER: Duration = Duration::milliseconds(21_000);

/// The same for a client that only listened: 19.2 to 21.8 seconds, because its last packet may lie 2.5 seconds back.
const VANISHED_LISTENER: Duration = Duration::milliseconds(20_500);

/// When a connection ended of which LiveKit said so at `moment`.
pub fn left_at(
    vanished: bool,
    published: bool,
    moment: DateTime<Utc>,
    joined_at: DateTime<Utc>,
) -> DateTime<Utc> {
    let silence = match (vanished, published) {
        (false, _) => Duration::zero(),
        (true, true) => VANISHED_PUBLISHER,
        (true, false) => VANISHED_LISTENER,
    };
    (moment - silence).max(joined_at)
}

// Compare ----------------------------------------------------------------------------------------------------------

/// Comparisons in a row that must miss a connection before it counts as ended.
const MISSES: i16 = 2;

/// How long a connection is believed to last of which nothing is heard or seen.
const UNSEEN: Duration = Duration::seconds(35);

/// What we know of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Our span of it.
    pub id: SpanId,
    /// LiveKit's identity.
    pub identity: String,
    /// LiveKit's name of the connection.
    pub sid: String,
    /// The incarnation of the room that it was in.
    pub room_sid: String,
    /// When it began.
    pub joined_at: DateTime<Utc>,
    /// When LiveKit was last seen to list it.
    pub last_seen_at: DateTime<Utc>,
    /// Comparisons in a row that missed it.
    pub misses: i16,
    /// How it ended; `None` while it is open.
    pub closed_by: Option<ClosedBy>,
}

impl Known {
    /// The last moment at which it was surely there.
    fn last_sign(&self) -> DateTime<Utc> {
        self.last_seen_at.max(self.joined_at)
    }
}

/// A connection that LiveKit lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// LiveKit's identity.
    pub identity: String,
    /// LiveKit's name of the connection.
    pub sid: String,
    /// When it began.
    pub joined_at: DateTime<Utc>,
}

/// A room that LiveKit lists, with the people in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its incarnation.
    pub sid: String,
    /// Who is connected.
    pub people: Vec<Listed>,
}

/// What a comparison asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A connection of which no webhook told.
    Open(Listed),
    /// It is there.
    Seen(SpanId),
    /// It was not listed this time.
    Missed(SpanId),
    /// It has ended.
    Close(SpanId, DateTime<Utc>, ClosedBy),
    /// It was taken for ended by an earlier comparison, and is there.
    Reopen(SpanId),
}

/// Compares what LiveKit lists with what we know. `room` is `None` when LiveKit has no such room; `known` are the
/// open connections, and those closed ones that LiveKit lists.
///
/// Presence in the list is no proof of life: after a crash LiveKit may list the dead until the room closes. So of two
/// connections of one identity the later one counts, and none of an earlier incarnation of the room.
pub fn compare(room: Option<&Room>, known: &[Known]) -> Vec<Action> {
    let mut newest: HashMap<&str, &Listed> = HashMap::new();
    for listed in room.iter().flat_map(|room| &room.people) {
        let best = newest.entry(&listed.identity).or_insert(listed);
        if (listed.joined_at, &listed.sid) > (best.joined_at, &best.sid) {
            *best = listed;
        }
    }
    let mut living: Vec<&Listed> = newest.into_values().collect();
    living.sort_unstable_by_key(|listed| (listed.joined_at, &listed.sid));

    let mut actions = Vec::new();
    for listed in &living {
        match known.iter().find(|span| span.sid == listed.sid) {
            None => actions.push(Action::Open((*listed).clone())),
            Some(span) => match span.closed_by {
                None => actions.push(Action::Seen(span.id)),
                Some(ClosedBy::Reconcile) => actions.push(Action::Reopen(span.id)),
                // A webhook told of its end after LiveKit answered us.
                Some(_) => {}
            },
        }
    }
    let missing = known
        .iter()
        .filter(|span| span.closed_by.is_none() && living.iter().all(|listed| listed.sid != span.sid));
    for span in missing {
        let later = living
            .iter()
            .filter(|listed| listed.identity == span.identity && listed.joined_at >= span.joined_at)
            .map(|listed| listed.joined_at)
            .min();
        let is_of_an_earlier_room = room.is_some_and(|room| room.sid != span.room_sid);
        actions.push(if let Some(later) = later {
            let (at, how) = replaced(span.last_sign(), span.misses, later);
            Action::Close(span.id, at, how)
        } else if is_of_an_earlier_room {
            Action::Close(span.id, span.last_sign(), ClosedBy::RoomFinished)
        } else if span.misses + 1 >= MISSES {
            Action::Close(span.id, span.last_sign(), ClosedBy::Reconcile)
        } else {
            Action::Missed(span.id)
        });
    }
    actions
}

/// How a connection ended after which the same identity came again at `later`: then, unless comparisons say that it had
/// ended before. One that they missed was last there when it was last seen, and one that they would have seen since is
/// not there any more.
pub fn replaced(last_sign: DateTime<Utc>, misses: i16, later: DateTime<Utc>) -> (DateTime<Utc>, ClosedBy) {
    let gone_by = last_sign + if misses > 0 { Duration::zero() } else { UNSEEN };
    if later <= gone_by { (later, ClosedBy::Replaced) } else { (gone_by, ClosedBy::Reconcile) }
}

// How exact --------------------------------------------------------------------------------------------------------

/// How far off, in seconds, the end of a connection may be that ended at `left_at` as `how` says, and of which the last
/// sign was at `last_seen_at`. Its beginning is known to the millisecond, whoever told of it: LiveKit says with each
/// connection when it was made. An end is as exact as the source of our knowledge:
///
/// - our own leave call: it is the end;
/// - a word of LiveKit: it names the second, and [`moment`] lies in that second, so 1 s at most;
/// - LiveKit's word that a client vanished: besides, how long LiveKit was silent about it varies by 1.3 s around what
///   [`left_at`] takes off, so 2.3 s;
/// - replaced, or the room closed: between the last sign and then, which is a comparison's interval unless LiveKit told
///   of it too; of a room also the second that LiveKit names. (What falls silent and is replaced before LiveKit notices
///   is taken to have lasted until then.)
/// - concluded by a comparison, or only with the next room: between the last sign and the comparison that would have seen
///   it, so [`UNSEEN`].
///
/// While LiveKit, the database or every worker is away longer than that, nobody knows better, and this does not hold.
pub fn exact_within(how: ClosedBy, left_at: DateTime<Utc>, last_seen_at: DateTime<Utc>) -> f64 {
    const WORD: f64 = 1.0;
    const SILENCE: f64 = 1.3;
    let unseen = UNSEEN.as_seconds_f64();
    let since_seen = (left_at - last_seen_at).as_seconds_f64().max(0.0);
    match how {
        ClosedBy::LeaveCall => 0.0,
        ClosedBy::Left => WORD,
        ClosedBy::Vanished => WORD + SILENCE,
        ClosedBy::Replaced => since_seen.max(WORD),
        ClosedBy::RoomFinished if since_seen > 0.0 => since_seen + WORD,
        ClosedBy::RoomFinished | ClosedBy::Reconcile => unseen,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).expect("a valid time")
    }

    fn span(n: u128, identity: &str, joined: i64) -> Known {
        Known {
            id: SpanId(uuid::Uuid::from_u128(n)),
            identity: identity.into(),
            sid: format!("PA_{n}"),
            room_sid: "RM_1".into(),
            joined_at: at(joined),
            last_seen_at: at(joined),
            misses: 0,
            closed_by: None,
        }
    }

    fn listed(n: u128, identity: &str, joined: i64) -> Listed {
        Listed { identity: identity.into(), sid: format!("PA_{n}"), joined_at: at(joined) }
    }

    fn room(people: Vec<Listed>) -> Room {
        Room { sid: "RM_1".into(), people }
    }

    #[test]
    fn people_are_users_and_guests() {
        let user = UserId(uuid::Uuid::from_u128(7));
        assert_eq!(person_of(&user.to_string(), "A"), Some(Person::User(user)));
        assert_eq!(person_of(&format!("{user}#tab"), "A"), Some(Person::User(user)));
        assert_eq!(person_of("guest:7", " Ann "), Some(Person::Guest("Ann".into())));
        assert_eq!(person_of("guest:7", ""), Some(Person::Guest("7".into())));
        for other in ["", "EG_abc", "recorder:1", "agent-1"] {
            assert_eq!(person_of(other, "A"), None);
        }
    }

    #[test]
    fn an_event_happened_in_its_second() {
        let created = Some(at(0));
        assert_eq!(moment(created, at(-300)), at(0), "our clock is behind");
        assert_eq!(moment(created, at(700)), at(700));
        assert_eq!(moment(created, at(9_000)), at(500), "it was delivered late");
        assert_eq!(moment(None, at(9_000)), at(9_000));
    }

    #[test]
    fn whoever_vanished_was_gone_before_livekit_said_so_but_not_before_they_came() {
        assert_eq!(left_at(false, true, at(60_000), at(0)), at(60_000));
        assert_eq!(left_at(true, true, at(60_000), at(0)), at(39_000));
        assert_eq!(left_at(true, false, at(60_000), at(0)), at(39_500));
        assert_eq!(left_at(true, true, at(60_000), at(50_000)), at(50_000));
        assert_eq!(left_at(false, true, at(10), at(50)), at(50));
    }

    #[test]
    fn an_end_is_as_exact_as_what_told_of_it() {
        let exact = |how, left, seen| exact_within(how, at(left), at(seen));
        let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
        assert!(close(exact(ClosedBy::LeaveCall, 60_000, 0), 0.0));
        assert!(close(exact(ClosedBy::Left, 60_000, 0), 1.0));
        assert!(close(exact(ClosedBy::Vanished, 60_000, 0), 2.3));
        assert!(close(exact(ClosedBy::Replaced, 60_000, 48_000), 12.0), "gone some time before");
        assert!(close(exact(ClosedBy::Replaced, 60_000, 60_000), 1.0), "LiveKit told of it too");
        assert!(close(exact(ClosedBy::RoomFinished, 60_000, 48_000), 13.0));
        assert!(close(exact(ClosedBy::RoomFinished, 60_000, 60_000), 35.0), "where it was last seen");
        assert!(close(exact(ClosedBy::Reconcile, 60_000, 60_000), 35.0));
    }

    #[test]
    fn what_no_webhook_told_is_opened_and_what_is_there_is_seen() {
        let actions = compare(Some(&room(vec![listed(1, "a", 0), listed(2, "b", 5)])), &[span(1, "a", 0)]);
        assert_eq!(actions, [Action::Seen(span(1, "a", 0).id), Action::Open(listed(2, "b", 5))]);
    }

    #[test]
    fn who_comes_again_was_gone_when_they_were_missed() {
        let before = Known { last_seen_at: at(30_000), ..span(1, "a", 0) };
        let again = |joined| Some(room(vec![listed(2, "a", joined)]));
        let close = |span: &Known, joined| {
            let actions = compare(again(joined).as_ref(), std::slice::from_ref(span));
            actions.into_iter().find(|action| matches!(action, Action::Close(..))).expect("it is closed")
        };
        let missed = Known { misses: 1, ..before.clone() };
        assert_eq!(close(&before, 50_000), Action::Close(before.id, at(50_000), ClosedBy::Replaced));
        assert_eq!(close(&missed, 50_000), Action::Close(before.id, at(30_000), ClosedBy::Reconcile));
        assert_eq!(close(&before, 90_000), Action::Close(before.id, at(65_000), ClosedBy::Reconcile));
    }

    #[test]
    fn two_misses_in_a_row_end_a_connection_where_it_was_last_seen() {
        let mut gone = span(1, "a", 0);
        gone.last_seen_at = at(30_000);
        assert_eq!(compare(Some(&room(vec![])), &[gone.clone()]), [Action::Missed(gone.id)]);
        gone.misses = 1;
        let close = [Action::Close(gone.id, at(30_000), ClosedBy::Reconcile)];
        assert_eq!(compare(Some(&room(vec![])), &[gone.clone()]), close);
        assert_eq!(compare(None, &[gone]), close);
    }

    #[test]
    fn the_dead_whom_livekit_still_lists_give_way() {
        let (ghost, mut elsewhere) = (span(1, "a", 0), span(3, "b", 0));
        elsewhere.room_sid = "RM_0".into();
        elsewhere.last_seen_at = at(7);
        let list = room(vec![listed(1, "a", 0), listed(2, "a", 50)]);
        let actions = compare(Some(&list), &[ghost.clone(), elsewhere.clone()]);
        assert_eq!(
            actions,
            [
                Action::Open(listed(2, "a", 50)),
                Action::Close(ghost.id, at(50), ClosedBy::Replaced),
                Action::Close(elsewhere.id, at(7), ClosedBy::RoomFinished),
            ]
        );
    }

    #[test]
    fn only_what_a_comparison_closed_is_opened_again() {
        let mut back = span(1, "a", 0);
        back.closed_by = Some(ClosedBy::Reconcile);
        assert_eq!(compare(Some(&room(vec![listed(1, "a", 0)])), &[back.clone()]), [Action::Reopen(back.id)]);
        for how in [ClosedBy::Left, ClosedBy::LeaveCall, ClosedBy::Replaced, ClosedBy::RoomFinished] {
            back.closed_by = Some(how);
            assert_eq!(compare(Some(&room(vec![listed(1, "a", 0)])), &[back.clone()]), []);
        }
    }

    prop_compose! {
        fn any_span()(n in 0_u128..12, identity in 0_u8..4, joined in 0_i64..100, seen in 0_i64..200, misses in 0_i16..3,
                      room in 0_u8..2, closed in 0_u8..8) -> Known {
            Known {
                last_seen_at: at(seen),
                misses,
                room_sid: format!("RM_{room}"),
                closed_by: match closed {
                    0 => Some(ClosedBy::Reconcile),
                    1 => Some(ClosedBy::Left),
                    _ => None,
                },
                ..span(n, &identity.to_string(), joined)
            }
        }
    }

    prop_compose! {
        fn any_listed()(n in 0_u128..12, identity in 0_u8..4, joined in 0_i64..100) -> Listed {
            listed(n, &identity.to_string(), joined)
        }
    }

    fn unique<T>(items: Vec<T>, sid: impl Fn(&T) -> &String) -> Vec<T> {
        let mut seen = std::collections::HashSet::new();
        items.into_iter().filter(|item| seen.insert(sid(item).clone())).collect()
    }

    /// What we know after the actions were done.
    fn apply(room: Option<&Room>, known: &[Known], actions: &[Action]) -> Vec<Known> {
        let mut known = known.to_vec();
        for action in actions {
            let mut with = |id: &SpanId, change: &dyn Fn(&mut Known)| {
                known.iter_mut().filter(|span| span.id == *id).for_each(change);
            };
            match action {
                Action::Open(listed) => known.push(Known {
                    id: SpanId(uuid::Uuid::from_u128(100 + known.len() as u128)),
                    identity: listed.identity.clone(),
                    sid: listed.sid.clone(),
                    room_sid: room.map(|room| room.sid.clone()).unwrap_or_default(),
                    joined_at: listed.joined_at,
                    last_seen_at: at(1000),
                    misses: 0,
                    closed_by: None,
                }),
                Action::Seen(id) => with(id, &|span| (span.misses, span.last_seen_at) = (0, at(1000))),
                Action::Reopen(id) => with(id, &|span| (span.misses, span.closed_by) = (0, None)),
                Action::Missed(id) => with(id, &|span| span.misses += 1),
                Action::Close(id, _, how) => with(id, &|span| span.closed_by = Some(*how)),
            }
        }
        known
    }

    proptest! {
        #[test]
        fn a_comparison_holds_its_promises(
            spans in proptest::collection::vec(any_span(), 0..8).prop_map(|spans| unique(spans, |s| &s.sid)),
            people in proptest::option::of(proptest::collection::vec(any_listed(), 0..8).prop_map(|p| unique(p, |l| &l.sid))),
        ) {
            let room = people.map(room);
            let actions = compare(room.as_ref(), &spans);
            let find = |id: &SpanId| spans.iter().find(|span| span.id == *id).expect("a known span");
            for action in &actions {
                match action {
                    Action::Close(id, at, how) => {
                        prop_assert!(*at >= find(id).joined_at, "never before it began");
                        prop_assert!(find(id).closed_by.is_none());
                        prop_assert!(*how != ClosedBy::Reconcile || find(id).misses >= 1, "never at the first miss");
                    }
                    Action::Open(listed) => prop_assert!(spans.iter().all(|span| span.sid != listed.sid)),
                    Action::Seen(id) | Action::Missed(id) => prop_assert!(find(id).closed_by.is_none()),
                    Action::Reopen(id) => prop_assert_eq!(find(id).closed_by, Some(ClosedBy::Reconcile)),
                }
            }
            // Every open span gets exactly one action.
            for span in spans.iter().filter(|span| span.closed_by.is_none()) {
                let about = actions.iter().filter(|action| match action {
                    Action::Seen(id) | Action::Missed(id) | Action::Close(id, ..) | Action::Reopen(id) => *id == span.id,
                    Action::Open(_) => false,
                });
                prop_assert_eq!(about.count(), 1);
            }
            // After two comparisons with the same answer, exactly the listed people are there, once each.
            let once = apply(room.as_ref(), &spans, &actions);
            let twice = apply(room.as_ref(), &once, &compare(room.as_ref(), &once));
            let open: Vec<&Known> = twice.iter().filter(|span| span.closed_by.is_none()).collect();
            for span in &open {
                prop_assert!(room.iter().flat_map(|room| &room.people).any(|listed| listed.sid == span.sid));
                prop_assert_eq!(open.iter().filter(|other| other.sid == span.sid).count(), 1);
            }
            // And a third one changes nothing but what it saw.
            let third = compare(room.as_ref(), &twice);
            prop_assert!(third.iter().all(|action| matches!(action, Action::Seen(_))), "{third:?}");
        }
    }
}
