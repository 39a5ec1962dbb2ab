//! Which lists have to be made? The verdict on each `NAME.crl.pem`, from what is in place.
//!
//! A list that says what it should, for the key that its authority has, is left alone until a third
//! of its time is left.

use jiff::Timestamp;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::facts::Facts;
use crate::ledger::{Ledger, normal};
use crate::pem;
use crate::plan::{List, Plan};
use crate::reason::Reason;
use crate::report::Action;
use crate::validity::{Lifetime, Validity};

/// What a list in place says.
pub(crate) struct Listed {
    der: Vec<u8>,
    number: u64,
    pub(crate) validity: Validity,
    serials: Vec<Vec<u8>>,
}

impl Listed {
    /// Reads a file; `None` if it is not exactly one list.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let der = pem::first("X509 CRL", std::str::from_utf8(text).ok()?)?;
        let list = parse(&der)?;
        let next = list.next_update()?;
        let number = list.crl_number().and_then(|n| u64::try_from(n).ok());
        let revoked = list.iter_revoked_certificates();
        Some(Self {
            number: number.unwrap_or_default(),
            validity: Validity::of_seconds(list.last_update().timestamp(), next.timestamp()),
            serials: revoked.map(|it| normal(it.raw_serial()).to_vec()).collect(),
            der,
        })
    }

    /// Whether it is by the authority that has this certificate: the name is its, and the signature.
    fn is_by(&self, issuer: &Facts) -> bool {
        let key = SubjectPublicKeyInfo::from_der(&issuer.public_key);
        let (Some(list), Ok((_, key))) = (parse(&self.der), key) else {
            return false;
        };
        list.issuer().as_raw() == issuer.subject && list.verify_signature(&key).is_ok()
    }
}

fn parse(der: &[u8]) -> Option<CertificateRevocationList<'_>> {
    match CertificateRevocationList::from_der(der) {
        Ok(([], list)) => Some(list),
        _ => None,
    }
}

/// A list that has to be made.
pub(crate) struct Due {
    pub(crate) issuer: String,
    pub(crate) action: Action,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) number: u64,
    pub(crate) next_update: Timestamp,
}

/// What decides about the lists of a folder.
pub(crate) struct Lists<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) ledger: &'a Ledger,
    /// How long a new list counts [default: as the manifest says, or as long as the one in place].
    pub(crate) lifetime: Option<Lifetime>,
}

impl Lists<'_> {
    /// What is to be done for one authority: `facts` are those of its certificate, or nothing if it gets
    /// another name or key. `asked` is whether somebody wants a list in any case.
    pub(crate) fn due(
        &self,
        issuer: &str,
        found: Option<&Listed>,
        facts: Option<&Facts>,
        asked: bool,
    ) -> Option<Due> {
        let Some(found) = found else {
            let wanted = asked || self.is_needed(issuer);
            let reasons = vec![if asked {
                Reason::Asked
            } else {
                Reason::Missing
            }];
            return wanted.then(|| self.make(issuer, Action::Created, reasons, None));
        };
        let mut reasons: Vec<Reason> = asked.then_some(Reason::Asked).into_iter().collect();
        reasons.extend(self.time_is_up(found));
        reasons.extend(self.lifetime_differs(issuer, found));
        if !facts.is_some_and(|facts| found.is_by(facts)) {
            let issuer = issuer.to_owned();
            reasons.push(Reason::IssuerReplaced { issuer });
        }
        reasons.extend(self.lacks(issuer, found));
        let due = !reasons.is_empty();
        due.then(|| self.make(issuer, Action::Renewed, reasons, Some(found)))
    }

    /// It has revoked something, or something below it has: who checks a whole chain needs a list of
    /// every authority in it.
    fn is_needed(&self, issuer: &str) -> bool {
        let mut issuers = self.ledger.all().iter().map(|it| it.issuer.as_str());
        self.stated(issuer).is_some_and(|list| list.is_published)
            || issuers.any(|below| self.plan.above(below).any(|item| item.name == issuer))
    }

    /// What the manifest says of its list.
    fn stated(&self, issuer: &str) -> Option<List> {
        self.plan.item(issuer)?.list()
    }

    /// Whether the manifest wants it to count for another time.
    fn lifetime_differs(&self, issuer: &str, found: &Listed) -> Option<Reason> {
        // Somebody who asks for a time gets it, until the next run that applies the manifest.
        let stated = self.stated(issuer).filter(|_| self.lifetime.is_none());
        let wanted = stated?.lifetime?;
        let differs = wanted.seconds() != found.validity.length();
        differs.then(|| Reason::LifetimeChanged {
            wanted: wanted.to_string(),
        })
    }

    fn time_is_up(&self, found: &Listed) -> Option<Reason> {
        let (now, Validity { from, until }) = (self.plan.now(), found.validity);
        if until < now {
            return Some(Reason::Expired { at: until });
        }
        if now.as_second() < from.as_second() {
            return Some(Reason::NotYetValid { from });
        }
        let left = until.as_second() - now.as_second();
        let enough = self
            .plan
            .settings()
            .renew_within
            .of(found.validity.length());
        (left <= enough).then_some(Reason::EndsSoon { at: until })
    }

    fn lacks(&self, issuer: &str, found: &Listed) -> Option<Reason> {
        let is_new = |serial: &Vec<u8>| !found.serials.contains(serial);
        let new = self.ledger.of(issuer).filter(|it| is_new(&it.serial));
        let names: Vec<String> = new.map(|it| it.name.clone()).collect();
        (!names.is_empty()).then_some(Reason::Revoked { names })
    }

    fn make(
        &self,
        issuer: &str,
        action: Action,
        reasons: Vec<Reason>,
        found: Option<&Listed>,
    ) -> Due {
        let second = self.plan.now().as_second();
        let in_place = found.map_or_else(|| Lifetime::LIST.seconds(), |it| it.validity.length());
        let stated = self.stated(issuer).and_then(|list| list.lifetime);
        let lifetime = self.lifetime.or(stated);
        let lifetime = lifetime.map_or(in_place, Lifetime::seconds);
        let until = second.saturating_add(lifetime);
        // A number never comes twice, even if two lists are made in a second or a clock goes back.
        let next = found.map_or(0, |it| it.number.saturating_add(1));
        Due {
            issuer: issuer.to_owned(),
            action,
            reasons,
            number: second.unsigned_abs().max(next),
            next_update: Validity::of_seconds(second, until).until,
        }
    }
}
