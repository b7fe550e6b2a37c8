//! Pure rules of the chain: how it grows, and what is wrong with one.

use std::fmt;

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::model::{Entry, EntryId, Hash, Head, Seal};

/// How much after the time that it tells an entry may come in: far longer than any transaction lasts.
const ALLOWED: Duration = Duration::hours(1);

/// Whether an entry of the time `at` is late, when everything until `complete_at` was known to be there.
pub fn is_late(at: DateTime<Utc>, complete_at: Option<DateTime<Utc>>) -> bool {
    complete_at.is_some_and(|complete_at| at < complete_at - ALLOWED)
}

/// The seal of an entry behind `last`, the last one of its chain.
pub fn next(organization: Uuid, last: Option<Head>, entry: Entry, is_late: bool, now: DateTime<Utc>) -> Seal {
    let (sequence, previous) = last.map_or((0, Hash::NONE), |last| (last.sequence, last.hash));
    let Entry { id, content, .. } = entry;
    let sequence = sequence + 1;
    let mut seal =
        Seal { organization, sequence, entry: id, is_late, sealed_at: now, content, hash: Hash::NONE };
    seal.hash = seal.expected(previous);
    seal
}

/// What does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whose chain.
    pub organization: Uuid,
    /// Which entry; `None` when it is about seals alone.
    pub entry: Option<EntryId>,
    /// When the entry was written, or sealed, or what is told of happened.
    pub at: Option<DateTime<Utc>>,
    /// What.
    pub fault: Fault,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The entry says something else than what was sealed.
    Changed,
    /// There is a seal and no entry.
    Removed,
    /// The entry has no seal, and is older than the last that has one; or it claims a transaction that never was.
    Inserted,
    /// The entry came in long after the time that it tells.
    Late,
    /// A seal does not follow from the one before it: it was changed, moved or put in.
    SealChanged(i64),
    /// Seals from one number to another are gone.
    SealsRemoved(i64, i64),
    /// The chain does not end where it did.
    EndDiffers(i64),
    /// The seal that somebody noted is another one, or gone.
    NotedDiffers(i64),
    /// What is known of a connection does not follow from the trail of its movements.
    SpanDiffers(Uuid),
    /// An issued report is not the one that the audit log tells of.
    ReportDiffers(Uuid),
    /// A correction of the attendance is not the one that the audit log tells of.
    CorrectionDiffers(Uuid),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => f.write_str("changed after it was sealed"),
            Self::Removed => f.write_str("removed after it was sealed"),
            Self::Inserted => f.write_str("inserted past the seals"),
            Self::Late => f.write_str("came in more than an hour after the time that it tells"),
            Self::SealChanged(number) => write!(f, "seal {number} was changed, moved or inserted"),
            Self::SealsRemoved(from, to) if from == to => write!(f, "seal {from} was removed"),
            Self::SealsRemoved(from, to) => write!(f, "the seals {from} to {to} were removed"),
            Self::EndDiffers(number) => write!(f, "the chain does not end with seal {number} as it did"),
            Self::NotedDiffers(number) => write!(f, "seal {number} is not the one that was noted"),
            Self::SpanDiffers(span) => write!(f, "the connection {span} does not follow from its movements"),
            Self::ReportDiffers(report) => write!(f, "the report {report} is not the one that was issued"),
            Self::CorrectionDiffers(id) => write!(f, "the correction {id} is not the one that was made"),
        }
    }
}

/// A walk along a chain from its first seal to its last.
#[derive(Debug)]
pub struct Walk {
    organization: Uuid,
    last: Option<Head>,
    noted: Vec<Head>,
}

impl Walk {
    /// Begins; on the way it is looked whether the seals in `noted` are still the same.
    pub fn new(organization: Uuid, noted: &[Head]) -> Self {
        let noted = noted.iter().filter(|head| head.organization == organization).copied().collect();
        Self { organization, last: None, noted }
    }

    fn finding(&self, entry: Option<EntryId>, at: Option<DateTime<Utc>>, fault: Fault) -> Finding {
        Finding { organization: self.organization, entry, at, fault }
    }

    /// Goes to the next seal and to what it seals, if that is there.
    pub fn step(&mut self, seal: &Seal, entry: Option<&Entry>) -> Vec<Finding> {
        let mut found = Vec::new();
        let (due, previous) = self.last.map_or((1, Hash::NONE), |last| (last.sequence + 1, last.hash));
        if seal.sequence == due {
            if seal.expected(previous) != seal.hash {
                let fault = Fault::SealChanged(seal.sequence);
                found.push(self.finding(Some(seal.entry), Some(seal.sealed_at), fault));
            }
        } else {
            let fault = Fault::SealsRemoved(due, seal.sequence - 1);
            found.push(self.finding(None, Some(seal.sealed_at), fault));
        }
        let fault = match entry {
            None => Some((seal.sealed_at, Fault::Removed)),
            Some(entry) if entry.content != seal.content => Some((entry.at, Fault::Changed)),
            Some(entry) if seal.is_late => Some((entry.at, Fault::Late)),
            Some(_) => None,
        };
        found.extend(fault.map(|(at, fault)| self.finding(Some(seal.entry), Some(at), fault)));
        self.last = Some(seal.head());
        let (here, ahead) =
            std::mem::take(&mut self.noted).into_iter().partition(|noted| noted.sequence == seal.sequence);
        self.noted = ahead;
        let differing = here.into_iter().filter(|noted: &Head| noted.hash != seal.hash);
        found.extend(
            differing
                .map(|noted| self.finding(None, Some(seal.sealed_at), Fault::NotedDiffers(noted.sequence))),
        );
        found
    }

    /// Comes to the end, which should be `head`. Gives where the chain ends, too.
    pub fn end(mut self, head: Option<Head>) -> (Option<Head>, Vec<Finding>) {
        let mut found: Vec<Finding> = std::mem::take(&mut self.noted)
            .into_iter()
            .map(|noted| self.finding(None, None, Fault::NotedDiffers(noted.sequence)))
            .collect();
        if head != self.last {
            let number = head.or(self.last).map_or(0, |head| head.sequence);
            found.push(self.finding(None, None, Fault::EndDiffers(number)));
        }
        (self.last, found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("a time")
    }

    fn entry(number: i64, content: u8) -> Entry {
        let content = Hash::try_from(vec![content; 32]).expect("32 bytes");
        Entry { id: EntryId::Attendance(number), at: at(number), content }
    }

    fn chain(entries: &[Entry]) -> Vec<Seal> {
        let mut last = None;
        entries
            .iter()
            .map(|entry| {
                let seal = next(Uuid::nil(), last, *entry, false, at(100));
                last = Some(seal.head());
                seal
            })
            .collect()
    }

    fn walk(seals: &[Seal], entries: &[Entry], end: Option<Head>, noted: &[Head]) -> Vec<Fault> {
        let mut walk = Walk::new(Uuid::nil(), noted);
        let mut found: Vec<Finding> = seals
            .iter()
            .flat_map(|seal| walk.step(seal, entries.iter().find(|entry| entry.id == seal.entry)))
            .collect();
        found.extend(walk.end(end).1);
        found.into_iter().map(|finding| finding.fault).collect()
    }

    #[test]
    fn an_entry_is_late_an_hour_behind_what_was_complete() {
        assert!(!is_late(at(0), None));
        assert!(!is_late(at(0), Some(at(3600))));
        assert!(is_late(at(0), Some(at(3601))));
    }

    #[test]
    fn what_fits_has_no_fault() {
        let entries = [entry(1, 1), entry(2, 2)];
        let seals = chain(&entries);
        let ends = [seals[0].head(), seals[1].head()];
        assert_eq!(walk(&seals, &entries, Some(ends[1]), &ends), []);
        assert_eq!(walk(&[], &[], None, &[]), []);
    }

    #[test]
    fn a_chain_made_anew_is_found_by_what_was_noted() {
        let before = chain(&[entry(1, 1), entry(2, 2), entry(3, 3)]);
        let forged = [entry(1, 9), entry(2, 2), entry(3, 3)];
        let after = chain(&forged);
        assert_eq!(walk(&after, &forged, Some(after[2].head()), &[]), []);
        let noted = [before[1].head()];
        assert_eq!(walk(&after, &forged, Some(after[2].head()), &noted), [Fault::NotedDiffers(2)]);
        let short = chain(&forged[..1]);
        assert_eq!(walk(&short, &forged, Some(short[0].head()), &noted), [Fault::NotedDiffers(2)]);
        let of_another = Head { organization: Uuid::from_u128(1), ..noted[0] };
        assert_eq!(walk(&after, &forged, Some(after[2].head()), &[of_another]), []);
    }

    proptest! {
        #[test]
        fn whatever_is_done_to_seals_is_found(
            contents in prop::collection::vec(0_u8..4, 2..12), one: prop::sample::Index, two: prop::sample::Index, how in 0..6,
        ) {
            let entries: Vec<Entry> = (1..).zip(&contents).map(|(number, content)| entry(number, *content)).collect();
            let mut seals = chain(&entries);
            let end = seals.last().map(Seal::head);
            let (one, two) = (one.index(seals.len()), two.index(seals.len()));
            match how {
                0 => drop(seals.remove(one)),
                1 => seals[one].sealed_at += Duration::seconds(1),
                2 => seals[one].is_late = true,
                3 => seals.truncate(one),
                4 => {
                    // Two seals change places.
                    prop_assume!(one != two);
                    let moved = (seals[one].entry, seals[one].content);
                    (seals[one].entry, seals[one].content) = (seals[two].entry, seals[two].content);
                    (seals[two].entry, seals[two].content) = moved;
                }
                _ => {
                    // One was made anew, and fits what it seals; the next one tells.
                    seals[one].sealed_at += Duration::seconds(1);
                    let previous = one.checked_sub(1).map_or(Hash::NONE, |before| seals[before].hash);
                    seals[one].hash = seals[one].expected(previous);
                }
            }
            prop_assert_ne!(walk(&seals, &entries, end, &[]), []);
        }
    }
}
