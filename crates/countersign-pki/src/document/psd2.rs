//! What does a payment service provider's certificate state? The profile's words, and over them its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::names::bad_name;
use super::{Fault, as_written, fault, words};
use crate::error::Flaw;
use crate::manifest::{Profile, StatementParts};
use crate::name::Name;
use crate::psd2::{Nca, QcStatements, QcType, Qualified, Role};
use crate::subject::{Attribute, Subject};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Psd2Document {
    #[serde(rename = "type")]
    kind: Option<Spanned<String>>,
    nca: Option<Spanned<Vec<Spanned<String>>>>,
    roles: Option<Vec<Spanned<String>>>,
    compliance: Option<bool>,
    pds: Option<BTreeMap<Spanned<String>, Spanned<String>>>,
}

/// What the document says, over what was said before.
pub(super) fn parts(
    document: Psd2Document,
    before: Option<StatementParts>,
) -> Result<StatementParts, Fault> {
    let before = before.unwrap_or_default();
    let roles = document.roles.map(|roles| words::all(roles, role));
    Ok(StatementParts {
        kind: document.kind.map(kind).transpose()?.or(before.kind),
        nca: document.nca.map(nca).transpose()?.or(before.nca),
        roles: roles.transpose()?.or(before.roles),
        compliance: document.compliance.or(before.compliance),
        pds: document.pds.map(pds).transpose()?.or(before.pds),
    })
}

/// What a certificate states, if its profile or it says that it does.
pub(super) fn of_certificate(
    item: &Spanned<String>,
    profile: &Profile,
    document: Option<Spanned<Psd2Document>>,
    subject: &Subject,
) -> Result<Option<Qualified>, Fault> {
    let span = document.as_ref().map_or_else(|| item.span(), Spanned::span);
    let parts = match document {
        Some(document) => parts(document.into_inner(), profile.psd2.clone())?,
        None => match &profile.psd2 {
            Some(parts) => parts.clone(),
            None => return Ok(None),
        },
    };
    let made = qualified(parts, subject);
    made.map(Some).map_err(|reason| {
        let item = item.get_ref().clone();
        fault(span, Flaw::Psd2 { item, reason })
    })
}

fn qualified(parts: StatementParts, subject: &Subject) -> Result<Qualified, String> {
    let lacks = |what: &str| format!("it needs {what}");
    let kind = parts
        .kind
        .ok_or_else(|| lacks("`type`: `web` or `eseal`"))?;
    let nca = parts.nca.ok_or_else(|| {
        lacks("`nca`, an authority and its name: `[\"GB-FCA\", \"Financial Conduct Authority\"]`")
    })?;
    let roles = parts.roles.unwrap_or_default();
    if roles.is_empty() {
        return Err(lacks(
            "`roles`, at least one (ETSI TS 119 495, GEN-5.2.2-1)",
        ));
    }
    let organization = subject.get(Attribute::OrganizationIdentifier);
    let organization = organization.ok_or_else(|| lacks("a subject with `org_id`"))?;
    check_organization(organization, &nca)?;
    let statements = QcStatements::new(kind, &nca).roles(roles);
    let statements = match parts.compliance.unwrap_or(true) {
        true => statements.compliant(),
        false => statements,
    };
    let pds = parts.pds.unwrap_or_default().into_iter();
    Ok(Qualified {
        kind,
        statements: pds.fold(statements, |all, (language, url)| {
            all.disclosure(language, url)
        }),
        organization: organization.to_owned(),
    })
}

/// organizationIdentifier (ETSI EN 319 412-1, 5.1.4): a scheme, a country, a hyphen, a reference; of the
/// scheme `PSD` the reference begins with the authority (ETSI TS 119 495, 5.2.1).
fn check_organization(text: &str, nca: &Nca) -> Result<(), String> {
    let of_psd = format!("PSD{}-", nca.id());
    let number = text.strip_prefix(&of_psd);
    let is_letter = |c: char| c.is_ascii_uppercase();
    let other = text.split_once('-').is_some_and(|(head, reference)| {
        head.len() == 5 && head.chars().all(is_letter) && !reference.is_empty()
    });
    let fits = number.is_some_and(|number| !number.is_empty());
    match fits || (other && !text.starts_with("PSD")) {
        true => Ok(()),
        false => {
            let text = text.escape_debug();
            Err(format!(
                "`org_id` is `{text}`, and should be `{of_psd}` and a number"
            ))
        }
    }
}

fn kind(text: Spanned<String>) -> Result<QcType, Fault> {
    let found = match text.get_ref().as_str() {
        "web" => Some(QcType::Web),
        "eseal" => Some(QcType::Eseal),
        _ => None,
    };
    words::one_of("type", &text, found, || words::join(["web", "eseal"]))
}

fn role(text: Spanned<String>) -> Result<Role, Fault> {
    let known = || words::join(Role::ALL.map(Role::name));
    words::one_of("role", &text, Role::named(text.get_ref()), known)
}

/// Its identifier: a country, a hyphen, two to eight letters (ETSI TS 119 495, GEN-5.2.3-2). Its name.
fn nca(texts: Spanned<Vec<Spanned<String>>>) -> Result<Nca, Fault> {
    let span = texts.span();
    let [id, name] = texts.get_ref().as_slice() else {
        return Err(fault(span, Flaw::Nca));
    };
    let parts = id.get_ref().split_once('-');
    let upper = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase());
    let parts = parts.filter(|(country, code)| {
        country.len() == 2 && upper(country) && (2..=8).contains(&code.len()) && upper(code)
    });
    let Some((country, code)) = parts else {
        let reason =
            "an authority is two capital letters, a hyphen, and two to eight more: `GB-FCA`";
        return Err(bad_name(id.span(), id.get_ref(), reason));
    };
    let length = name.get_ref().chars().count();
    if !(1..=256).contains(&length) || name.get_ref().chars().any(char::is_control) {
        let reason = "an authority's name is 1 to 256 characters";
        return Err(bad_name(name.span(), name.get_ref(), reason));
    }
    Ok(Nca::new(country, code, name.get_ref()))
}

/// Where the disclosure statements are, by language (ETSI EN 319 412-5, 4.3.4).
fn pds(
    entries: BTreeMap<Spanned<String>, Spanned<String>>,
) -> Result<Vec<(String, String)>, Fault> {
    let entries = as_written(entries).into_iter();
    let each = entries.map(|(language, url)| {
        let text = language.get_ref();
        if text.len() != 2 || !text.bytes().all(|b| b.is_ascii_lowercase()) {
            let reason = "a language is two small letters";
            return Err(bad_name(language.span(), text, reason));
        }
        let flaw = Name::Uri(url.get_ref().clone()).flaw();
        match flaw.or_else(|| not_https(url.get_ref())) {
            Some(reason) => Err(bad_name(url.span(), url.get_ref(), reason)),
            None => Ok((language.into_inner(), url.into_inner())),
        }
    });
    each.collect()
}

fn not_https(url: &str) -> Option<&'static str> {
    (!url.starts_with("https://")).then_some("a disclosure statement is at `https://`")
}
