//! What is sealed, and how it is written down to be hashed. This way of writing is for ever: a change of it would break
//! every chain.

use std::{collections::BTreeMap, fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The chain of what belongs to no organization.
pub const PLATFORM: Uuid = Uuid::nil();

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first seal of a chain has before it.
    pub const NONE: Self = Self([0; 32]);

    /// Of texts, in this order: of the JSON array of them, without spaces.
    pub fn of(texts: &[Option<&str>]) -> Self {
        let written = texts.iter().copied().collect::<serde_json::Value>().to_string();
        Self(Sha256::digest(written).into())
    }

    /// Of texts of which none is missing.
    pub fn of_all(texts: &[String]) -> Self {
        Self::of(&texts.iter().map(|text| Some(text.as_str())).collect::<Vec<_>>())
    }

    /// Of a file.
    pub fn of_file(file: &[u8]) -> Self {
        Self(Sha256::digest(file).into())
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<Vec<u8>> for Hash {
    type Error = std::array::TryFromSliceError;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
        bytes.as_slice().try_into().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map(|()| Self(bytes))
    }
}

/// Which entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryId {
    /// Of the audit log.
    Audit(Uuid),
    /// Of the trail of movements.
    Attendance(i64),
}

impl EntryId {
    /// Which log it stands in.
    pub const fn log(self) -> &'static str {
        match self {
            Self::Audit(_) => "audit",
            Self::Attendance(_) => "attendance",
        }
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Audit(id) => id.fmt(f),
            Self::Attendance(id) => id.fmt(f),
        }
    }
}

/// An entry of one of the logs, as far as sealing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub id: EntryId,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// The hash of what it says.
    pub content: Hash,
}

/// A row of the audit log; what it says of before and after as PostgreSQL writes it.
#[derive(Debug, Clone, sqlx::FromRow)]
#[expect(missing_docs, reason = "columns of audit_log")]
pub struct AuditEntry {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub organization_id: Option<Uuid>,
    pub meeting_id: Option<Uuid>,
    pub actor_type: String,
    pub actor_id: Option<Uuid>,
    pub action: String,
    pub entity_type: String,
    pub entity_id: Option<Uuid>,
    pub before: Option<String>,
    pub after: Option<String>,
    pub correlation_id: Option<String>,
}

/// A row of the trail of movements.
#[derive(Debug, Clone, sqlx::FromRow)]
#[expect(missing_docs, reason = "columns of attendance_log")]
pub struct AttendanceEntry {
    pub id: i64,
    pub organization_id: Uuid,
    pub meeting_id: Uuid,
    pub user_id: Option<Uuid>,
    pub identity: Option<String>,
    pub span_id: Option<Uuid>,
    pub event: String,
    pub occurred_at: DateTime<Utc>,
    pub source: String,
    pub recorded_at: DateTime<Utc>,
}

impl AuditEntry {
    /// What it says, hashed.
    ///
    /// # Errors
    /// When before or after is no JSON.
    pub fn entry(&self) -> serde_json::Result<Entry> {
        let id = |id: Option<Uuid>| id.map(|id| id.to_string());
        let json = |text: Option<&str>| text.map(canonical).transpose();
        let content = Hash::of(&[
            Some("audit"),
            Some(&self.id.to_string()),
            Some(&written(self.at)),
            id(self.organization_id).as_deref(),
            id(self.meeting_id).as_deref(),
            Some(&self.actor_type),
            id(self.actor_id).as_deref(),
            Some(&self.action),
            Some(&self.entity_type),
            id(self.entity_id).as_deref(),
            json(self.before.as_deref())?.as_deref(),
            json(self.after.as_deref())?.as_deref(),
            self.correlation_id.as_deref(),
        ]);
        Ok(Entry { id: EntryId::Audit(self.id), at: self.at, content })
    }
}

impl AttendanceEntry {
    /// What it says, hashed.
    pub fn entry(&self) -> Entry {
        let id = |id: Option<Uuid>| id.map(|id| id.to_string());
        let content = Hash::of(&[
            Some("attendance"),
            Some(&self.id.to_string()),
            Some(&self.organization_id.to_string()),
            Some(&self.meeting_id.to_string()),
            id(self.user_id).as_deref(),
            self.identity.as_deref(),
            id(self.span_id).as_deref(),
            Some(&self.event),
            Some(&written(self.occurred_at)),
            Some(&self.source),
            Some(&written(self.recorded_at)),
        ]);
        Entry { id: EntryId::Attendance(self.id), at: self.recorded_at, content }
    }
}

/// A seal of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// Whose chain; [`PLATFORM`] for what belongs to no organization.
    pub organization: Uuid,
    /// 1, 2, 3 …
    pub sequence: i64,
    /// What is sealed.
    pub entry: EntryId,
    /// Whether it came in more than an hour after the time that it tells.
    pub is_late: bool,
    /// When it was sealed.
    pub sealed_at: DateTime<Utc>,
    /// The hash of what the entry says.
    pub content: Hash,
    /// The hash of all of this and of the seal before.
    pub hash: Hash,
}

impl Seal {
    /// Its place and hash.
    pub const fn head(&self) -> Head {
        Head { organization: self.organization, sequence: self.sequence, hash: self.hash }
    }

    /// What [`Seal::hash`] has to be when `previous` is that of the seal before.
    pub fn expected(&self, previous: Hash) -> Hash {
        Hash::of(&[
            Some("seal"),
            Some(&self.organization.to_string()),
            Some(&self.sequence.to_string()),
            Some(self.entry.log()),
            Some(&self.entry.to_string()),
            Some(if self.is_late { "late" } else { "in time" }),
            Some(&written(self.sealed_at)),
            Some(&self.content.to_string()),
            Some(&previous.to_string()),
        ])
    }
}

/// The last seal of a chain, or an earlier one that somebody noted: `<organization>:<sequence>:<hash>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Whose chain.
    pub organization: Uuid,
    /// Its place in the chain.
    pub sequence: i64,
    /// Its hash.
    pub hash: Hash,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.organization, self.sequence, self.hash)
    }
}

impl FromStr for Head {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a seal is <organization>:<number>:<hash>";
        let mut parts = text.trim().split(':');
        let (Some(organization), Some(sequence), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong);
        };
        Ok(Self {
            organization: organization.parse().map_err(|_| wrong)?,
            sequence: sequence.parse().ok().filter(|number| *number > 0).ok_or(wrong)?,
            hash: hash.parse().map_err(|_| wrong)?,
        })
    }
}

/// A time in UTC with its microseconds, which is all that PostgreSQL keeps.
fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// JSON without spaces, the members of objects by name, numbers digit by digit as they stand.
fn canonical(json: &str) -> serde_json::Result<String> {
    let mut out = String::with_capacity(json.len());
    write_canonical(json.trim(), &mut out)?;
    Ok(out)
}

fn write_canonical(json: &str, out: &mut String) -> serde_json::Result<()> {
    match json.as_bytes().first() {
        Some(b'{') => {
            out.push('{');
            for (number, (name, value)) in
                serde_json::from_str::<BTreeMap<String, &RawValue>>(json)?.iter().enumerate()
            {
                if number > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(name)?);
                out.push(':');
                write_canonical(value.get(), out)?;
            }
            out.push('}');
        }
        Some(b'[') => {
            out.push('[');
            for (number, value) in serde_json::from_str::<Vec<&RawValue>>(json)?.iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                write_canonical(value.get(), out)?;
            }
            out.push(']');
        }
        Some(b'"') => out.push_str(&serde_json::to_string(&serde_json::from_str::<String>(json)?)?),
        _ => out.push_str(serde_json::from_str::<&RawValue>(json)?.get()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attendance() -> AttendanceEntry {
        let at = "2026-12-01T09:00:00.123456Z".parse().expect("a time");
        AttendanceEntry {
            id: 7,
            organization_id: Uuid::from_u128(1),
            meeting_id: Uuid::from_u128(2),
            user_id: None,
            identity: Some("guest:é\"\\".into()),
            span_id: None,
            event: "join".into(),
            occurred_at: at,
            source: "webhook".into(),
            recorded_at: at,
        }
    }

    #[test]
    fn what_is_hashed_is_written_for_ever() {
        let written = r#"["attendance","7","00000000-0000-0000-0000-000000000001","00000000-0000-0000-0000-000000000002",null,"guest:é\"\\",null,"join","2026-12-01T09:00:00.123456Z","webhook","2026-12-01T09:00:00.123456Z"]"#;
        assert_eq!(attendance().entry().content, Hash(Sha256::digest(written).into()));
        let seal = Seal {
            organization: Uuid::from_u128(1),
            sequence: 1,
            entry: EntryId::Attendance(7),
            is_late: false,
            sealed_at: attendance().recorded_at,
            content: Hash::NONE,
            hash: Hash::NONE,
        };
        let zeros = "0".repeat(64);
        let written = format!(
            r#"["seal","00000000-0000-0000-0000-000000000001","1","attendance","7","in time","2026-12-01T09:00:00.123456Z","{zeros}","{zeros}"]"#
        );
        assert_eq!(seal.expected(Hash::NONE), Hash(Sha256::digest(written).into()));
    }

    #[test]
    fn json_has_one_way_of_being_written() {
        let one = canonical(
            r#"{"b": [1.50, {"z": null, "a": "\u00e9\n"}], "aa": 123456789012345678901234567890.10}"#,
        );
        assert_eq!(
            one.expect("JSON"),
            r#"{"aa":123456789012345678901234567890.10,"b":[1.50,{"a":"é\n","z":null}]}"#
        );
        assert!(canonical("{").is_err() && canonical("").is_err() && canonical("1 2").is_err());
    }

    #[test]
    fn a_head_is_read_as_it_is_shown() {
        let head = Head { organization: Uuid::from_u128(5), sequence: 12, hash: Hash([7; 32]) };
        assert_eq!(head.to_string().parse(), Ok(head));
        let zeros = "0".repeat(64);
        for wrong in ["", "a:1:b", &format!("{PLATFORM}:0:{zeros}"), &format!("{PLATFORM}:1:{zeros}:")] {
            assert!(wrong.parse::<Head>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_json_means_the_same_after(value in json()) {
            let once = canonical(&value.to_string()).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&once).expect("JSON"), value);
            prop_assert_eq!(canonical(&once).expect("JSON"), once);
        }

        #[test]
        fn fields_do_not_run_into_each_other(identity in ".{0,8}", source in ".{0,8}") {
            let one = AttendanceEntry { identity: Some(identity.clone()), source: source.clone(), ..attendance() };
            let other = AttendanceEntry { identity: Some(source.clone()), source: identity.clone(), ..attendance() };
            prop_assert_eq!(one.entry().content == other.entry().content, identity == source);
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".{0,12}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::btree_map(".{0,4}", inner, 0..5)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
