//! Who is told what was revoked? The ledger of a folder, and the lists that are made from it.
//!
//! The ledger is written first: a run that is killed before the lists are leaves them to the next.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Store;
use crate::authority::Authority;
use crate::crl::RevocationReason;
use crate::decide::Survey;
use crate::error::{IssueError, StoreError};
use crate::files::{self, OPEN_MODE};
use crate::issued;
use crate::ledger::{LEDGER, Ledger, Revocation, normal};
use crate::listing::{Due, Listed, Lists};
use crate::pki::Pki;
use crate::plan::{Item, Made, Plan};
use crate::report::{Action, ListEntry, Report, Warning};
use crate::survey::Found;
use crate::validity::{Lifetime, Validity};

/// What the file of a list holds, in error messages.
const LIST: &str = "revocation list";

/// Whose certificate is to be revoked.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Revoke<'a> {
    /// What is in place of that item, or of each in a range of that name.
    InPlace(&'a str),
    /// One that is not in place any more, or never was: renewed since, or signed for somebody else.
    Serial {
        /// What to call it.
        name: &'a str,
        /// The authority that issued it.
        issuer: &'a str,
        /// Its serial number.
        serial: &'a [u8],
    },
}

/// Revoking.
impl Store {
    /// The file with the revocation list of that authority.
    pub fn crl_path(&self, issuer: &str) -> PathBuf {
        self.dir.join(format!("{issuer}.crl.pem"))
    }

    /// Everything that was revoked, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Ledger`].
    pub fn revocations(&self) -> Result<Vec<Revocation>, StoreError> {
        self.ledger().map(Ledger::into_all)
    }

    /// Remembers that a certificate is no longer good, and makes the lists of its issuer and of the
    /// authorities above anew. Answers what was revoked; what was so before keeps its reason and moment.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::RootRevoked`] for a root.
    pub fn revoke(
        &self,
        plan: &Plan,
        what: Revoke<'_>,
        reason: RevocationReason,
    ) -> Result<(Vec<Revocation>, Report), StoreError> {
        let _held = self.hold()?;
        let mut ledger = self.ledger()?;
        let mut revoked = Vec::new();
        let mut is_new = false;
        for revocation in self.to_revoke(plan, what, reason)? {
            is_new |= ledger.add(revocation.clone());
            revoked.extend(ledger.find(&revocation.issuer, &revocation.serial).cloned());
        }
        if is_new {
            self.write_ledger(&ledger)?;
        }
        let issuers = revoked.iter().flat_map(|it| plan.above(&it.issuer));
        let issuers: Vec<&str> = issuers.map(|item| item.name.as_str()).collect();
        let report = self.list(plan, &issuers, false, None)?;
        Ok((revoked, report))
    }

    /// Makes the list of one authority anew, or of each that there is; `lifetime` is how long it
    /// counts [default: as long as the one in place, or seven days].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn publish(
        &self,
        plan: &Plan,
        issuer: Option<&str>,
        lifetime: Option<Lifetime>,
    ) -> Result<Report, StoreError> {
        let _held = self.hold()?;
        let all = plan.items().iter().filter(|item| item.is_authority());
        let names: Vec<&str> = match issuer {
            Some(name) => vec![&authority(plan, name)?.name],
            None => all.map(|item| item.name.as_str()).collect(),
        };
        self.list(plan, &names, true, lifetime)
    }

    fn to_revoke(
        &self,
        plan: &Plan,
        what: Revoke<'_>,
        reason: RevocationReason,
    ) -> Result<Vec<Revocation>, StoreError> {
        let revocation = |name: &str, issuer: &str, serial: &[u8]| Revocation {
            name: name.to_owned(),
            issuer: issuer.to_owned(),
            serial: normal(serial).to_vec(),
            reason,
            // X.509 knows whole seconds.
            at: Validity::between(plan.now(), plan.now()).from,
        };
        let name = match what {
            Revoke::InPlace(name) => name,
            Revoke::Serial {
                name,
                issuer,
                serial,
            } => {
                let issuer = &authority(plan, issuer)?.name;
                return Ok(vec![revocation(name, issuer, serial)]);
            }
        };
        let mut all = Vec::new();
        for name in plan.called(name).map_err(unknown)? {
            let item = plan.item(name).and_then(|item| item.issuer.as_deref());
            let item_name = || name.to_owned();
            let issuer = item.ok_or_else(|| StoreError::RootRevoked { item: item_name() })?;
            let stored = self.stored(name)?;
            let serial = issued::serial(stored.certificate_der());
            all.push(revocation(name, issuer, &serial));
        }
        Ok(all)
    }

    /// Makes those lists that are due, and those that are asked for.
    fn list(
        &self,
        plan: &Plan,
        issuers: &[&str],
        asked: bool,
        lifetime: Option<Lifetime>,
    ) -> Result<Report, StoreError> {
        let (survey, ledger) = (self.survey(plan, Item::is_authority)?, self.ledger()?);
        let found = self.lists(plan)?;
        let lists = Lists {
            plan,
            ledger: &ledger,
            lifetime,
        };
        let mut due = Vec::new();
        for item in plan.items() {
            if !issuers.contains(&item.name.as_str()) {
                continue;
            }
            let pair = survey.get(&item.name).and_then(Found::pair);
            let Some(pair) = pair else {
                // The error says which file is missing.
                self.stored(&item.name)?;
                continue;
            };
            let in_place = found.get(&item.name);
            due.extend(lists.due(&item.name, in_place, Some(&pair.facts), asked));
        }
        let mut report = Report::default();
        self.put_lists(plan, due, &restore(plan, survey), &mut report)?;
        Ok(report)
    }
}

/// Issuing apart from a plan.
impl Store {
    /// The authority of that name as it is in place, with those above it, to sign what no manifest asks
    /// for.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], [`StoreError::Absent`] and others if what is in place is not what it
    /// should be; [`StoreError::Orphan`] if its certificate does not come from the authority above.
    pub fn authority(&self, plan: &Plan, name: &str) -> Result<Authority, StoreError> {
        authority(plan, name)?;
        let survey = self.survey(plan, Item::is_authority)?;
        let pair = |item: &Item| survey.get(&item.name).and_then(Found::pair);
        for item in plan.above(name) {
            // The error says which file is missing.
            self.stored(&item.name)?;
            let issuer = item.issuer.as_deref().and_then(|name| plan.item(name));
            if let (Some(own), Some(issuer)) = (pair(item), issuer)
                && !pair(issuer).is_some_and(|issuer| own.is_signed_by(issuer))
            {
                return Err(StoreError::Orphan {
                    item: item.name.clone(),
                    issuer: issuer.name.clone(),
                });
            }
        }
        let all = restore(plan, survey);
        all.authority(name).cloned().map_err(unknown)
    }
}

/// For those who apply a plan.
impl Store {
    pub(super) fn ledger(&self) -> Result<Ledger, StoreError> {
        let path = self.dir.join(LEDGER);
        let refused = |reason: String| self.ledger_failed("read", reason);
        let bytes = files::read(&path).map_err(|error| refused(error.to_string()))?;
        let Some(bytes) = bytes else {
            return Ok(Ledger::default());
        };
        let text = String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8".to_owned()))?;
        Ledger::parse(&text).map_err(refused)
    }

    /// The lists in place, by the authority's name.
    pub(super) fn lists(&self, plan: &Plan) -> Result<BTreeMap<String, Listed>, StoreError> {
        let mut found = BTreeMap::new();
        for item in plan.items().iter().filter(|item| item.is_authority()) {
            let path = self.crl_path(&item.name);
            let Some(bytes) = self.place(item).read(&path, LIST)? else {
                continue;
            };
            let listed = Listed::read(&bytes).ok_or_else(|| StoreError::Garbage {
                item: item.name.clone(),
                path,
                wanted: LIST,
            })?;
            found.insert(item.name.clone(), listed);
        }
        Ok(found)
    }

    /// Signs the lists and puts them in place.
    pub(super) fn put_lists(
        &self,
        plan: &Plan,
        due: Vec<Due>,
        authorities: &Pki,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let ledger = self.ledger()?;
        for due in due {
            // An authority that could not be made has told so already.
            let Ok(authority) = authorities.authority(&due.issuer) else {
                continue;
            };
            let entry = self.list_entry(due);
            let text =
                sign(plan, authority, &entry, &ledger).map_err(|source| StoreError::List {
                    item: entry.issuer.clone(),
                    path: entry.path.clone(),
                    source: Box::new(source),
                })?;
            files::replace(&entry.path, text.as_bytes(), OPEN_MODE).map_err(|source| {
                StoreError::Write {
                    item: entry.issuer.clone(),
                    path: entry.path.clone(),
                    wanted: LIST,
                    source,
                }
            })?;
            report.add_list(entry);
        }
        Ok(())
    }

    pub(super) fn list_entry(&self, due: Due) -> ListEntry {
        ListEntry {
            path: self.crl_path(&due.issuer),
            issuer: due.issuer,
            action: due.action,
            reasons: due.reasons,
            number: due.number,
            next_update: due.next_update,
        }
    }

    /// Whether what stays in place of that item is revoked: its certificate, or a key that somebody
    /// else has, which another certificate does not make good.
    pub(super) fn revoked(
        item: &Item,
        found: &Found,
        ledger: &Ledger,
        action: Action,
    ) -> Option<Warning> {
        let serial = issued::serial(&found.pair()?.certificate);
        let revocation = ledger.find(item.issuer.as_deref()?, &serial)?.clone();
        let has_lost_key = revocation.reason == RevocationReason::KeyCompromise;
        let stays = match action {
            Action::Kept => true,
            Action::Rotated => false,
            _ => has_lost_key,
        };
        stays.then_some(Warning::Revoked { revocation })
    }

    pub(super) fn write_ledger(&self, ledger: &Ledger) -> Result<(), StoreError> {
        let refused = |reason: String| self.ledger_failed("write", reason);
        let text = ledger.to_text().map_err(refused)?;
        files::replace(&self.dir.join(LEDGER), text.as_bytes(), OPEN_MODE)
            .and_then(|()| files::sync_dir(&self.dir))
            .map_err(|error| refused(error.to_string()))
    }

    fn ledger_failed(&self, verb: &'static str, reason: String) -> StoreError {
        let path = self.dir.join(LEDGER);
        StoreError::Ledger { path, verb, reason }
    }
}

fn sign(
    plan: &Plan,
    authority: &Authority,
    entry: &ListEntry,
    ledger: &Ledger,
) -> Result<String, IssueError> {
    let request = authority
        .crl(plan.now())
        .number(entry.number)
        .next_update(entry.next_update);
    let revoked = ledger.of(&entry.issuer);
    let request = revoked.fold(request, |request, it| {
        request.revoke(&it.serial, it.reason, it.at)
    });
    Ok(request.issue()?.pem())
}

/// The authorities that are in place.
pub(super) fn restore(plan: &Plan, mut survey: Survey) -> Pki {
    let mut pki = Pki::default();
    for item in plan.items().iter().filter(|item| item.is_authority()) {
        let Some(Found::Pair(pair)) = survey.remove(&item.name) else {
            continue;
        };
        let issuer = pki.issuer_of(item).ok().flatten();
        let authority = Authority::restore(*pair, issuer);
        pki.extend(&item.name, Some(Made::Authority(authority)));
    }
    pki
}

pub(super) fn authority<'a>(plan: &'a Plan, name: &str) -> Result<&'a Item, StoreError> {
    let authorities = || plan.items().iter().filter(|item| item.is_authority());
    authorities().find(|item| item.name == name).ok_or_else(|| {
        let known: Vec<&str> = authorities().map(|item| item.name.as_str()).collect();
        unknown(IssueError::UnknownItem {
            wanted: "authority",
            name: name.to_owned(),
            known: known.join(", "),
        })
    })
}

fn unknown(error: IssueError) -> StoreError {
    StoreError::Unknown(Box::new(error))
}
