//! How is a manifest written? The TOML document, and the checks that make a [`Manifest`] of it.
//!
//! Every text keeps its place in the file, so that a mistake is reported where it stands.

mod names;
mod revoked;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use self::names::{Names, common_name};
pub(crate) use self::revoked::LedgerDocument;
use crate::error::Flaw;
use crate::manifest::{AuthorityEntry, CertificateEntry, Manifest, Profile, Settings};
use crate::request::Usage;
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
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsDocument {
    renew_within: Option<Spanned<String>>,
    backdate: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileDocument {
    extends: Option<Spanned<String>>,
    ttl: Option<Spanned<String>>,
    eku: Option<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorityDocument {
    subject: Spanned<String>,
    issuer: Option<Spanned<String>>,
    ttl: Option<Spanned<String>>,
    path_len: Option<Spanned<u8>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateDocument {
    profile: Spanned<String>,
    issuer: Spanned<String>,
    ttl: Option<Spanned<String>>,
    count: Option<Spanned<u64>>,
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
}

/// A flaw and the byte at which it starts.
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) flaw: Flaw,
}

impl TryFrom<Document> for Manifest {
    type Error = Fault;

    fn try_from(document: Document) -> Result<Self, Fault> {
        let found = *document.version.get_ref();
        if found != 1 {
            return Err(fault(document.version.span(), Flaw::Version { found }));
        }
        let settings = settings(document.settings)?;
        let profiles = profiles(document.profile)?;
        let authorities = authorities(as_written(document.authority))?;
        let authority_names = authorities.iter().map(|a| a.name.clone());
        let mut known = Known {
            taken: authority_names.clone().collect(),
            issuers: authority_names.collect(),
            profiles,
        };
        let mut certificates = Vec::new();
        for (name, entry) in as_written(document.certificate) {
            certificates.extend(range(name, entry, &mut known)?);
        }
        Ok(Self {
            settings,
            authorities,
            certificates,
        })
    }
}

/// What the certificates may refer to, and the names that they may not have.
struct Known {
    issuers: Vec<String>,
    profiles: BTreeMap<String, Profile>,
    taken: BTreeSet<String>,
}

fn settings(document: SettingsDocument) -> Result<Settings, Fault> {
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
    Ok(settings)
}

/// Those of the file and, where it does not change them, the two that there are from the start.
fn profiles(
    documents: BTreeMap<Spanned<String>, ProfileDocument>,
) -> Result<BTreeMap<String, Profile>, Fault> {
    let mut profiles: BTreeMap<String, Profile> = [Usage::Server, Usage::Client]
        .map(|base| (word(base).to_owned(), built_in(base)))
        .into();
    for (name, document) in as_written(documents) {
        let profile = profile(name, document)?;
        profiles.insert(profile.name.clone(), profile);
    }
    Ok(profiles)
}

fn word(usage: Usage) -> &'static str {
    match usage {
        Usage::Server => "server",
        Usage::Client => "client",
        // No manifest has another.
        other => other.name(),
    }
}

fn usage(text: &str) -> Option<Usage> {
    [Usage::Server, Usage::Client]
        .into_iter()
        .find(|usage| word(*usage) == text)
}

fn built_in(base: Usage) -> Profile {
    Profile {
        name: word(base).to_owned(),
        base,
        usage: vec![base],
        lifetime: Lifetime::LEAF,
    }
}

fn profile(name: Spanned<String>, document: ProfileDocument) -> Result<Profile, Fault> {
    check_item_name(&name, name.get_ref())?;
    let mut profile = built_in(base(&name, document.extends)?);
    profile.name = name.into_inner();
    profile.lifetime = lifetime(document.ttl, profile.lifetime)?;
    if let Some(purposes) = document.eku {
        profile.usage = purposes
            .into_iter()
            .map(purpose)
            .collect::<Result<_, _>>()?;
    }
    Ok(profile)
}

/// What a profile rests on. `[profile.client]` changes the one that there is.
fn base(name: &Spanned<String>, extends: Option<Spanned<String>>) -> Result<Usage, Fault> {
    let profile = name.get_ref().clone();
    let own = usage(&profile);
    match (own, extends) {
        (Some(base), None) => Ok(base),
        (None, None) => Err(fault(name.span(), Flaw::ProfileAlone { profile })),
        (own, Some(extends)) => {
            let found = usage(extends.get_ref()).filter(|base| own.is_none_or(|own| own == *base));
            let span = extends.span();
            let extends = extends.into_inner();
            found.ok_or_else(|| fault(span, Flaw::ProfileExtends { profile, extends }))
        }
    }
}

fn purpose(text: Spanned<String>) -> Result<Usage, Fault> {
    usage(text.get_ref()).ok_or_else(|| {
        let span = text.span();
        let purpose = text.into_inner();
        fault(span, Flaw::UnknownPurpose { purpose })
    })
}

/// The entries in the order of the file, which a map has lost.
fn as_written<T>(entries: BTreeMap<Spanned<String>, T>) -> Vec<(Spanned<String>, T)> {
    let mut entries: Vec<_> = entries.into_iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

/// Places each authority after its issuer, otherwise as written.
fn authorities(
    mut waiting: Vec<(Spanned<String>, AuthorityDocument)>,
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
        placed.push(authority(name, entry, &placed)?);
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
) -> Result<AuthorityEntry, Fault> {
    let issuer = entry.issuer.map(Spanned::into_inner);
    let default = if issuer.is_none() {
        Lifetime::ROOT
    } else {
        Lifetime::INTERMEDIATE
    };
    let span = entry
        .path_len
        .as_ref()
        .map_or_else(|| name.span(), Spanned::span);
    let length = entry
        .path_len
        .map_or_else(|| u8::from(issuer.is_none()), Spanned::into_inner);
    let above = placed
        .iter()
        .find(|above| Some(&above.name) == issuer.as_ref());
    if let Some(above) = above
        && length >= above.path_len
    {
        return Err(fault(span, path_length(name.get_ref(), length, above)));
    }
    Ok(AuthorityEntry {
        name: name.into_inner(),
        issuer,
        subject: common_name(entry.subject)?,
        lifetime: lifetime(entry.ttl, default)?,
        path_len: length,
    })
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
    let CertificateDocument {
        dns,
        ip,
        uri,
        email,
        spiffe,
        ..
    } = document;
    let names = Names::read(dns, ip, uri, email, spiffe)?;
    let common_name = document.cn.map(common_name).transpose()?;
    if names.all.is_empty() && common_name.is_none() {
        let item = name.get_ref().clone();
        return Err(fault(name.span(), Flaw::NoName { item }));
    }
    let entry = CertificateEntry {
        name: name.get_ref().clone(),
        entry: name.get_ref().clone(),
        issuer: document.issuer.into_inner(),
        lifetime: lifetime(document.ttl, profile.lifetime)?,
        profile,
        common_name,
        names: names.all.clone(),
    };
    Ok((entry, names))
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
        flaw,
    }
}
