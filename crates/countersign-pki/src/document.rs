//! How is a manifest written? The TOML document, and the checks that make a [`Manifest`] of it.
//!
//! Every text keeps its place in the file, so that a mistake is reported where it stands.

mod authority;
mod constraints;
mod fixture;
mod names;
mod profile;
mod psd2;
mod revoked;
mod subject;
mod withdrawn;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use self::authority::{AuthorityDocument, authorities};
use self::fixture::FixtureDocument;
use self::names::Names;
use self::profile::{ProfileDocument, profiles};
use self::psd2::Psd2Document;
pub(crate) use self::revoked::LedgerDocument;
use self::subject::SubjectDocument;
use self::withdrawn::WithdrawnDocument;
use crate::error::Flaw;
use crate::key::KeyKind;
use crate::manifest::{CertificateEntry, Manifest, Profile, Settings};
use crate::usage::KeyUsage;
use crate::validity::{Lifetime, Share};

/// How many certificates a range may have.
const MOST: u32 = 100_000;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    version: Spanned<u64>,
    #[serde(default)]
    settings: SettingsDocument,
    #[serde(default)]
    profile: BTreeMap<Spanned<String>, ProfileDocument>,
    #[serde(default)]
    authority: BTreeMap<Spanned<String>, AuthorityDocument>,
    #[serde(default)]
    certificate: BTreeMap<Spanned<String>, CertificateDocument>,
    #[serde(default)]
    fixture: Vec<FixtureDocument>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsDocument {
    renew_within: Option<Spanned<String>>,
    backdate: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateDocument {
    profile: Spanned<String>,
    issuer: Spanned<String>,
    ttl: Option<Spanned<String>>,
    count: Option<Spanned<u64>>,
    key: Option<Spanned<String>>,
    ku: Option<Vec<Spanned<String>>>,
    subject: Option<Spanned<SubjectDocument>>,
    cn: Option<Spanned<String>>,
    spiffe: Option<Spanned<String>>,
    #[serde(default)]
    dns: Vec<Spanned<String>>,
    #[serde(default)]
    ip: Vec<Spanned<String>>,
    #[serde(default)]
    uri: Vec<Spanned<String>>,
    #[serde(default)]
    email: Vec<Spanned<String>>,
    psd2: Option<Spanned<Psd2Document>>,
    revoked: Option<WithdrawnDocument>,
}

/// A flaw, the byte at which it starts, and the entry that it is in unless it says so itself.
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) item: Option<String>,
    pub(crate) flaw: Flaw,
}

impl Fault {
    /// The same in that entry.
    fn within(self, kind: &'static str, name: &str) -> Self {
        let item = format!("{kind} `{name}`");
        let item = Some(item).filter(|_| !self.flaw.names_its_entry());
        Self { item, ..self }
    }
}

impl TryFrom<Document> for Manifest {
    type Error = Fault;

    fn try_from(document: Document) -> Result<Self, Fault> {
        let found = *document.version.get_ref();
        if found != 1 {
            return Err(fault(document.version.span(), Flaw::Version { found }));
        }
        let (settings, key) = settings(document.settings)?;
        let profiles = profiles(document.profile)?;
        let authorities = authorities(as_written(document.authority), key)?;
        let authority_names = authorities.iter().map(|a| a.name.clone());
        let mut known = Known {
            taken: authority_names.clone().collect(),
            issuers: authority_names.collect(),
            profiles,
            key,
        };
        let mut certificates = Vec::new();
        for (name, entry) in as_written(document.certificate) {
            let written = name.get_ref().clone();
            let made = range(name, entry, &mut known);
            certificates.extend(made.map_err(|fault| fault.within("certificate", &written))?);
        }
        let fixtures = fixture::fixtures(document.fixture, &authorities, &certificates)?;
        Ok(Self {
            settings,
            authorities,
            certificates,
            fixtures,
        })
    }
}

/// What the certificates may refer to, and the names that they may not have.
struct Known {
    issuers: Vec<String>,
    profiles: BTreeMap<String, Profile>,
    taken: BTreeSet<String>,
    /// The kind of key for those who do not say.
    key: Option<KeyKind>,
}

/// What holds for all items, and the kind of key for those who do not say.
fn settings(document: SettingsDocument) -> Result<(Settings, Option<KeyKind>), Fault> {
    let mut settings = Settings::default();
    if let Some(text) = document.backdate {
        settings.backdate =
            Lifetime::parse_any(text.get_ref()).map_err(|reason| not_a_lifetime(&text, reason))?;
    }
    if let Some(text) = document.renew_within {
        settings.renew_within = Share::parse(text.get_ref()).map_err(|reason| {
            let flaw = Flaw::RenewWithin {
                text: text.get_ref().clone(),
                reason,
            };
            fault(text.span(), flaw)
        })?;
    }
    Ok((settings, document.key.map(words::key_kind).transpose()?))
}

/// The entries in the order of the file, which a map has lost.
fn as_written<T>(entries: BTreeMap<Spanned<String>, T>) -> Vec<(Spanned<String>, T)> {
    let mut entries: Vec<_> = entries.into_iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

/// The certificates under one entry: one, or as many as it counts.
fn range(
    name: Spanned<String>,
    document: CertificateDocument,
    known: &mut Known,
) -> Result<Vec<CertificateEntry>, Fault> {
    check_item_name(&name, name.get_ref())?;
    if known.taken.contains(name.get_ref()) {
        return Err(taken(&name, name.get_ref()));
    }
    let count = document.count.clone();
    let (entry, names) = certificate(&name, document, known)?;
    let entries = match count {
        None => vec![entry],
        Some(count) => names.range(&name, &entry, how_many(&count)?)?,
    };
    for entry in &entries {
        if !known.taken.insert(entry.name.clone()) {
            return Err(taken(&name, &entry.name));
        }
    }
    Ok(entries)
}

fn how_many(count: &Spanned<u64>) -> Result<u32, Fault> {
    let number = u32::try_from(*count.get_ref()).ok();
    let number = number.filter(|count| (1..=MOST).contains(count));
    number.ok_or_else(|| {
        let (count, span) = (*count.get_ref(), count.span());
        fault(span, Flaw::Count { count, most: MOST })
    })
}

fn taken(entry: &Spanned<String>, name: &str) -> Fault {
    let name = name.to_owned();
    fault(entry.span(), Flaw::NameTaken { name })
}

fn certificate(
    name: &Spanned<String>,
    document: CertificateDocument,
    known: &Known,
) -> Result<(CertificateEntry, Names), Fault> {
    check_issuer(name, &document.issuer, &known.issuers)?;
    let profile = known.profile(document.profile)?;
    let named = subject::of_certificate(document.subject, document.cn)?;
    let psd2 = psd2::of_certificate(name, &profile, document.psd2, &named)?;
    let CertificateDocument {
        dns,
        ip,
        uri,
        email,
        spiffe,
        ..
    } = document;
    let names = Names::read(dns, ip, uri, email, spiffe)?;
    if names.all.is_empty() && !subject::identifies(&named) {
        let item = name.get_ref().clone();
        return Err(fault(name.span(), Flaw::NoName { item }));
    }
    let key = document.key.map(words::key_kind).transpose()?;
    let entry = CertificateEntry {
        name: name.get_ref().clone(),
        entry: name.get_ref().clone(),
        issuer: document.issuer.into_inner(),
        lifetime: lifetime(document.ttl, profile.lifetime)?,
        key: key.or(profile.key).or(known.key),
        key_usage: key_usage(document.ku, &profile)?,
        psd2,
        withdrawn: document.revoked.map(WithdrawnDocument::read).transpose()?,
        profile,
        subject: named,
        names: names.all.clone(),
    };
    Ok((entry, names))
}

fn key_usage(
    texts: Option<Vec<Spanned<String>>>,
    profile: &Profile,
) -> Result<Vec<KeyUsage>, Fault> {
    let own = texts.map(words::leaf_key_usage).transpose()?;
    Ok(own.unwrap_or_else(|| profile.key_usage.clone()))
}

impl Known {
    fn profile(&self, text: Spanned<String>) -> Result<Profile, Fault> {
        let found = self.profiles.get(text.get_ref()).cloned();
        found.ok_or_else(|| {
            let known: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            let flaw = Flaw::UnknownProfile {
                profile: text.get_ref().clone(),
                known: known.join(", "),
            };
            fault(text.span(), flaw)
        })
    }
}

fn lifetime(text: Option<Spanned<String>>, default: Lifetime) -> Result<Lifetime, Fault> {
    let Some(text) = text else { return Ok(default) };
    Lifetime::parse(text.get_ref()).map_err(|reason| not_a_lifetime(&text, reason))
}

fn not_a_lifetime(text: &Spanned<String>, reason: &'static str) -> Fault {
    let flaw = Flaw::Lifetime {
        text: text.get_ref().clone(),
        reason,
    };
    fault(text.span(), flaw)
}

fn check_issuer(
    item: &Spanned<String>,
    issuer: &Spanned<String>,
    known: &[String],
) -> Result<(), Fault> {
    if known.contains(issuer.get_ref()) {
        return Ok(());
    }
    let flaw = Flaw::UnknownIssuer {
        item: item.get_ref().clone(),
        issuer: issuer.get_ref().clone(),
        known: if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        },
    };
    Err(fault(issuer.span(), flaw))
}

/// Item names are file names, and `NAME-key.pem` is the key of `NAME`.
fn check_item_name(entry: &Spanned<String>, text: &str) -> Result<(), Fault> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let reason = if text.is_empty() || text.starts_with('-') || !text.chars().all(allowed) {
        "lower-case letters, digits and hyphens, and no hyphen first"
    } else if text.ends_with("-key") {
        "it may not end in `-key`, as the key files do"
    } else if text.len() > 64 {
        "it is longer than 64 characters"
    } else {
        return Ok(());
    };
    let name = text.escape_debug().to_string();
    Err(fault(entry.span(), Flaw::ItemName { name, reason }))
}

fn fault(span: Range<usize>, flaw: Flaw) -> Fault {
    Fault {
        offset: span.start,
        item: None,
        flaw,
    }
}
