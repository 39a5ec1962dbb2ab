//! Can these trusts be in force together?

use std::collections::HashMap;

use rustls::DistinguishedName;

use crate::judge::Judge;
use crate::{CaHints, SnapshotError, Trust};

/// That no name, no anchor and no pin is in two trusts.
pub(super) fn check(trusts: &[Trust]) -> Result<(), SnapshotError> {
    if trusts.is_empty() {
        return Err(SnapshotError::NoTrust);
    }
    let mut names = HashMap::new();
    let mut anchors = HashMap::new();
    for (index, trust) in trusts.iter().enumerate() {
        if names.insert(trust.name(), ()).is_some() {
            return Err(SnapshotError::NameTaken {
                name: trust.name().clone(),
            });
        }
        check_pins(trust, trusts.iter().take(index))?;
        let of_trust = trust.anchors().into_iter();
        for anchor in of_trust.flat_map(|anchors| anchors.iter()) {
            // By key and not by bytes: a re-issued CA certificate vouches for the same callers.
            let key = (anchor.subject.as_ref(), anchor.certificate.pin());
            let first = anchors.insert(key, trust);
            if let Some(first) = first.filter(|first| first.name() != trust.name()) {
                return Err(SnapshotError::AnchorShared {
                    first: first.name().clone(),
                    second: trust.name().clone(),
                    subject: anchor.certificate.subject().to_string(),
                });
            }
        }
    }
    Ok(())
}

fn check_pins<'a>(
    trust: &Trust,
    others: impl Iterator<Item = &'a Trust>,
) -> Result<(), SnapshotError> {
    for other in others {
        let pair = other.pins().zip(trust.pins());
        if let Some(pin) = pair.and_then(|(one, two)| one.shared_with(two)) {
            return Err(SnapshotError::PinShared {
                first: other.name().clone(),
                second: trust.name().clone(),
                pin,
            });
        }
    }
    Ok(())
}

/// The list of CA names has a length of two bytes (RFC 8446, section 4.2.4), and a message with all
/// of it must fit into what clients take: OpenSSL's limit is 100 KiB, Java's 32 KiB.
const MOST: usize = 32 * 1024;

/// The names of CAs that clients are told, each once.
pub(super) fn hints(judges: &[Judge]) -> Result<Vec<DistinguishedName>, SnapshotError> {
    let mut hints: Vec<DistinguishedName> = Vec::new();
    for judge in judges {
        let anchors = match judge.trust().hints() {
            CaHints::None => &[],
            CaHints::All => judge.anchors(),
            CaHints::Listed(listed) => listed.as_slice(),
        };
        for anchor in anchors {
            let same = |hint: &DistinguishedName| hint.as_ref() == anchor.subject.as_ref();
            if !hints.iter().any(same) {
                hints.push(anchor.subject.clone());
            }
        }
    }
    let len = hints.iter().map(|name| name.as_ref().len() + 2).sum();
    match len > MOST {
        true => Err(SnapshotError::HintsTooLarge { len, max: MOST }),
        false => Ok(hints),
    }
}
