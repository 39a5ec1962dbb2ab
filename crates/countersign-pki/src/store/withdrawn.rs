//! What does the manifest itself revoke? Such a certificate goes into the ledger as soon as it is made.
//!
//! The certificate is written first: a run that is killed before the ledger is leaves it to the next.

use super::Store;
use crate::decide::{Survey, Verdicts};
use crate::error::StoreError;
use crate::issued;
use crate::ledger::{Ledger, Revocation, normal};
use crate::plan::{Item, Plan};
use crate::report::Action;
use crate::survey::Found;
use crate::validity::Validity;

/// What this run revokes: without serial numbers, as long as the certificates are still to be made.
pub(super) fn withdrawn(
    plan: &Plan,
    survey: &Survey,
    verdicts: &Verdicts<'_>,
    ledger: &Ledger,
) -> Vec<Revocation> {
    let items = plan.items().iter().filter(|item| plan.looks_after(item));
    let revocations = items.filter_map(|item| {
        let action = verdicts.get(item.name.as_str())?.action;
        let revocation = revocation(plan, item)?;
        let pair = survey.get(&item.name).and_then(Found::pair);
        let in_place = pair.filter(|_| action == Action::Kept);
        let is_known = in_place.is_some_and(|pair| {
            let serial = issued::serial(&pair.certificate);
            ledger.find(&revocation.issuer, &serial).is_some()
        });
        (!is_known).then_some(revocation)
    });
    revocations.collect()
}

fn revocation(plan: &Plan, item: &Item) -> Option<Revocation> {
    let (withdrawn, issuer) = (item.withdrawn?, item.issuer.clone()?);
    let now = Validity::between(plan.now(), plan.now()).from;
    Some(Revocation {
        name: item.name.clone(),
        issuer,
        serial: Vec::new(),
        reason: withdrawn.reason,
        at: withdrawn.at.map_or(now, |at| at.from(now)),
    })
}

impl Store {
    /// Remembers them, with the serial numbers that they have by now.
    pub(super) fn withdraw(&self, revocations: Vec<Revocation>) -> Result<(), StoreError> {
        if revocations.is_empty() {
            return Ok(());
        }
        let mut ledger = self.ledger()?;
        for mut revocation in revocations {
            let stored = self.stored(&revocation.name)?;
            let serial = issued::serial(stored.certificate_der());
            revocation.serial = normal(&serial).to_vec();
            ledger.add(revocation);
        }
        self.write_ledger(&ledger)
    }
}
