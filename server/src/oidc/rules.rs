//! Pure rules of provider sign-in: what follows from a secret handle, from a provider's groups, and from claims.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::access::policy::OrgRole;

/// What a sign-in under way consists of. All of it follows from the random handle in the browser's cookie, so that
/// nothing has to be kept here, and only the browser that began can finish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Proves to the provider that whoever began redeems the code (RFC 7636).
    pub verifier: String,
}

impl Flow {
    /// The flow of a handle.
    pub fn of(handle: &str) -> Self {
        let derive = |label: &str| {
            let digest = Sha256::new().chain_update(label).chain_update([0]).chain_update(handle).finalize();
            URL_SAFE_NO_PAD.encode(digest)
        };
        Self { state: derive("state"), nonce: derive("nonce"), verifier: derive("verifier") }
    }
}

/// A group of the provider and what it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Name of the group.
    pub group: String,
    /// Short name of the organization.
    pub organization: String,
    /// The role that it gives there.
    pub role: OrgRole,
}

/// What the provider's groups say about each organization that the grants name: a role, or that nothing is given.
/// Of several roles the one with the most rights counts.
pub fn roles_of<'a>(grants: &'a [Grant], groups: &[String]) -> Vec<(&'a str, Option<OrgRole>)> {
    let mut organizations: Vec<&str> = grants.iter().map(|grant| grant.organization.as_str()).collect();
    organizations.sort_unstable();
    organizations.dedup();
    organizations
        .into_iter()
        .map(|organization| {
            let given =
                grants.iter().filter(|it| it.organization == organization && groups.contains(&it.group));
            // Roles are ordered from the one with the most rights down.
            (organization, given.map(|grant| grant.role).min())
        })
        .collect()
}

/// The groups in a claim: a text or a list of texts, found by its name or by a path with dots.
pub fn groups_in(claims: &Map<String, Value>, claim: &str) -> Option<Vec<String>> {
    let found = claims.get(claim).or_else(|| {
        let mut path = claim.split('.');
        let first = claims.get(path.next()?)?;
        path.try_fold(first, |value, name| value.get(name))
    })?;
    Some(match found {
        Value::String(group) => vec![group.clone()],
        Value::Array(groups) => groups.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
        _ => Vec::new(),
    })
}

/// Where the browser goes after the sign-in: a path of ours, else the start page.
pub fn return_path(wanted: Option<&str>) -> &str {
    wanted
        .filter(|path| {
            let own = path.starts_with('/') && !path.starts_with("//") && path.len() <= 512;
            // Browsers read a backslash as a slash, and skip control characters.
            own && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        })
        .unwrap_or("/")
}

/// A name for a new account: the first that is given and fits, else the part of the address before the `@`.
pub fn name_for(names: &[Option<&str>], email: &str) -> String {
    let fallback = email.split('@').next().unwrap_or(email);
    let fits = |name: &&str| !name.is_empty() && !name.contains('\0');
    let name = names.iter().flatten().map(|name| name.trim()).find(fits).unwrap_or(fallback);
    name.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flow_follows_from_its_handle_and_gives_nothing_of_it_away() {
        let flow = Flow::of("handle");
        assert_eq!(flow, Flow::of("handle"));
        assert_ne!(flow, Flow::of("another"));
        assert!(flow.state != flow.nonce && flow.nonce != flow.verifier);
        // RFC 7636: 43 to 128 unreserved characters.
        assert_eq!(flow.verifier.len(), 43);
    }

    #[test]
    fn of_several_groups_the_one_with_the_most_rights_counts() {
        let grant = |group: &str, organization: &str, role| Grant {
            group: group.into(),
            organization: organization.into(),
            role,
        };
        let grants = [
            grant("staff", "umoja", OrgRole::Member),
            grant("board", "umoja", OrgRole::Chairperson),
            grant("admins", "umoja", OrgRole::Admin),
            grant("staff", "tumaini", OrgRole::Secretary),
        ];
        let of = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|&group| group.into()).collect();
            roles_of(&grants, &groups)
        };
        assert_eq!(
            of(&["staff", "board"]),
            [("tumaini", Some(OrgRole::Secretary)), ("umoja", Some(OrgRole::Chairperson))]
        );
        assert_eq!(of(&["admins", "x"]), [("tumaini", None), ("umoja", Some(OrgRole::Admin))]);
        assert_eq!(of(&[]), [("tumaini", None), ("umoja", None)]);
        assert!(roles_of(&[], &["staff".into()]).is_empty());
    }

    #[test]
    fn groups_are_found_by_name_or_path() {
        let claims = json!({
            "groups": ["a", 1, "b"], "role": "c", "realm_access": {"roles": ["d"]}, "https://x.test/roles": ["e"], "n": 5,
        });
        let claims = claims.as_object().expect("an object");
        let of = |claim: &str| groups_in(claims, claim);
        assert_eq!(of("groups"), Some(vec!["a".into(), "b".into()]));
        assert_eq!(of("role"), Some(vec!["c".into()]));
        assert_eq!(of("realm_access.roles"), Some(vec!["d".into()]));
        assert_eq!(of("https://x.test/roles"), Some(vec!["e".into()]));
        assert_eq!(of("n"), Some(vec![]));
        assert_eq!(of("none"), None);
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(return_path(Some("/meetings/1?tab=chat")), "/meetings/1?tab=chat");
        for bad in
            ["//evil.test", "https://evil.test", "/\\evil.test", "/a\r\nSet-Cookie: x", "/ä", "", "evil"]
        {
            assert_eq!(return_path(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(return_path(Some(&format!("/{}", "x".repeat(512)))), "/");
        assert_eq!(return_path(None), "/");
    }

    #[test]
    fn everybody_gets_a_name() {
        assert_eq!(name_for(&[None, Some(" "), Some("Amina W.")], "a@b.test"), "Amina W.");
        assert_eq!(name_for(&[None, None], "amina@b.test"), "amina");
        assert_eq!(name_for(&[Some(&"x".repeat(300))], "a@b.test").len(), 200);
    }
}
