//! What do the profiles of a manifest say? Those of ours, and what the file makes of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::psd2::{Psd2Document, parts};
use super::{Fault, as_written, check_item_name, fault, lifetime, words};
use crate::error::Flaw;
use crate::manifest::{Base, Profile, StatementParts};
use crate::psd2::QcType;
use crate::usage::{KeyUsage, Usage};
use crate::validity::Lifetime;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileDocument {
    extends: Option<Spanned<String>>,
    ttl: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
    ku: Option<Vec<Spanned<String>>>,
    eku: Option<Vec<Spanned<String>>>,
    psd2: Option<Spanned<Psd2Document>>,
}

/// Those of the file and, where it does not change them, the four that there are from the start.
pub(super) fn profiles(
    documents: BTreeMap<Spanned<String>, ProfileDocument>,
) -> Result<BTreeMap<String, Profile>, Fault> {
    let mut profiles: BTreeMap<String, Profile> = Base::ALL
        .map(|base| (base.as_str().to_owned(), built_in(base)))
        .into();
    for (name, document) in as_written(documents) {
        let written = name.get_ref().clone();
        let made = profile(name, document);
        let profile = made.map_err(|fault| fault.within("profile", &written))?;
        profiles.insert(profile.name.clone(), profile);
    }
    Ok(profiles)
}

fn built_in(base: Base) -> Profile {
    let (usage, kind) = match base {
        Base::Server => (vec![Usage::Server], None),
        Base::Client => (vec![Usage::Client], None),
        Base::Qwac => (vec![Usage::Server, Usage::Client], Some(QcType::Web)),
        Base::Qseal => (Vec::new(), Some(QcType::Eseal)),
    };
    let mut key_usage = vec![KeyUsage::DigitalSignature];
    key_usage.extend((base == Base::Qseal).then_some(KeyUsage::ContentCommitment));
    Profile {
        name: base.as_str().to_owned(),
        base,
        usage,
        key_usage,
        key: None,
        psd2: kind.map(|kind| StatementParts {
            kind: Some(kind),
            ..StatementParts::default()
        }),
        lifetime: Lifetime::LEAF,
    }
}

fn profile(name: Spanned<String>, document: ProfileDocument) -> Result<Profile, Fault> {
    check_item_name(&name, name.get_ref())?;
    let mut profile = built_in(base(&name, document.extends)?);
    profile.name = name.into_inner();
    profile.lifetime = lifetime(document.ttl, profile.lifetime)?;
    profile.key = document.key.map(words::key_kind).transpose()?;
    if let Some(texts) = document.ku {
        profile.key_usage = words::leaf_key_usage(texts)?;
    }
    if let Some(purposes) = document.eku {
        profile.usage = words::all(purposes, words::purpose)?;
    }
    if let Some(document) = document.psd2 {
        profile.psd2 = Some(parts(document.into_inner(), profile.psd2)?);
    }
    Ok(profile)
}

/// What a profile rests on. `[profile.client]` changes the one that there is.
fn base(name: &Spanned<String>, extends: Option<Spanned<String>>) -> Result<Base, Fault> {
    let profile = name.get_ref().clone();
    let own = Base::named(&profile);
    match (own, extends) {
        (Some(base), None) => Ok(base),
        (None, None) => Err(fault(name.span(), Flaw::ProfileAlone { profile })),
        (own, Some(extends)) => {
            let found = Base::named(extends.get_ref());
            let found = found.filter(|base| own.is_none_or(|own| own == *base));
            let span = extends.span();
            let extends = extends.into_inner();
            found.ok_or_else(|| fault(span, Flaw::ProfileExtends { profile, extends }))
        }
    }
}
