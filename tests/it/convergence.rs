//! Whatever is lost, doubled, delayed or reordered of what LiveKit tells: after the comparison the record is the truth.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use harness::{
    Meeting, Person, TestApp, Value,
    livekit::{Connection, DisconnectReason},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use server::{
    attendance::{model::ClosedBy, rules::exact_within},
    seals::verify::{self, Wanted},
};

/// Histories that happen side by side, in as many meetings.
const TOGETHER: usize = 25;
/// Histories that are tried unless `BARAZA_HISTORIES` says how many.
const HISTORIES: usize = 50;
/// How often is compared.
const COMPARED: Duration = Duration::seconds(30);
/// How much later than it happened LiveKit's word comes, at most.
const DELAY: i64 = 60_000;

/// What becomes of a message: for each time that it arrives, how much later, in milliseconds.
type Fate = Vec<i64>;

/// Who is there from when to when: person, pause before, how long; in milliseconds.
type Presence = (usize, i64, i64);

/// What happens in a meeting, and what becomes of each message about it.
type History = (Vec<Presence>, Vec<Fate>);

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let delay = prop_oneof![Just(0_i64), 0..DELAY];
    let fate = prop_oneof![
        3 => Just(Fate::new()),
        4 => delay.clone().prop_map(|delay| vec![delay]),
        3 => (delay.clone(), delay).prop_map(|(one, two)| vec![one, two]),
    ];
    prop::collection::vec(fate, 64)
}

fn presences() -> impl Strategy<Value = Vec<Presence>> {
    let long = prop_oneof![500_i64..40_000, 40_000_i64..150_000];
    prop::collection::vec((0_usize..3, 0_i64..60_000, long), 1..6)
}

#[derive(Debug)]
enum Step {
    Come { meeting: usize, person: usize },
    Go { meeting: usize, person: usize },
    Tell(Box<Value>),
    Compare,
}

/// A connection as it truly was.
#[derive(Debug)]
struct Truth {
    meeting: usize,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

/// What happens when: steps by time, and by the order in which they were planned.
#[derive(Default)]
struct Plan {
    steps: BTreeMap<(DateTime<Utc>, usize), Step>,
    count: usize,
}

impl Plan {
    fn add(&mut self, at: DateTime<Utc>, step: Step) {
        self.count += 1;
        self.steps.insert((at, self.count), step);
    }
}

// ATT-04, ATT-20, CON-19
#[tokio::test]
async fn after_the_comparison_the_record_is_the_truth() {
    let histories =
        std::env::var("BARAZA_HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(HISTORIES);
    let mut runner = TestRunner::new(Config::default());
    for _ in 0..histories.div_ceil(TOGETHER) {
        let cases: Vec<_> = (0..TOGETHER)
            .map(|_| (presences(), fates()).new_tree(&mut runner).expect("a history").current())
            .collect();
        live_through(&cases).await;
    }
}

/// Lives through some histories at once, and compares the record with the truth.
async fn live_through(cases: &[History]) {
    let app = TestApp::start().await;
    let organization = app.organization().await;
    let people = [
        organization.member("member").await,
        organization.member("member").await,
        organization.member("member").await,
    ];
    let mut meetings: Vec<Meeting> = Vec::new();
    let mut plan = Plan::default();
    let start = app.clock.now();
    let mut end = start;
    for (number, (presences, _)) in cases.iter().enumerate() {
        let builder = organization.meeting().between(start, None);
        meetings.push(people.iter().fold(builder, harness::builders::MeetingBuilder::invite).create().await);
        let mut free = [start; 3];
        for (person, pause, long) in presences {
            let from = free[*person] + Duration::milliseconds(*pause);
            let to = from + Duration::milliseconds(*long);
            plan.add(from, Step::Come { meeting: number, person: *person });
            plan.add(to, Step::Go { meeting: number, person: *person });
            free[*person] = to;
            end = end.max(to);
        }
    }
    let mut at = start;
    while at < end + Duration::milliseconds(DELAY) + COMPARED * 3 {
        plan.add(at, Step::Compare);
        at += COMPARED;
    }
    let (truth, told) = happen(&app, plan, &people, &meetings, cases).await;
    for (number, case) in cases.iter().enumerate() {
        let mine: BTreeMap<_, _> = truth.iter().filter(|(_, was)| was.meeting == number).collect();
        check(&app, &meetings[number], case, &mine, &told, start).await;
    }
    let mut findings = Vec::new();
    verify::run(&app.app, &Wanted::default(), |told| findings.push(told.to_string()))
        .await
        .expect("a database");
    assert!(!findings.iter().any(|line| line.starts_with("FAULT")), "{findings:#?}");
    app.expect_leftovers();
}

/// Lets a plan happen; gives each connection as it was, and which messages got through.
async fn happen(
    app: &TestApp,
    mut plan: Plan,
    people: &[Person; 3],
    meetings: &[Meeting],
    cases: &[History],
) -> (BTreeMap<String, Truth>, BTreeSet<(String, String)>) {
    let mut truth = BTreeMap::new();
    let mut told = BTreeSet::new();
    let mut there: BTreeMap<(usize, usize), Connection> = BTreeMap::new();
    let mut sent = vec![0; meetings.len()];
    while let Some(((at, _), step)) = plan.steps.pop_first() {
        app.clock.set(at);
        match step {
            Step::Come { meeting, person } => {
                let admission = people[person].join(&meetings[meeting]).await.is(200);
                let connection = app.livekit.connect(admission["token"].as_str().expect("a token"));
                truth.insert(connection.sid.clone(), Truth { meeting, from: at, to: at });
                there.insert((meeting, person), connection);
            }
            Step::Go { meeting, person } => {
                let connection = there.remove(&(meeting, person)).expect("they are there");
                app.livekit.disconnect(&connection, DisconnectReason::ClientInitiated);
                truth.get_mut(&connection.sid).expect("they came").to = at;
            }
            Step::Tell(event) => {
                let sid = event["participant"]["sid"].as_str().unwrap_or_default().to_owned();
                told.insert((event["event"].as_str().unwrap_or_default().to_owned(), sid));
                app.webhook(&event).await.is(200);
                app.work_off_webhooks().await;
            }
            Step::Compare => server::attendance::reconcile::run(&app.app).await.expect("LiveKit answers"),
        }
        for event in app.livekit.take_webhooks() {
            let room = event["room"]["name"].as_str().expect("a room");
            let meeting = meetings.iter().position(|meeting| meeting.room == room).expect("one of ours");
            let fates = &cases[meeting].1;
            let fate = &fates[sent[meeting] % fates.len()];
            sent[meeting] += 1;
            for delay in fate {
                let arrives = at + Duration::milliseconds(*delay);
                plan.add(arrives, Step::Tell(Box::new(event.clone())));
            }
        }
    }
    (truth, told)
}

/// What is recorded of a meeting is what was: to the millisecond when somebody came; within a second when they left if
/// that was told, and within 35 seconds if only the comparison could see it, and never farther off than is said. What
/// nobody could see may be missing.
async fn check(
    app: &TestApp,
    meeting: &Meeting,
    case: &History,
    truth: &BTreeMap<&String, &Truth>,
    told: &BTreeSet<(String, String)>,
    start: DateTime<Utc>,
) {
    type Span = (String, DateTime<Utc>, Option<DateTime<Utc>>, Option<ClosedBy>, DateTime<Utc>);
    let spans: Vec<Span> = sqlx::query_as(
        "select participant_sid, joined_at, left_at, closed_by, last_seen_at from attendance_spans
         where meeting_id = $1 order by joined_at",
    )
    .bind(meeting.id.parse::<uuid::Uuid>().expect("an id"))
    .fetch_all(&mut app.database().await)
    .await
    .expect("spans");
    let context = || format!("{case:?}\nrecorded {spans:#?}\ntruth {truth:#?}");
    for (sid, joined_at, left_at, how, seen_at) in &spans {
        let was = truth.get(sid).unwrap_or_else(|| panic!("{sid} never was: {}", context()));
        assert_eq!(*joined_at, was.from, "{sid} came: {}", context());
        let left_at = left_at.unwrap_or_else(|| panic!("{sid} is there for ever: {}", context()));
        let off = (left_at - was.to).num_milliseconds().abs();
        let is_told = told.contains(&("participant_left".to_owned(), sid.clone()));
        let allowed = if is_told { 1_000 } else { 35_000 };
        assert!(off <= allowed, "{sid} left {off} ms off: {}", context());
        let exact = exact_within(how.expect("how it ended"), left_at, *seen_at);
        let is_within = (left_at - was.to).abs().as_seconds_f64() <= exact;
        assert!(is_within, "{sid} left {off} ms off, and {exact} s were said: {}", context());
    }
    let compared =
        |at: DateTime<Utc>| (at - start).num_milliseconds().div_euclid(COMPARED.num_milliseconds());
    for (sid, was) in truth {
        let is_told = ["participant_joined", "participant_left"]
            .iter()
            .any(|event| told.contains(&((*event).to_owned(), (*sid).clone())));
        let could_be_seen = compared(was.to) > compared(was.from);
        if is_told || could_be_seen {
            assert!(spans.iter().any(|(known, ..)| known == *sid), "{sid} is missing: {}", context());
        }
    }
}
