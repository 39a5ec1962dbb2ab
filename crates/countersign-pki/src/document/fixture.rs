//! Which certificates are wanted for tests, how bad are they, and what must become of them?

mod mutate;

use serde::Deserialize;
use toml::Spanned;

use self::mutate::MutateDocument;
use super::{Fault, check_item_name, fault, words};
use crate::catalogue::{Expected, Outcome, Side, Stage};
use crate::error::Flaw;
use crate::manifest::{AuthorityEntry, CertificateEntry};
use crate::variant::{FixtureEntry, SCHEMES, side};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FixtureDocument {
    name: Spanned<String>,
    about: Option<String>,
    from: Spanned<String>,
    scheme: Option<Spanned<String>>,
    mutate: Option<Spanned<MutateDocument>>,
    expect: Spanned<ExpectDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectDocument {
    stage: Spanned<String>,
    code: Option<Spanned<String>>,
    countersign: Option<Spanned<String>>,
    openssl: Option<Spanned<String>>,
    nginx: Option<Spanned<String>>,
    pending: Option<Spanned<bool>>,
}

/// In the order of the file.
pub(super) fn fixtures(
    documents: Vec<FixtureDocument>,
    authorities: &[AuthorityEntry],
    certificates: &[CertificateEntry],
) -> Result<Vec<FixtureEntry>, Fault> {
    let mut all: Vec<FixtureEntry> = Vec::new();
    for document in documents {
        let span = document.name.span();
        let written = document.name.get_ref().clone();
        let made = fixture(document, authorities, certificates);
        let entry = made.map_err(|fault| fault.within("fixture", &written))?;
        if all.iter().any(|other| other.name == entry.name) {
            let name = entry.name;
            return Err(fault(span, Flaw::FixtureTaken { name }));
        }
        all.push(entry);
    }
    Ok(all)
}

fn fixture(
    document: FixtureDocument,
    authorities: &[AuthorityEntry],
    certificates: &[CertificateEntry],
) -> Result<FixtureEntry, Fault> {
    let name = document.name;
    check_item_name(&name, name.get_ref())?;
    let mut all = certificates.iter();
    let from = all.find(|entry| entry.name == *document.from.get_ref());
    let from = from.ok_or_else(|| {
        let (item, from) = (name.get_ref().clone(), document.from.get_ref().clone());
        fault(document.from.span(), Flaw::UnknownOriginal { item, from })
    })?;
    let mutations = document
        .mutate
        .map(|it| it.into_inner().read(&name, from, authorities));
    let side = side(from.profile.base);
    Ok(FixtureEntry {
        about: document
            .about
            .unwrap_or_else(|| format!("made from `{}`", from.name)),
        from: from.name.clone(),
        scheme: document.scheme.map(scheme).transpose()?,
        mutations: mutations.transpose()?.unwrap_or_default(),
        expected: expected(&name, document.expect, side)?,
        name: name.into_inner(),
    })
}

fn scheme(text: Spanned<String>) -> Result<&'static str, Fault> {
    let found = SCHEMES.into_iter().find(|known| known == text.get_ref());
    words::one_of("scheme", &text, found, || words::join(SCHEMES))
}

fn expected(
    item: &Spanned<String>,
    document: Spanned<ExpectDocument>,
    side: Side,
) -> Result<Expected, Fault> {
    let span = document.span();
    let needs = |wanted: &'static str| {
        let item = item.get_ref().clone();
        fault(span.clone(), Flaw::Expectation { item, wanted })
    };
    let document = document.into_inner();
    let known = || words::join(Stage::ALL.map(Stage::as_str));
    let stage = Stage::named(document.stage.get_ref());
    let stage = words::one_of("stage", &document.stage, stage, known)?;
    let code = document.code.map(code).transpose()?;
    let ours = match (document.countersign.map(outcome).transpose()?, stage) {
        (Some(ours), _) => ours,
        (None, Stage::Accepted) => Outcome::Answered(200),
        (None, Stage::Tls) => return Err(needs("`countersign`, such as `alert 45`,")),
        (None, _) => Outcome::Answered(Expected::status(code.unwrap_or_default())),
    };
    // A server that is refused sees an alert; a code is what a server of ours says.
    if code.is_none() && stage != Stage::Accepted && side == Side::Client {
        return Err(needs("`code`"));
    }
    let usual = Expected::at(stage, side, ours);
    let other = |text: Option<Spanned<String>>, usual| text.map_or(Ok(usual), outcome);
    let is_pending = document.pending.is_some_and(Spanned::into_inner);
    Ok(Expected {
        code,
        openssl: other(document.openssl, usual.openssl)?,
        nginx: other(document.nginx, usual.nginx)?,
        pending: is_pending.then_some("as the manifest says"),
        ..usual
    })
}

fn code(text: Spanned<String>) -> Result<&'static str, Fault> {
    let found = Expected::CODES
        .into_iter()
        .find(|code| code == text.get_ref());
    words::one_of("code", &text, found, || words::join(Expected::CODES))
}

fn outcome(text: Spanned<String>) -> Result<Outcome, Fault> {
    Outcome::named(text.get_ref()).ok_or_else(|| {
        let text_of = text.get_ref().escape_debug().to_string();
        fault(text.span(), Flaw::Outcome { text: text_of })
    })
}
