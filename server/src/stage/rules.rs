//! Who leads a meeting while its host is away.

use chrono::{DateTime, Duration, Utc};
use kernel::ids::UserId;

use crate::access::policy::{MeetingRole, OrgRole};

/// How long a host may be gone: a network that breaks and a page that is loaded again take less.
const GONE: Duration = Duration::seconds(60);
/// How long people wait for a host who has not come yet.
const LATE: Duration = Duration::minutes(5);

/// Somebody in the room.
#[derive(Debug, Clone)]
pub struct Present {
    pub user: UserId,
    pub role: MeetingRole,
    pub org_role: OrgRole,
    /// When they came; of several connections the first.
    pub since: DateTime<Utc>,
}

/// How a meeting under way is led.
#[derive(Debug, Clone)]
pub struct Lead {
    pub started_at: DateTime<Utc>,
    /// When the host was there last; `None` when they have not come yet.
    pub host_left_at: Option<DateTime<Utc>>,
    /// Who leads in the host's place.
    pub acting: Option<UserId>,
    /// Members of the organization who are in the room.
    pub present: Vec<Present>,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// All stays.
    Keep,
    /// Nobody leads in the host's place any more.
    End,
    /// Somebody does from now on.
    Begin(UserId),
}

/// Co-hosts go before officers, and officers in the order of their offices; among equals whoever came first.
pub fn next(lead: &Lead, now: DateTime<Utc>) -> Change {
    let host_is_here = lead.present.iter().any(|one| one.role == MeetingRole::Host);
    let acts = |user| lead.present.iter().any(|one| one.user == user);
    if host_is_here {
        return if lead.acting.is_some() { Change::End } else { Change::Keep };
    }
    if lead.acting.is_some_and(acts) {
        return Change::Keep;
    }
    let due = lead.host_left_at.map_or(lead.started_at + LATE, |left| left + GONE);
    if lead.acting.is_none() && now < due {
        return Change::Keep;
    }
    let best = lead
        .present
        .iter()
        .filter(|one| one.role == MeetingRole::CoHost || one.org_role != OrgRole::Member)
        .min_by_key(|one| (one.role != MeetingRole::CoHost, one.org_role, one.since, one.user.0));
    match best {
        Some(one) => Change::Begin(one.user),
        None if lead.acting.is_some() => Change::End,
        None => Change::Keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("a valid time")
    }

    fn user(number: u128) -> UserId {
        UserId(uuid::Uuid::from_u128(number))
    }

    fn present(number: u128, role: MeetingRole, org_role: OrgRole, since: i64) -> Present {
        Present { user: user(number), role, org_role, since: at(since) }
    }

    use MeetingRole::{CoHost, Host, Participant};
    use OrgRole::{Admin, Chairperson, Member, Secretary};

    #[test]
    fn a_co_host_then_an_officer_stands_in_for_a_host_who_is_gone_long_enough() {
        let mut lead = Lead {
            started_at: at(0),
            host_left_at: Some(at(100)),
            acting: None,
            present: vec![
                present(1, Participant, Member, 0),
                present(2, Participant, Secretary, 1),
                present(3, CoHost, Member, 50),
                present(4, CoHost, Member, 40),
                present(5, Participant, Chairperson, 60),
            ],
        };
        assert_eq!(next(&lead, at(159)), Change::Keep);
        assert_eq!(next(&lead, at(160)), Change::Begin(user(4)));
        lead.present.retain(|one| one.role != CoHost);
        assert_eq!(next(&lead, at(160)), Change::Begin(user(5)), "the office counts before who came first");
        lead.present.push(present(6, Participant, Admin, 90));
        assert_eq!(next(&lead, at(160)), Change::Begin(user(6)));
        lead.present.retain(|one| one.org_role == Member);
        assert_eq!(next(&lead, at(160)), Change::Keep, "members lead nothing");
    }

    #[test]
    fn whoever_stands_in_does_so_until_the_host_is_back_or_they_go_themselves() {
        let mut lead = Lead {
            started_at: at(0),
            host_left_at: Some(at(100)),
            acting: Some(user(3)),
            present: vec![present(3, CoHost, Member, 50), present(2, Participant, Admin, 1)],
        };
        assert_eq!(next(&lead, at(110)), Change::Keep);
        lead.present.remove(0);
        assert_eq!(next(&lead, at(110)), Change::Begin(user(2)), "at once, for people are without a lead");
        lead.present.clear();
        assert_eq!(next(&lead, at(110)), Change::End);
        lead.present.push(present(9, Host, Member, 105));
        assert_eq!(next(&lead, at(110)), Change::End);
        lead.acting = None;
        assert_eq!(next(&lead, at(1000)), Change::Keep);
    }

    #[test]
    fn one_waits_longer_for_a_host_who_has_not_come_yet() {
        let lead = Lead {
            started_at: at(0),
            host_left_at: None,
            acting: None,
            present: vec![present(2, Participant, Admin, 1)],
        };
        assert_eq!(next(&lead, at(299)), Change::Keep);
        assert_eq!(next(&lead, at(300)), Change::Begin(user(2)));
    }
}
