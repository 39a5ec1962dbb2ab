//! Which names does an entry give its certificates? Checked one by one, and numbered for a range.

use std::ops::Range;

use toml::Spanned;

use super::{Fault, check_item_name, fault};
use crate::error::Flaw;
use crate::manifest::CertificateEntry;
use crate::name::{Name, common_name_flaw, spiffe_flaw};
use crate::subject::Attribute;

/// The subject alternative names of an entry.
pub(super) struct Names {
    pub(super) all: Vec<Name>,
    /// The last of them is a SPIFFE ID, which carries the number in a range.
    ends_in_spiffe: bool,
}

impl Names {
    /// All names of a certificate, of whatever kind.
    pub(super) fn read(
        dns: Vec<Spanned<String>>,
        ip: Vec<Spanned<String>>,
        uri: Vec<Spanned<String>>,
        email: Vec<Spanned<String>>,
        spiffe: Option<Spanned<String>>,
    ) -> Result<Self, Fault> {
        let ends_in_spiffe = spiffe.is_some();
        let each = |texts: Vec<_>, read: fn(String) -> Result<Name, &'static str>| {
            texts.into_iter().map(move |text| (text, read))
        };
        let texts = each(dns, |text| Ok(Name::Dns(text)))
            .chain(each(ip, address))
            .chain(each(uri, plain_uri))
            .chain(each(email, |text| Ok(Name::Email(text))))
            .chain(each(spiffe.into_iter().collect(), spiffe_id));
        let mut all: Vec<Name> = Vec::new();
        for (text, read) in texts {
            let (span, name) = checked(text, read)?;
            if all.iter().any(|known| known.same_as(&name)) {
                let name = name.to_string();
                return Err(fault(span, Flaw::DuplicateName { name }));
            }
            all.push(name);
        }
        Ok(Self {
            all,
            ends_in_spiffe,
        })
    }

    /// Certificates from 1 to `count`: the item, its common name and its SPIFFE ID end in the number.
    pub(super) fn range(
        &self,
        name: &Spanned<String>,
        entry: &CertificateEntry,
        count: u32,
    ) -> Result<Vec<CertificateEntry>, Fault> {
        if entry.subject.get(Attribute::CommonName).is_none() && !self.ends_in_spiffe {
            let item = entry.name.clone();
            return Err(fault(name.span(), Flaw::CountWithoutName { item }));
        }
        let entries: Vec<_> = (1..=count).map(|n| self.numbered(entry, n)).collect();
        // The last is the longest.
        if let Some(last) = entries.last() {
            check_item_name(name, &last.name)?;
            let text = last.subject.get(Attribute::CommonName).unwrap_or("-");
            if let Some(reason) = common_name_flaw(text) {
                return Err(bad_name(name.span(), text, reason));
            }
        }
        Ok(entries)
    }

    /// Four digits, so that names of one length sort as numbers do; a longer number has more.
    fn numbered(&self, entry: &CertificateEntry, number: u32) -> CertificateEntry {
        let mut numbered = entry.clone();
        let number = format!("-{number:04}");
        numbered.name.push_str(&number);
        if let Some(common_name) = entry.subject.get(Attribute::CommonName) {
            let common_name = format!("{common_name}{number}");
            numbered.subject.set_common_name(common_name);
        }
        if self.ends_in_spiffe
            && let Some(Name::Uri(id)) = numbered.names.last_mut()
        {
            id.push_str(&number);
        }
        numbered
    }
}

fn checked(
    text: Spanned<String>,
    read: fn(String) -> Result<Name, &'static str>,
) -> Result<(Range<usize>, Name), Fault> {
    let (span, text) = (text.span(), text.into_inner());
    let name = read(text.clone())
        .and_then(|name| name.flaw().map_or(Ok(name), Err))
        .map_err(|reason| bad_name(span.clone(), &text, reason))?;
    Ok((span, name))
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

pub(super) fn bad_name(span: Range<usize>, text: &str, reason: &'static str) -> Fault {
    fault(
        span,
        Flaw::Name {
            name: text.escape_debug().to_string(),
            reason,
        },
    )
}
