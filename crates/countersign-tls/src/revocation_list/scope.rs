use crate::CrlError;
use crate::der::{Element, Reader, SEQUENCE};
use crate::link::Link;

/// For which certificates of its issuer a list speaks (RFC 5280, section 5.2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    holders: Holders,
    /// Only for those that are to look for their list at one of these URLs.
    points: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Holders {
    #[default]
    All,
    Authorities,
    Leaves,
}

impl Scope {
    /// The certificate without distribution points may be covered by a list that has some.
    pub(super) fn covers(&self, link: &Link) -> bool {
        let held = match self.holders {
            Holders::All => true,
            Holders::Authorities => link.is_ca,
            Holders::Leaves => !link.is_ca,
        };
        held && match (&self.points, &link.points) {
            (Some(ours), Some(theirs)) => theirs.iter().any(|url| ours.contains(url)),
            (None, _) | (_, None) => true,
        }
    }

    /// Reads an issuingDistributionPoint.
    pub(super) fn read(der: &[u8]) -> Result<Self, CrlError> {
        let mut scope = Self::default();
        let parts = Element::only(der, SEQUENCE).ok_or(CrlError::Encoding)?;
        let mut parts = parts.inside();
        while !parts.is_empty() {
            let part = parts.any().ok_or(CrlError::Encoding)?;
            match part.tag {
                POINT => scope.points = Some(urls(part).ok_or(CrlError::Encoding)?),
                ONLY_LEAVES if is_true(part) => scope.holders = Holders::Leaves,
                ONLY_AUTHORITIES if is_true(part) => scope.holders = Holders::Authorities,
                SOME_REASONS => return Err(CrlError::SomeReasons),
                INDIRECT if is_true(part) => return Err(CrlError::Indirect),
                ONLY_ATTRIBUTES if is_true(part) => return Err(CrlError::AttributeCertificates),
                ONLY_LEAVES | ONLY_AUTHORITIES | INDIRECT | ONLY_ATTRIBUTES => {}
                _ => return Err(CrlError::Encoding),
            }
        }
        Ok(scope)
    }
}

const POINT: u8 = 0xa0;
const ONLY_LEAVES: u8 = 0x81;
const ONLY_AUTHORITIES: u8 = 0x82;
const SOME_REASONS: u8 = 0x83;
const INDIRECT: u8 = 0x84;
const ONLY_ATTRIBUTES: u8 = 0x85;
const FULL_NAME: u8 = 0xa0;
const URI: u8 = 0x86;

fn is_true(part: Element<'_>) -> bool {
    part.content != [0]
}

fn urls(point: Element<'_>) -> Option<Vec<String>> {
    let mut inside = point.inside();
    let name = inside.any()?;
    if !inside.is_empty() {
        return None;
    }
    match name.tag {
        FULL_NAME => uris(name.inside()),
        // Relative to the issuer: no URL that a certificate could share.
        _ => Some(Vec::new()),
    }
}

fn uris(mut names: Reader<'_>) -> Option<Vec<String>> {
    let mut found = Vec::new();
    while !names.is_empty() {
        let name = names.any()?;
        if name.tag == URI {
            found.push(std::str::from_utf8(name.content).ok()?.to_owned());
        }
    }
    Some(found)
}
