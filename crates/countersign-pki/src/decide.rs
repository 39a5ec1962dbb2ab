//! What has to be done? A [`Verdict`] on each item of a plan, from what is in place and nothing else.
//!
//! It writes nothing and makes no key, so that a plan can be looked at before it is applied. What is
//! right is left alone: every file that a verdict touches has a [`Reason`].

use std::collections::BTreeMap;

use crate::extension::{self, Extension};
use crate::key::Key;
use crate::name::Name;
use crate::plan::{Item, Kind, Plan, Renewal};
use crate::reason::Reason;
use crate::report::Action;
use crate::survey::{Found, Pair};
use crate::usage::{KeyUsage, Usage};
use crate::validity::Validity;

/// What was found of each item, by name.
pub(crate) type Survey = BTreeMap<String, Found>;

/// What is to be done for each item, by name.
pub(crate) type Verdicts<'a> = BTreeMap<&'a str, Verdict>;

/// What is to be done for an item.
pub(crate) struct Verdict {
    pub(crate) action: Action,
    pub(crate) reasons: Vec<Reason>,
    /// The dates of its certificate after that.
    validity: Validity,
    /// It will have another key or another subject: no signature in its name holds any longer.
    pub(crate) is_another: bool,
    /// What travels with the leaves below it will be other certificates.
    changes_chain: bool,
}

/// The verdicts, by name. An item that the plan does not look after and that is not there has none.
pub(crate) fn decide<'a>(plan: &'a Plan, survey: &Survey) -> Verdicts<'a> {
    let mut judge = Judge {
        plan,
        survey,
        verdicts: BTreeMap::new(),
    };
    for item in plan.items() {
        if let Some(verdict) = judge.verdict(item) {
            judge.verdicts.insert(&item.name, verdict);
        }
    }
    judge.verdicts
}

/// Whether an authority changes, so that what it has signed may have to be made anew.
pub(crate) fn touches_those_below(plan: &Plan, verdicts: &Verdicts<'_>) -> bool {
    let authorities = plan.items().iter().filter(|item| item.is_authority());
    let mut verdicts = authorities.filter_map(|item| verdicts.get(item.name.as_str()));
    verdicts.any(|verdict| verdict.action != Action::Kept || verdict.changes_chain)
}

struct Judge<'a, 's> {
    plan: &'a Plan,
    survey: &'s Survey,
    /// Of the items before: the issuers are among them.
    verdicts: BTreeMap<&'a str, Verdict>,
}

impl<'a> Judge<'a, '_> {
    fn verdict(&self, item: &'a Item) -> Option<Verdict> {
        let looked_after = self.plan.looks_after(item);
        match self.survey.get(&item.name)? {
            Found::Nothing | Found::Key(_) if !looked_after => None,
            Found::Nothing => Some(self.make(item, Action::Created, vec![Reason::Missing])),
            Found::Key(key) => {
                let another = key_differs(item, key);
                let action = match another {
                    Some(_) => Action::Rotated,
                    None => Action::Completed,
                };
                let reasons = [Some(Reason::CertificateMissing), another];
                let reasons = reasons.into_iter().flatten().collect();
                Some(self.make(item, action, reasons))
            }
            Found::Pair(pair) => Some(self.verdict_on(item, pair, looked_after)),
        }
    }

    fn verdict_on(&self, item: &Item, pair: &Pair, looked_after: bool) -> Verdict {
        let renewal = self.plan.renewal(item);
        let mut reasons: Vec<Reason> = renewal.map(|_| Reason::Asked).into_iter().collect();
        if looked_after {
            reasons.extend(self.time_is_up(item, pair));
        }
        reasons.extend(self.issuer_is_another(item, pair, looked_after));
        if looked_after {
            reasons.extend(self.says_another(item, pair));
        }
        match (renewal, reasons.as_slice()) {
            (_, []) => self.keep(item, pair),
            (Some(Renewal::RotateKey), _) => self.make(item, Action::Rotated, reasons),
            // A key is never changed into another: there will be a new one beside the retired one.
            (_, why) if why.iter().any(Reason::is_rotation) => {
                self.make(item, Action::Rotated, reasons)
            }
            (_, why) if why.iter().all(Reason::is_renewal) => {
                self.make(item, Action::Renewed, reasons)
            }
            _ => {
                let subject = |reason: &Reason| matches!(reason, Reason::SubjectChanged { .. });
                let is_another = reasons.iter().any(subject);
                let verdict = self.make(item, Action::Reissued, reasons);
                Verdict {
                    is_another,
                    ..verdict
                }
            }
        }
    }

    fn keep(&self, item: &Item, pair: &Pair) -> Verdict {
        Verdict {
            action: Action::Kept,
            reasons: Vec::new(),
            validity: pair.facts.validity,
            is_another: false,
            changes_chain: self.issuer(item).is_some_and(|i| i.changes_chain),
        }
    }

    fn make(&self, item: &Item, action: Action, reasons: Vec<Reason>) -> Verdict {
        Verdict {
            action,
            reasons,
            validity: self.dates(item),
            is_another: !matches!(action, Action::Renewed | Action::Reissued),
            // A root never travels.
            changes_chain: item.issuer.is_some(),
        }
    }

    fn issuer(&self, item: &Item) -> Option<&Verdict> {
        self.verdicts.get(item.issuer.as_deref()?)
    }

    /// The dates that the item gets if it is made now.
    fn dates(&self, item: &Item) -> Validity {
        let issuer = self.issuer(item);
        issuer.map_or(item.validity, |issuer| {
            item.validity.within(issuer.validity)
        })
    }
}

/// When?
impl Judge<'_, '_> {
    fn time_is_up(&self, item: &Item, pair: &Pair) -> Option<Reason> {
        let (now, Validity { from, until }) = (self.plan.now(), pair.facts.validity);
        if until < now {
            return Some(Reason::Expired { at: until });
        }
        if now < from {
            return Some(Reason::NotYetValid { from });
        }
        // The time before its issue does not count: otherwise a certificate that lives for less than
        // that would be due as soon as it is made.
        let settings = self.plan.settings();
        let lived = pair.facts.validity.length() - settings.backdate.seconds();
        let lifetime = lived.clamp(0, item.lifetime.seconds());
        let left = until.as_second() - now.as_second();
        (left <= settings.renew_within.of(lifetime)).then_some(Reason::EndsSoon { at: until })
    }

    /// Whether it ends when it should: a lifetime after its issue, or with its issuer.
    fn lifetime_differs(&self, item: &Item, pair: &Pair) -> bool {
        let (lifetime, backdate) = (item.lifetime, self.plan.settings().backdate);
        let Validity { from, until } = pair.facts.validity;
        let issuer = self.issuer(item).map(|issuer| issuer.validity);
        let end = |seconds: i64| {
            let end = from.as_second().saturating_add(seconds);
            issuer.map_or(end, |issuer| end.min(issuer.until.as_second()))
        };
        let latest = end(lifetime.seconds().saturating_add(backdate.seconds()));
        // A clock that is behind the issuer's start would cut its start, though not its end.
        let cut = from.as_second() > self.plan.now().as_second() - backdate.seconds();
        let earliest = match cut {
            true => end(lifetime.seconds()),
            false => latest,
        };
        !(earliest..=latest).contains(&until.as_second())
    }
}

/// By whom?
impl Judge<'_, '_> {
    fn issuer_is_another(&self, item: &Item, pair: &Pair, looked_after: bool) -> Option<Reason> {
        let Some(name) = &item.issuer else {
            let changed = looked_after && !pair.is_self_signed();
            return changed.then_some(Reason::IssuerChanged { issuer: None });
        };
        let verdict = self.verdicts.get(name.as_str())?;
        let replaced = || Reason::IssuerReplaced {
            issuer: name.clone(),
        };
        let issuer = self.survey.get(name).and_then(Found::pair);
        let Some(issuer) = issuer.filter(|_| !verdict.is_another) else {
            return Some(replaced());
        };
        if pair.facts.issuer != issuer.facts.subject {
            let issuer = Some(name.clone());
            return looked_after.then_some(Reason::IssuerChanged { issuer });
        }
        // Somebody who looks after one item alone wants nothing else touched, unless it has to be.
        let now = verdict.action != Action::Kept || verdict.changes_chain;
        if !looked_after && !now {
            return None;
        }
        let holds = (item.is_authority()
            || !verdict.changes_chain && self.chain(name) == pair.above)
            && pair.is_signed_by(issuer);
        (!holds).then(replaced)
    }

    /// What is in place of that authority and those above it, without the root, and what leads from that
    /// to older ones.
    fn chain(&self, name: &str) -> Vec<Vec<u8>> {
        let mut chain = Vec::new();
        let mut next = self.plan.item(name);
        while let Some(item) = next
            && let Some(issuer) = &item.issuer
        {
            let pair = self.survey.get(&item.name).and_then(Found::pair);
            chain.extend(pair.map(|pair| pair.certificate.clone()));
            next = self.plan.item(issuer);
        }
        let root = next.and_then(|root| self.survey.get(&root.name)?.pair());
        chain.extend(root.into_iter().flat_map(|root| root.crossed.clone()));
        chain
    }
}

/// What?
impl Judge<'_, '_> {
    fn says_another(&self, item: &Item, pair: &Pair) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = key_differs(item, &pair.key).into_iter().collect();
        reasons.extend(subject_differs(item, pair));
        match &item.kind {
            Kind::Authority { path_len, .. } => {
                let differs = pair.facts.path_len != Some((*path_len).into());
                reasons.extend(differs.then_some(Reason::PathLengthChanged { wanted: *path_len }));
            }
            Kind::Leaf { profile, names, .. } => {
                reasons.extend(names_differ(pair, names));
                let differs = usage_differs(pair, &profile.usage);
                reasons.extend(differs.then(|| Reason::UsageChanged {
                    profile: profile.name.clone(),
                }));
            }
        }
        reasons.extend(key_usage_differs(item, pair));
        reasons.extend(extensions_differ(item, pair));
        // A certificate that is made anyway gets its dates anyway.
        if self.lifetime_differs(item, pair) {
            let wanted = item.lifetime.to_string();
            reasons.push(Reason::LifetimeChanged { wanted });
        }
        reasons
    }
}

fn key_differs(item: &Item, key: &Key) -> Option<Reason> {
    let wanted = item.wants_another_key(key)?;
    Some(Reason::KeyChanged { wanted })
}

fn subject_differs(item: &Item, pair: &Pair) -> Option<Reason> {
    let wanted = &item.subject;
    (!wanted.says(&pair.facts.attributes)).then(|| Reason::SubjectChanged {
        wanted: (!wanted.is_empty()).then(|| wanted.to_string()),
    })
}

fn key_usage_differs(item: &Item, pair: &Pair) -> Option<Reason> {
    let wanted = &item.key_usage;
    let content = (!wanted.is_empty()).then(|| KeyUsage::flags(wanted));
    (content != pair.facts.key_usage).then(|| Reason::KeyUsageChanged {
        wanted: wanted.clone(),
    })
}

/// What the manifest can ask for beside the usual extensions. Others that are there may stay.
fn extensions_differ(item: &Item, pair: &Pair) -> Vec<Reason> {
    let wanted = item.extensions();
    let differs = |oid: &&[u64]| {
        let wanted = wanted.iter().find(|extension| extension.oid() == *oid);
        wanted.map(Extension::value) != pair.facts.extension(oid)
    };
    let any = |oids: &[&[u64]]| oids.iter().any(differs);
    let constraints = any(&[extension::NAME_CONSTRAINTS]);
    let locations = any(&[
        extension::CRL_DISTRIBUTION_POINTS,
        extension::AUTHORITY_INFORMATION_ACCESS,
    ]);
    let statements = any(&[
        extension::QC_STATEMENTS,
        extension::CERTIFICATE_POLICIES,
        extension::CABF_ORGANIZATION_IDENTIFIER,
    ]);
    let issuer = item.issuer.clone().unwrap_or_else(|| item.name.clone());
    [
        constraints.then_some(Reason::ConstraintsChanged),
        locations.then_some(Reason::LocationsChanged { issuer }),
        statements.then_some(Reason::StatementsChanged),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn usage_differs(pair: &Pair, wanted: &[Usage]) -> bool {
    let facts = &pair.facts;
    let same = wanted.iter().all(|usage| facts.usage.contains(usage))
        && facts.usage.iter().all(|usage| wanted.contains(usage));
    !same || facts.has_other_usage || facts.is_ca
}

/// The order does not matter.
fn names_differ(pair: &Pair, wanted: &[Name]) -> Option<Reason> {
    let without = |all: &[Name], known: &[Name]| {
        let is_new = |name: &&Name| !known.iter().any(|other| other.same_as(name));
        all.iter().filter(is_new).cloned().collect::<Vec<_>>()
    };
    let added = without(wanted, &pair.facts.names);
    let removed = without(&pair.facts.names, wanted);
    let same = added.is_empty() && removed.is_empty() && !pair.facts.has_other_names;
    (!same).then_some(Reason::NamesChanged { added, removed })
}
