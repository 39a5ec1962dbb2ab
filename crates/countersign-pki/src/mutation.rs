//! In which ways can a good certificate be made bad? The [`Mutations`] that a manifest asks for.
//!
//! They compose: what is asked for is changed first, then the certificate that came of it, then what is
//! sent with it.

use crate::authority::Authority;
use crate::error::IssueError;
use crate::extension::Extension;
use crate::forge::Digest;
use crate::issued::Issued;
use crate::key::{Key, KeyKind};
use crate::manifest::Withdrawn;
use crate::moment::Moment;
use crate::name::Name;
use crate::plan::{Item, Kind};
use crate::psd2::Flaw;
use crate::request::Request;
use crate::subject::Subject;
use crate::usage::{BasicConstraints, KeyUsage, Usage};
use crate::validity::{Validity, When};

/// What is changed of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mutations {
    pub(crate) not_before: Option<When>,
    pub(crate) not_after: Option<When>,
    pub(crate) without_names: bool,
    /// Names that are added, whatever they are.
    pub(crate) added: Vec<Name>,
    pub(crate) subject: Option<Subject>,
    pub(crate) key: Option<KeyKind>,
    pub(crate) key_usage: Option<Vec<KeyUsage>>,
    pub(crate) usage: Option<Vec<Usage>>,
    /// It says that it is an authority's.
    pub(crate) is_authority: bool,
    pub(crate) issuer: Option<Signer>,
    pub(crate) psd2: Option<Flaw>,
    pub(crate) serial: Option<Vec<u8>>,
    /// A critical extension that nobody knows.
    pub(crate) critical_extension: bool,
    /// It names another issuing key than the one that signs.
    pub(crate) wrong_key_id: bool,
    pub(crate) version_1: bool,
    /// The extension that is there twice.
    pub(crate) repeated: Option<Vec<u64>>,
    pub(crate) signature: Option<Signature>,
    pub(crate) chain: Option<Chain>,
    /// It is presented with a key that does not fit.
    pub(crate) another_key: bool,
    pub(crate) withdrawn: Option<Withdrawn>,
}

/// Who signs instead of the issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// Another authority of the manifest.
    Authority(String),
    /// The holder.
    Itself,
    /// Somebody with the issuer's name and another key.
    Impostor,
}

/// What is wrong with the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// One bit.
    Broken,
    /// The digest.
    Over(Digest),
}

/// What is sent with the leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    /// Nothing.
    Leaf,
    /// The root too.
    Root,
    /// The intermediates, the last one first.
    Reversed,
}

/// An extension of nobody's.
const UNKNOWN: &[u64] = &[1, 3, 6, 1, 4, 1, 55555, 1];

impl Mutations {
    /// The item as it is asked for, and called `name`.
    pub(crate) fn of_item(&self, item: &Item, name: &str) -> Item {
        let mut item = item.clone();
        item.name = name.to_owned();
        item.subject = self.subject.clone().unwrap_or(item.subject);
        item.key = self.key.or(item.key);
        item.key_usage = self.key_usage.clone().unwrap_or(item.key_usage);
        item.withdrawn = self.withdrawn.or(item.withdrawn);
        if let Kind::Leaf {
            profile,
            names,
            psd2,
        } = &mut item.kind
        {
            names.retain(|_| !self.without_names);
            names.extend(self.added.iter().cloned());
            if let Some(usage) = &self.usage {
                profile.usage.clone_from(usage);
            }
            if let (Some(flaw), Some(psd2)) = (self.psd2, psd2) {
                psd2.statements = psd2.statements.clone().flawed(flaw);
            }
        }
        item
    }

    /// Issues it as `item` says, which is changed already.
    pub(crate) fn issue(
        &self,
        item: &Item,
        issuer: &Authority,
        moment: &Moment,
    ) -> Result<Issued, IssueError> {
        let key = item.new_key(moment)?;
        let request = item.request(Some(issuer), moment)?.for_key(&key);
        let request = moment.seeded(self.of_request(request, item, moment), &item.name);
        let signer = match self.issuer {
            Some(Signer::Itself) => &key,
            _ => issuer.key(),
        };
        let issued = request.issue()?;
        self.forged(issued, signer)
    }

    fn of_request<'a>(&self, request: Request<'a>, item: &Item, moment: &Moment) -> Request<'a> {
        let mut request = request;
        if self.issuer == Some(Signer::Itself) {
            request = request.vouched_for_by(None);
        }
        if let Some(validity) = self.validity(item, moment) {
            request = request.validity(validity.from, validity.until);
        }
        if self.is_authority {
            request = request.basic_constraints(BasicConstraints::Authority);
        }
        if self.critical_extension {
            request = request.extension(Extension::new(UNKNOWN, [0x05, 0x00]).critical());
        }
        if self.wrong_key_id {
            request = request.authority_key_id(&[0; 20]);
        }
        match &self.serial {
            Some(serial) => request.serial(serial),
            None => request,
        }
    }

    /// The dates, if one is changed: the other stays where it is, unless it would have to be on the other
    /// side of that one.
    fn validity(&self, item: &Item, moment: &Moment) -> Option<Validity> {
        let (from, until) = (self.not_before, self.not_after);
        if from.is_none() && until.is_none() {
            return None;
        }
        let usual = item.validity;
        let (from, until) = (
            from.map_or(usual.from, |from| from.from(moment.now)),
            until.map_or(usual.until, |until| until.from(moment.now)),
        );
        let (start, end) = (from.as_second(), until.as_second());
        let length = usual.length();
        Some(match start < end {
            true => Validity::between(from, until),
            false if self.not_before.is_none() => Validity::of_seconds(end - length, end),
            false if self.not_after.is_none() => Validity::of_seconds(start, start + length),
            // Both are as they were asked for.
            false => Validity::between(from, until),
        })
    }

    fn forged(&self, issued: Issued, signer: &Key) -> Result<Issued, IssueError> {
        let mut forgery = issued.forge()?;
        if self.version_1 {
            forgery = forgery.version_1();
        }
        if let Some(oid) = &self.repeated {
            forgery = forgery.repeat_extension(oid);
        }
        let changed = self.version_1 || self.repeated.is_some();
        let issued = match changed {
            true => forgery.sign(signer)?,
            false => issued,
        };
        match self.signature {
            Some(Signature::Broken) => Ok(issued.forge()?.break_signature()),
            Some(Signature::Over(digest)) => issued.forge()?.sign_over(digest, signer),
            None => Ok(issued),
        }
    }

    /// What is presented: the certificate with those that travel with it, and a key.
    pub(crate) fn sent(
        &self,
        issued: Issued,
        root: &Authority,
        above: Vec<Vec<u8>>,
    ) -> Result<Issued, IssueError> {
        let issued = match self.another_key {
            true => {
                let kind = issued.key().kind().unwrap_or_default();
                issued.with_key(Key::generate(kind)?)
            }
            false => issued,
        };
        Ok(match self.chain {
            None => issued.sent_with(above),
            Some(Chain::Leaf) => issued.sent_with(Vec::<Vec<u8>>::new()),
            Some(Chain::Reversed) => issued.sent_with(above.into_iter().rev()),
            Some(Chain::Root) => {
                let root = root.certificate_der().to_vec();
                issued.sent_with(above.into_iter().chain([root]))
            }
        })
    }
}
