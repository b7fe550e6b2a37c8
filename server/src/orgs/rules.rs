//! Pure rules of organizations.

use std::collections::HashMap;

use kernel::ids::UserId;

use crate::{
    access::policy::{Membership, OrgRole, Permission},
    accounts::is_email,
    table::{ImportLine, ImportStatus},
};

/// Makes a short name for addresses of a name: lower-case ASCII letters and digits with single hyphens between,
/// at most 50 characters, and `org` when nothing is left.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if slug.len() >= 50 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "org".to_owned() } else { slug.to_owned() }
}

/// Whether a given short name has the right form.
pub fn is_slug(slug: &str) -> bool {
    (1..=63).contains(&slug.len())
        && !slug.starts_with('-')
        && !slug.ends_with('-')
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// What a line of a table of members asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub line: u64,
    pub email: String,
    pub name: String,
    pub role: OrgRole,
}

/// Reads a line: the address, a name, and a role, which is `member` when nothing stands there.
pub fn wish(line: u64, email: &str, name: &str, role: &str) -> Result<Wish, ImportLine> {
    let fail = |code, detail: &str| Err(ImportLine::failed(line, email, code, detail));
    if email.is_empty() {
        return fail("REQUIRED", "There is no e-mail address in this line.");
    }
    if !is_email(email) {
        return fail("INVALID_EMAIL", "This is not an e-mail address.");
    }
    // A line break inside of quotes is white space like any other.
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let letters = name.chars().count();
    if letters == 0 {
        return fail("REQUIRED", "There is no name in this line.");
    }
    if letters > 200 {
        return fail("TOO_LONG", "The name may have at most 200 characters.");
    }
    if name.chars().any(char::is_control) {
        return fail("INVALID", "The name contains a character that cannot be shown.");
    }
    let wanted = if role.is_empty() { "member".to_owned() } else { role.to_lowercase() };
    let Some(role) = ROLES.into_iter().find(|role| role_name(*role) == wanted) else {
        return fail("UNKNOWN_ROLE", "A role is admin, chairperson, secretary or member.");
    };
    Ok(Wish { line, email: email.to_owned(), name, role })
}

const ROLES: [OrgRole; 4] = [OrgRole::Admin, OrgRole::Chairperson, OrgRole::Secretary, OrgRole::Member];

/// A role as tables and the database name it.
pub const fn role_name(role: OrgRole) -> &'static str {
    match role {
        OrgRole::Admin => "admin",
        OrgRole::Chairperson => "chairperson",
        OrgRole::Secretary => "secretary",
        OrgRole::Member => "member",
    }
}

/// The addresses of a table so far, so that a second line about one of them is found.
#[derive(Debug, Default)]
pub struct Seen(HashMap<String, (u64, OrgRole)>);

impl Seen {
    /// The wish, when it is the first about its address. A later one that says the same is harmless; one that says
    /// something else cannot be taken.
    pub fn first(&mut self, wish: Wish) -> Result<Wish, ImportLine> {
        match self.0.insert(wish.email.to_lowercase(), (wish.line, wish.role)) {
            None => Ok(wish),
            Some(before) => {
                self.0.insert(wish.email.to_lowercase(), before);
                let (line, role) = before;
                let detail = format!("Line {line} has this address already.");
                let status = if role == wish.role { ImportStatus::Unchanged } else { ImportStatus::Failed };
                Err(ImportLine { status, ..ImportLine::failed(wish.line, &wish.email, "DUPLICATE", detail) })
            }
        }
    }
}

/// How somebody with an account stands to the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No member, or one who has left.
    Stranger,
    /// Was invited with this role and has not accepted.
    Invited(OrgRole),
    /// A member with this role.
    Active(OrgRole),
    /// A member who was switched off.
    Deactivated,
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub id: UserId,
    pub language: String,
    pub standing: Standing,
}

/// What a wish comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Invites, with a new account if there is none.
    Invite,
    /// Gives a member, or somebody who is invited, another role.
    ChangeRole(UserId),
    /// All is as wished.
    Keep,
    /// Cannot be done: code and sentence.
    Fail(&'static str, &'static str),
}

/// Decides about a wish; `admins` counts the organization's active admins as the import goes on.
pub fn plan(wish: &Wish, known: Option<&Known>, admins: &mut i64) -> Plan {
    let Some(known) = known else { return Plan::Invite };
    match known.standing {
        Standing::Stranger => Plan::Invite,
        Standing::Deactivated => {
            Plan::Fail("DEACTIVATED", "This person was deactivated. An admin can reactivate them.")
        }
        Standing::Invited(role) | Standing::Active(role) if role == wish.role => Plan::Keep,
        Standing::Invited(_) => Plan::ChangeRole(known.id),
        Standing::Active(role) => {
            match (role == OrgRole::Admin, wish.role == OrgRole::Admin) {
                (true, false) if *admins <= 1 => {
                    return Plan::Fail("LAST_ADMIN", "An organization needs at least one admin.");
                }
                (true, false) => *admins -= 1,
                (false, true) => *admins += 1,
                _ => {}
            }
            Plan::ChangeRole(known.id)
        }
    }
}

/// The plan, unless the importer may not do it: nobody makes or unmakes an admin who is none.
pub fn permitted(plan: Plan, wish: &Wish, known: Option<&Known>, importer: Membership) -> Plan {
    let before = match known.map(|known| known.standing) {
        Some(Standing::Invited(role) | Standing::Active(role)) => role,
        _ => wish.role,
    };
    let may = match plan {
        Plan::Invite => importer.may_assign(Permission::MembersInvite, &[wish.role]),
        Plan::ChangeRole(_) => importer.may_assign(Permission::MembersManage, &[wish.role, before]),
        Plan::Keep | Plan::Fail(..) => true,
    };
    if may { plan } else { Plan::Fail("FORBIDDEN", "You may not give this person this role.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_made_of_any_name() {
        assert_eq!(slug_of("Umoja Savings Group"), "umoja-savings-group");
        assert_eq!(slug_of("  Ärzte & Co. "), "rzte-co");
        assert_eq!(slug_of("日本"), "org");
        for name in ["Umoja", "--", "a".repeat(200).as_str(), "x y"] {
            assert!(is_slug(&slug_of(name)), "{name}");
        }
        assert!(!is_slug("-a") && !is_slug("A") && !is_slug(""));
    }

    #[test]
    fn a_line_is_taken_or_says_why_not() {
        let code = |email: &str, name: &str, role: &str| wish(7, email, name, role).map_err(|line| line.code);
        let fine = code("a@b.test", "A", " Secretary ".trim()).expect("fine");
        assert_eq!((fine.line, fine.role), (7, OrgRole::Secretary));
        assert_eq!(code("a@b.test", "A", "").expect("fine").role, OrgRole::Member);
        assert_eq!(code("", "A", "member"), Err(Some("REQUIRED")));
        assert_eq!(code("a", "A", "member"), Err(Some("INVALID_EMAIL")));
        assert_eq!(code("a@b.test", "", "member"), Err(Some("REQUIRED")));
        assert_eq!(code("a@b.test", &"x".repeat(201), "member"), Err(Some("TOO_LONG")));
        assert_eq!(code("a@b.test", "A", "boss"), Err(Some("UNKNOWN_ROLE")));
    }

    #[test]
    fn a_second_line_about_an_address_is_harmless_only_when_it_says_the_same() {
        let mut seen = Seen::default();
        let mut told = |line, email: &str, role: &str| {
            seen.first(wish(line, email, "A", role).expect("fine"))
                .map(|wish| wish.line)
                .map_err(|it| it.status)
        };
        assert_eq!(told(2, "a@b.test", "member"), Ok(2));
        assert_eq!(told(3, "A@B.test", "member"), Err(ImportStatus::Unchanged));
        assert_eq!(told(4, "a@b.test", "admin"), Err(ImportStatus::Failed));
        assert_eq!(told(5, "a@b.test", "member"), Err(ImportStatus::Unchanged));
    }

    #[test]
    fn an_import_never_takes_the_last_admin_and_revives_nobody() {
        use OrgRole::{Admin, Member};
        let id = UserId(uuid::Uuid::nil());
        let wish = |role| Wish { line: 2, email: "a@b.test".into(), name: "A".into(), role };
        let mut admins = 2;
        let mut plan = |role, standing| {
            super::plan(&wish(role), Some(&Known { id, language: "en".into(), standing }), &mut admins)
        };
        assert_eq!(plan(Member, Standing::Stranger), Plan::Invite);
        assert_eq!(plan(Member, Standing::Active(Member)), Plan::Keep);
        assert_eq!(plan(Member, Standing::Invited(Admin)), Plan::ChangeRole(id));
        assert_eq!(plan(Member, Standing::Active(Admin)), Plan::ChangeRole(id));
        assert!(matches!(plan(Member, Standing::Active(Admin)), Plan::Fail("LAST_ADMIN", _)));
        assert_eq!(plan(Admin, Standing::Active(Member)), Plan::ChangeRole(id));
        assert_eq!(plan(Member, Standing::Active(Admin)), Plan::ChangeRole(id));
        assert!(matches!(plan(Member, Standing::Deactivated), Plan::Fail("DEACTIVATED", _)));
        assert_eq!(super::plan(&wish(Member), None, &mut 1), Plan::Invite);
    }
}
