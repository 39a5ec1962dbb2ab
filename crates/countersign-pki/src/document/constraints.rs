//! For which names may an authority vouch? The trees of names that a manifest permits and excludes.

use std::net::IpAddr;

use serde::Deserialize;
use toml::Spanned;

use super::Fault;
use super::names::bad_name;
use crate::constraints::{NameConstraints, Subtree};
use crate::name::Name;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TreesDocument {
    #[serde(default)]
    dns: Vec<Spanned<String>>,
    #[serde(default)]
    ip: Vec<Spanned<String>>,
    #[serde(default)]
    uri: Vec<Spanned<String>>,
    #[serde(default)]
    email: Vec<Spanned<String>>,
}

pub(super) fn read(
    permit: Option<TreesDocument>,
    exclude: Option<TreesDocument>,
) -> Result<NameConstraints, Fault> {
    let permitted = trees(permit.unwrap_or_default())?;
    let excluded = trees(exclude.unwrap_or_default())?;
    let constraints = permitted
        .into_iter()
        .fold(NameConstraints::new(), NameConstraints::permit);
    Ok(excluded
        .into_iter()
        .fold(constraints, NameConstraints::exclude))
}

fn trees(document: TreesDocument) -> Result<Vec<Subtree>, Fault> {
    let each = |texts: Vec<_>, read: fn(String) -> Result<Subtree, &'static str>| {
        texts.into_iter().map(move |text| (text, read))
    };
    each(document.dns, dns)
        .chain(each(document.ip, ip))
        .chain(each(document.uri, uri))
        .chain(each(document.email, email))
        .map(|(text, read)| one(text, read))
        .collect()
}

fn one(
    text: Spanned<String>,
    read: fn(String) -> Result<Subtree, &'static str>,
) -> Result<Subtree, Fault> {
    let tree = read(text.get_ref().clone());
    tree.map_err(|reason| bad_name(text.span(), text.get_ref(), reason))
}

fn dns(text: String) -> Result<Subtree, &'static str> {
    match host(&text) {
        true => Ok(Subtree::Dns(text)),
        false => Err("write a DNS name, without a dot or `*` first: it and all below it are meant"),
    }
}

fn ip(text: String) -> Result<Subtree, &'static str> {
    const WANTED: &str = "write an address and how many bits of it count: `10.0.0.0/8`";
    let (address, bits) = text.split_once('/').ok_or(WANTED)?;
    let address: IpAddr = address.parse().map_err(|_| WANTED)?;
    let bits: u8 = bits.parse().map_err(|_| WANTED)?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match bits <= most {
        true => Ok(Subtree::Ip(address, bits)),
        false => Err(WANTED),
    }
}

fn uri(text: String) -> Result<Subtree, &'static str> {
    match host(text.strip_prefix('.').unwrap_or(&text)) {
        true => Ok(Subtree::Uri(text)),
        false => Err("write a host, or with a dot first all hosts below it"),
    }
}

fn email(text: String) -> Result<Subtree, &'static str> {
    let is_mailbox = Name::Email(text.clone()).flaw().is_none();
    match is_mailbox || host(text.strip_prefix('.').unwrap_or(&text)) {
        true => Ok(Subtree::Email(text)),
        false => Err("write a mailbox, a host, or with a dot first all hosts below it"),
    }
}

fn host(text: &str) -> bool {
    !text.starts_with('*') && Name::Dns(text.to_owned()).flaw().is_none()
}
