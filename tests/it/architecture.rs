//! The walls of the house: which part of the program may use which.

use std::path::{Path, PathBuf};

struct Source {
    /// `server/src/meetings/model.rs`.
    path: String,
    /// The program alone, without its unit tests and comments.
    code: String,
}

impl Source {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    fn folder(&self) -> &str {
        self.path.rsplit('/').nth(1).unwrap_or_default()
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        self.code.lines().map(str::trim)
    }

    /// The other slices whose insides are named: `crate::<slice>::<store|ledger|…>`.
    fn uses(&self, what: &str) -> bool {
        self.lines().any(|line| {
            line.match_indices(what).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_')
            })
        })
    }
}

fn sources(crates: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut found = Vec::new();
    for name in crates {
        collect(&root.join(name).join("src"), &mut found);
    }
    let relative = |path: &PathBuf| path.strip_prefix(root).expect("inside").to_string_lossy().into_owned();
    found
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).expect("a source");
            let program = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = program
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            Source { path: relative(path), code }
        })
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

/// `sqlx::Type` and JSON columns describe a type; they ask the database nothing.
fn is_description(line: &str) -> bool {
    line.starts_with("#[") || line.contains("sqlx::Type") || line.contains("sqlx::types")
}

#[test]
fn models_and_rules_know_neither_database_nor_http_nor_livekit() {
    let sources = sources(&["server", "egress-handler"]);
    let pure: Vec<_> =
        sources.iter().filter(|it| matches!(it.name(), "model" | "rules" | "layout" | "policy")).collect();
    assert!(pure.len() >= 4, "the test looks at the wrong place");
    for source in pure {
        for line in source.lines().filter(|line| !is_description(line)) {
            for forbidden in [
                "sqlx::",
                "axum::",
                "livekit_api",
                "livekit_protocol",
                "reqwest::",
                "tokio::",
                "db::Tx",
                "Utc::now",
            ] {
                assert!(!line.contains(forbidden), "{}: {line}", source.path);
            }
        }
    }
}

#[test]
fn sql_stands_only_in_stores_and_ledgers() {
    for source in sources(&["server", "egress-handler", "kernel"]) {
        let keeps_sql = source.name().starts_with("store")
            || source.name().starts_with("ledger")
            || matches!(source.folder(), "store" | "ledger");
        // The kernel's database, inbox, jobs and kept answers are the ground that stores stand on; `up` runs PostgreSQL
        // itself.
        let is_ground = source.path.starts_with("kernel/src/db")
            || source.path.starts_with("kernel/src/jobs")
            || source.path.starts_with("kernel/src/inbox")
            || source.path.starts_with("kernel/src/idempotency")
            || source.folder() == "up";
        if keeps_sql || is_ground {
            continue;
        }
        for line in source.lines() {
            let asks = ["query!(", "query_as!(", "query_scalar!(", "sqlx::query", "query_file", "raw_sql"];
            assert!(!asks.iter().any(|it| line.contains(it)), "{}: {line}", source.path);
        }
    }
}

#[test]
fn livekits_own_types_stay_in_their_rooms() {
    for source in sources(&["server", "egress-handler", "kernel"]) {
        let is_their_room = matches!(source.folder(), "livekit" | "engine" | "livekit_egress");
        if !is_their_room {
            for name in ["livekit_api", "livekit_protocol", "livekit_signaling"] {
                assert!(!source.uses(name), "{} uses {name}", source.path);
            }
        }
    }
}

#[test]
fn time_and_chance_are_arguments() {
    for source in sources(&["server", "egress-handler", "kernel"]) {
        if source.path == "kernel/src/clock.rs" {
            continue;
        }
        for forbidden in ["Utc::now(", "Local::now(", "SystemTime::now(", "Uuid::now_v7(", "Uuid::new_v4("] {
            assert!(!source.uses(forbidden), "{} uses {forbidden}", source.path);
        }
    }
}

#[test]
fn a_bare_pool_is_reached_for_only_where_it_must_be() {
    let sources = sources(&["server"]);
    for source in &sources {
        let allowed = source.name().starts_with("store")
            || matches!(source.name(), "app" | "serve" | "work")
            || source.folder() == "up";
        for line in source.lines().filter(|_| !allowed) {
            assert!(
                !line.contains(".pool.acquire") && !line.contains(".pool.begin"),
                "{}: {line}",
                source.path
            );
        }
    }
}

#[test]
fn arrows_point_to_meetings_and_orgs_and_never_back() {
    for source in sources(&["server"]) {
        let slice =
            source.path.trim_start_matches("server/src/").split('/').next().unwrap_or_default().to_owned();
        let forbidden: &[&str] = match slice.as_str() {
            "orgs" => &[
                "crate::meetings",
                "crate::participants",
                "crate::chat",
                "crate::attendance",
                "crate::recordings",
            ],
            "http" => &[
                "crate::meetings",
                "crate::participants",
                "crate::orgs",
                "crate::accounts",
                "crate::chat",
                "crate::attendance",
                "crate::recordings",
            ],
            _ => &[],
        };
        for name in forbidden {
            assert!(!source.code.contains(name), "{} uses {name}", source.path);
        }
        // A slice is used through its face: nobody reaches into another's store.
        for other in ["accounts", "orgs", "participants", "chat", "attendance", "recordings"] {
            let inside = format!("{other}::store::");
            assert!(slice == other || !source.uses(&inside), "{} reaches into {inside}", source.path);
        }
    }
}
