//! What an API key may do: scopes, sets of them, and one marker type per scope for signatures of handlers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::policy::Permission;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $text:tt),+ $(,)?) => {
        /// One thing that an API key may be allowed to do in its organization.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, ToSchema)]
        #[sqlx(type_name = "api_scope")]
        pub enum ApiScope {
            $($(#[$doc])* #[serde(rename = $text)] #[sqlx(rename = $text)] $name,)+
        }

        impl ApiScope {
            /// Every scope.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name, as in `meetings.read`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }

        $($(#[$doc])* #[derive(Debug, Clone, Copy)] pub struct $name;

        impl Required for $name {
            const SCOPE: ApiScope = ApiScope::$name;
        })+
    };
}

/// A scope as a type, for [`super::caller::Scoped`].
pub trait Required: Send + Sync + 'static {
    /// The scope that a key has to hold.
    const SCOPE: ApiScope;
}

scopes! {
    /// See meetings and who takes part.
    MeetingsRead = "meetings.read",
    /// Make, change and cancel meetings, and invite members.
    MeetingsWrite = "meetings.write",
    /// See the calendar.
    CalendarRead = "calendar.read",
    /// Make and move calendar events.
    CalendarWrite = "calendar.write",
    /// See attendance reports.
    AttendanceRead = "attendance.read",
    /// See and download recordings that members may see.
    RecordingsRead = "recordings.read",
    /// See the members.
    MembersRead = "members.read",
    /// Add, change and remove members, except for admins.
    MembersWrite = "members.write",
}

impl ApiScope {
    /// The permissions in the organization that come with it. The database decides by the same.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission as P;
        match self {
            Self::MeetingsRead => &[P::MeetingsSeeAll, P::ParticipantsView],
            Self::MeetingsWrite => &[
                P::MeetingsSeeAll,
                P::MeetingsSchedule,
                P::MeetingsManage,
                P::ParticipantsView,
                P::ParticipantsInvite,
            ],
            Self::AttendanceRead => &[P::MeetingsSeeAll, P::AttendanceView],
            Self::RecordingsRead => &[P::MeetingsSeeAll, P::RecordingsView],
            Self::MembersRead => &[P::MembersView],
            Self::MembersWrite => &[P::MembersView, P::MembersInvite, P::MembersManage],
            // The calendar asks for the scope itself.
            Self::CalendarRead | Self::CalendarWrite => &[],
        }
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u16);

impl Scopes {
    /// Whether `scope` is in the set.
    pub const fn contains(self, scope: ApiScope) -> bool {
        self.0 & (1 << scope as u16) != 0
    }
}

impl Scopes {
    /// The permissions that come with these scopes.
    pub fn permissions(self) -> impl Iterator<Item = Permission> {
        let held = ApiScope::ALL.iter().filter(move |scope| self.contains(**scope));
        held.flat_map(|scope| scope.permissions()).copied()
    }
}

impl FromIterator<ApiScope> for Scopes {
    fn from_iter<T: IntoIterator<Item = ApiScope>>(scopes: T) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | (1 << scope as u16)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set: Scopes = [ApiScope::MeetingsRead, ApiScope::MembersWrite].into_iter().collect();
        assert!(set.contains(ApiScope::MeetingsRead) && set.contains(ApiScope::MembersWrite));
        assert!(!set.contains(ApiScope::MeetingsWrite) && !set.contains(ApiScope::MembersRead));
        assert!(!Scopes::default().contains(ApiScope::MeetingsRead));
        assert_eq!(serde_json::json!(ApiScope::CalendarWrite), ApiScope::CalendarWrite.name());
    }
}
