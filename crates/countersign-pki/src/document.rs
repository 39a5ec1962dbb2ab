//! How is a manifest written? The TOML document, and the checks that make a [`Manifest`] of it.
//!
//! Every text keeps its place in the file, so that a mistake is reported where it stands.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::error::Flaw;
use crate::manifest::{AuthorityEntry, CertificateEntry, Manifest, Profile};
use crate::name::{Name, common_name_flaw, spiffe_flaw};
use crate::validity::Lifetime;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    version: Spanned<u64>,
    #[serde(default)]
    authority: BTreeMap<Spanned<String>, AuthorityDocument>,
    #[serde(default)]
    certificate: BTreeMap<Spanned<String>, CertificateDocument>,
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
        let authorities = authorities(as_written(document.authority))?;
        let certificates = as_written(document.certificate)
            .into_iter()
            .map(|(name, entry)| certificate(name, entry, &authorities))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            authorities,
            certificates,
        })
    }
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
        check_item_name(name)?;
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

fn certificate(
    name: Spanned<String>,
    entry: CertificateDocument,
    authorities: &[AuthorityEntry],
) -> Result<CertificateEntry, Fault> {
    check_item_name(&name)?;
    let known: Vec<String> = authorities.iter().map(|a| a.name.clone()).collect();
    if known.contains(name.get_ref()) {
        return Err(fault(
            name.span(),
            Flaw::NameTaken {
                name: name.into_inner(),
            },
        ));
    }
    check_issuer(&name, &entry.issuer, &known)?;
    let names = names(entry.dns, entry.ip, entry.uri, entry.email, entry.spiffe)?;
    let common_name = entry.cn.map(common_name).transpose()?;
    if names.is_empty() && common_name.is_none() {
        return Err(fault(
            name.span(),
            Flaw::NoName {
                item: name.into_inner(),
            },
        ));
    }
    Ok(CertificateEntry {
        name: name.into_inner(),
        issuer: entry.issuer.into_inner(),
        profile: profile(entry.profile)?,
        lifetime: lifetime(entry.ttl, Lifetime::LEAF)?,
        common_name,
        names,
    })
}

/// All names of a certificate, of whatever kind.
fn names(
    dns: Vec<Spanned<String>>,
    ip: Vec<Spanned<String>>,
    uri: Vec<Spanned<String>>,
    email: Vec<Spanned<String>>,
    spiffe: Option<Spanned<String>>,
) -> Result<Vec<Name>, Fault> {
    let mut names: Vec<Name> = Vec::new();
    let each = |texts: Vec<_>, read: fn(String) -> Result<Name, &'static str>| {
        texts.into_iter().map(move |text| (text, read))
    };
    let all = each(dns, |text| Ok(Name::Dns(text)))
        .chain(each(ip, address))
        .chain(each(uri, plain_uri))
        .chain(each(email, |text| Ok(Name::Email(text))))
        .chain(each(spiffe.into_iter().collect(), spiffe_id));
    for (text, read) in all {
        let (span, text) = (text.span(), text.into_inner());
        let name = read(text.clone())
            .and_then(|name| name.flaw().map_or(Ok(name), Err))
            .map_err(|reason| bad_name(span.clone(), &text, reason))?;
        if names.iter().any(|known| known.same_as(&name)) {
            return Err(fault(
                span,
                Flaw::DuplicateName {
                    name: name.to_string(),
                },
            ));
        }
        names.push(name);
    }
    Ok(names)
}

fn address(text: String) -> Result<Name, &'static str> {
    text.parse()
        .map(Name::Ip)
        .map_err(|_| "it is not an IP address")
}

fn spiffe_id(text: String) -> Result<Name, &'static str> {
    spiffe_flaw(&text).map_or(Ok(Name::Uri(text)), Err)
}

/// A certificate has at most one SPIFFE ID (X509-SVID, section 2), hence the key of its own.
fn plain_uri(text: String) -> Result<Name, &'static str> {
    match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("spiffe:") => {
            Err("a SPIFFE ID is written under `spiffe`")
        }
        _ => Ok(Name::Uri(text)),
    }
}

fn common_name(text: Spanned<String>) -> Result<String, Fault> {
    match common_name_flaw(text.get_ref()) {
        Some(reason) => Err(bad_name(text.span(), text.get_ref(), reason)),
        None => Ok(text.into_inner()),
    }
}

fn profile(text: Spanned<String>) -> Result<Profile, Fault> {
    match text.get_ref().as_str() {
        "server" => Ok(Profile::Server),
        "client" => Ok(Profile::Client),
        _ => Err(fault(
            text.span(),
            Flaw::UnknownProfile {
                profile: text.into_inner(),
            },
        )),
    }
}

fn lifetime(text: Option<Spanned<String>>, default: Lifetime) -> Result<Lifetime, Fault> {
    let Some(text) = text else { return Ok(default) };
    Lifetime::parse(text.get_ref()).map_err(|reason| {
        fault(
            text.span(),
            Flaw::Lifetime {
                text: text.into_inner(),
                reason,
            },
        )
    })
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
fn check_item_name(name: &Spanned<String>) -> Result<(), Fault> {
    let text = name.get_ref();
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
    let name_shown = text.escape_debug().to_string();
    Err(fault(
        name.span(),
        Flaw::ItemName {
            name: name_shown,
            reason,
        },
    ))
}

fn bad_name(span: Range<usize>, text: &str, reason: &'static str) -> Fault {
    fault(
        span,
        Flaw::Name {
            name: text.escape_debug().to_string(),
            reason,
        },
    )
}

fn fault(span: Range<usize>, flaw: Flaw) -> Fault {
    Fault {
        offset: span.start,
        flaw,
    }
}
