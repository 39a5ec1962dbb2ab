//! What does a manifest say of its authorities? Each is placed after its issuer.

use serde::Deserialize;
use toml::Spanned;

use super::constraints::{self, TreesDocument};
use super::subject::{self, SubjectDocument};
use super::withdrawn::WithdrawnDocument;
use super::{Fault, check_issuer, check_item_name, fault, lifetime, names, words};
use crate::error::Flaw;
use crate::key::KeyKind;
use crate::manifest::{AuthorityEntry, Published};
use crate::name::Name;
use crate::validity::Lifetime;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthorityDocument {
    subject: Spanned<SubjectDocument>,
    issuer: Option<Spanned<String>>,
    ttl: Option<Spanned<String>>,
    path_len: Option<Spanned<u8>>,
    key: Option<Spanned<String>>,
    ku: Option<Spanned<Vec<Spanned<String>>>>,
    permit: Option<TreesDocument>,
    exclude: Option<TreesDocument>,
    crl: Option<CrlDocument>,
    ocsp: Option<LocationDocument>,
    ca_issuers: Option<LocationDocument>,
    revoked: Option<WithdrawnDocument>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CrlDocument {
    url: Option<Spanned<String>>,
    next_update: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LocationDocument {
    url: Spanned<String>,
}

/// Places each authority after its issuer, otherwise as written.
pub(super) fn authorities(
    mut waiting: Vec<(Spanned<String>, AuthorityDocument)>,
    key: Option<KeyKind>,
) -> Result<Vec<AuthorityEntry>, Fault> {
    let known: Vec<String> = waiting
        .iter()
        .map(|(name, _)| name.get_ref().clone())
        .collect();
    for (name, entry) in &waiting {
        check_item_name(name, name.get_ref())?;
        if let Some(issuer) = &entry.issuer {
            check_issuer(name, issuer, &known)?;
        }
    }
    let mut placed: Vec<AuthorityEntry> = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|(_, entry)| {
            let issuer = entry.issuer.as_ref();
            issuer.is_none_or(|issuer| placed.iter().any(|p| &p.name == issuer.get_ref()))
        });
        let Some(ready) = ready else {
            return Err(circle(&waiting));
        };
        let (name, entry) = waiting.remove(ready);
        let written = name.get_ref().clone();
        let made = authority(name, entry, &placed, key);
        placed.push(made.map_err(|fault| fault.within("authority", &written))?);
    }
    Ok(placed)
}

/// What to say when none of the authorities that wait can ever be placed.
fn circle(waiting: &[(Spanned<String>, AuthorityDocument)]) -> Fault {
    let (span, item) = waiting
        .first()
        .map_or_else(Default::default, |(name, entry)| {
            let span = entry
                .issuer
                .as_ref()
                .map_or_else(|| name.span(), Spanned::span);
            (span, name.get_ref().clone())
        });
    fault(span, Flaw::Circle { item })
}

fn authority(
    name: Spanned<String>,
    entry: AuthorityDocument,
    placed: &[AuthorityEntry],
    key: Option<KeyKind>,
) -> Result<AuthorityEntry, Fault> {
    let path_len = allowed_length(&name, &entry, placed)?;
    let is_root = entry.issuer.is_none();
    let default = match is_root {
        true => Lifetime::ROOT,
        false => Lifetime::INTERMEDIATE,
    };
    if let (true, Some(_)) = (is_root, &entry.revoked) {
        let item = name.get_ref().clone();
        return Err(fault(name.span(), Flaw::RootRevoked { item }));
    }
    let own_key = entry.key.map(words::key_kind).transpose()?;
    Ok(AuthorityEntry {
        subject: subject::of_authority(&name, entry.subject)?,
        name: name.into_inner(),
        issuer: entry.issuer.map(Spanned::into_inner),
        lifetime: lifetime(entry.ttl, default)?,
        path_len,
        key: own_key.or(key),
        key_usage: words::authority_key_usage(entry.ku)?,
        constraints: constraints::read(entry.permit, entry.exclude)?,
        published: published(entry.crl, entry.ocsp, entry.ca_issuers)?,
        withdrawn: entry.revoked.map(WithdrawnDocument::read).transpose()?,
    })
}

/// The path length that it states or has by default, if its issuer leaves room for that.
fn allowed_length(
    name: &Spanned<String>,
    entry: &AuthorityDocument,
    placed: &[AuthorityEntry],
) -> Result<u8, Fault> {
    let issuer = entry.issuer.as_ref().map(Spanned::get_ref);
    let stated = entry.path_len.as_ref();
    let length = stated.map_or_else(|| u8::from(issuer.is_none()), |length| *length.get_ref());
    let above = placed.iter().find(|above| Some(&above.name) == issuer);
    if let Some(above) = above
        && length >= above.path_len
    {
        let span = stated.map_or_else(|| name.span(), Spanned::span);
        return Err(fault(span, path_length(name.get_ref(), length, above)));
    }
    Ok(length)
}

fn published(
    crl: Option<CrlDocument>,
    ocsp: Option<LocationDocument>,
    ca_issuers: Option<LocationDocument>,
) -> Result<Published, Fault> {
    let crl = crl.unwrap_or_default();
    let each = |found: Option<LocationDocument>| found.map(|found| location(found.url)).transpose();
    Ok(Published {
        crl: crl.url.map(location).transpose()?,
        next_update: match crl.next_update {
            Some(text) => Some(lifetime(Some(text), Lifetime::LIST)?),
            None => None,
        },
        ocsp: each(ocsp)?,
        ca_issuers: each(ca_issuers)?,
    })
}

/// Whoever fetches over HTTPS has to check a certificate to check a certificate (RFC 5280, 8).
fn location(text: Spanned<String>) -> Result<String, Fault> {
    let rest = text.get_ref().strip_prefix("http://").unwrap_or_default();
    let flaw = Name::Uri(text.get_ref().clone()).flaw();
    let reason = match rest.is_empty() {
        true => Some("an authority publishes under `http://` and a host"),
        false => flaw,
    };
    match reason {
        Some(reason) => Err(names::bad_name(text.span(), text.get_ref(), reason)),
        None => Ok(text.into_inner()),
    }
}

fn path_length(item: &str, length: u8, issuer: &AuthorityEntry) -> Flaw {
    let allowed = match issuer.path_len.checked_sub(1) {
        None => "no authority below it".to_owned(),
        Some(most) => format!("{most} at most"),
    };
    Flaw::PathLength {
        item: item.to_owned(),
        length,
        issuer: issuer.name.clone(),
        limit: issuer.path_len,
        allowed,
    }
}
