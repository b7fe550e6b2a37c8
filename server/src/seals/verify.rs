//! Reads everything that was sealed again, and says what does not fit.

use std::collections::{BTreeSet, HashMap};

use chrono::SecondsFormat;
use kernel::db::{self, Actor, Tx};
use uuid::Uuid;

use super::{
    model::Head,
    rules::{Finding, Walk},
    store,
};
use crate::app::App;

/// Seals that are read at once.
const PAGE: i64 = 1000;

/// What is to be verified.
#[derive(Debug, Default)]
pub struct Wanted {
    /// One organization; all when absent.
    pub organization: Option<Uuid>,
    /// Seals that were noted earlier: that nothing before them was changed.
    pub noted: Vec<Head>,
}

/// A chain that was walked along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Whose.
    pub organization: Uuid,
    /// Its last seal.
    pub end: Option<Head>,
    /// Entries that have come since, and are not sealed yet.
    pub not_sealed_yet: i64,
    /// How much is wrong with it.
    pub faults: usize,
}

/// What verifying tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Something does not fit.
    Fault(Finding),
    /// An organization is through.
    Chain(Chain),
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fault(finding) => {
                let (log, id) =
                    finding.entry.map_or(("seals", "-".into()), |entry| (entry.log(), entry.to_string()));
                let at = finding
                    .at
                    .map_or_else(|| "-".into(), |at| at.to_rfc3339_opts(SecondsFormat::Micros, true));
                write!(f, "FAULT\t{}\t{log}\t{id}\t{at}\t{}", finding.organization, finding.fault)
            }
            Self::Chain(chain) => {
                let word = if chain.faults == 0 { "ok" } else { "BROKEN" };
                let sealed = chain.end.map_or(0, |end| end.sequence);
                let end = chain.end.map_or_else(|| "-".into(), |end| end.to_string());
                write!(
                    f,
                    "{word}\t{}\t{sealed} sealed, {} not yet\t{end}",
                    chain.organization, chain.not_sealed_yet
                )
            }
        }
    }
}

/// Verifies as of one moment: each chain, what has no seal, that what is known of connections follows from the trail of
/// movements, and that corrections and issued reports are those of the audit log. Tells on the way; gives how many
/// faults there are.
///
/// # Errors
/// When the database is away.
pub async fn run(app: &App, wanted: &Wanted, mut tell: impl FnMut(Told)) -> anyhow::Result<usize> {
    let mut tx = db::begin(&app.pool, Actor::System).await?;
    store::freeze(&mut tx).await?;
    let open = store::open(&mut tx).await?;
    let only = wanted.organization;
    let mut faults: HashMap<Uuid, usize> = HashMap::new();
    let mut fault = |finding: Finding| {
        *faults.entry(finding.organization).or_default() += 1;
        tell(Told::Fault(finding));
    };
    let mut chains: BTreeSet<Uuid> = store::chains(&mut tx, only).await?.into_iter().collect();
    let noted = wanted.noted.iter().map(|head| head.organization);
    chains.extend(noted.filter(|noted| only.is_none_or(|only| only == *noted)));
    let mut ends = HashMap::new();
    for organization in &chains {
        let end = walk(&mut tx, *organization, &wanted.noted, &mut fault).await?;
        ends.insert(*organization, end);
    }
    store::inserted(&mut tx, open, only, &mut fault).await?;
    store::strange_spans(&mut tx, only, None, &mut fault).await?;
    store::strange_corrections(&mut tx, only, None, &mut fault).await?;
    store::strange_reports(&mut tx, only, &mut fault).await?;
    let waiting = store::not_sealed_yet(&mut tx, open, only).await?;
    chains.extend(waiting.keys().chain(faults.keys()));
    for organization in chains {
        tell(Told::Chain(Chain {
            organization,
            end: ends.get(&organization).copied().flatten(),
            not_sealed_yet: waiting.get(&organization).copied().unwrap_or_default(),
            faults: faults.get(&organization).copied().unwrap_or_default(),
        }));
    }
    Ok(faults.values().sum())
}

/// Walks along a chain, some seals at a time; gives the last.
async fn walk(
    tx: &mut Tx,
    organization: Uuid,
    noted: &[Head],
    mut fault: impl FnMut(Finding),
) -> anyhow::Result<Option<Head>> {
    let mut walk = Walk::new(organization, noted);
    let mut after = 0;
    loop {
        let seals = store::seals(tx, organization, after, PAGE).await?;
        let Some(last) = seals.last() else { break };
        after = last.sequence;
        let entries = store::entries(tx, seals.iter().map(|seal| seal.entry)).await?;
        for seal in &seals {
            walk.step(seal, entries.get(&seal.entry)).into_iter().for_each(&mut fault);
        }
    }
    let head = store::heads(tx, &[organization]).await?.remove(&organization);
    let (end, found) = walk.end(head);
    found.into_iter().for_each(fault);
    Ok(end)
}
