//! How does who trusts an older root reach the one in place? The cross-certificates of a rotation.

use jiff::Timestamp;

use crate::facts::{Facts, is_signed_by};

/// The certificates, of those in the file, that lead from this root to older ones: the first is for the
/// root's own key and name, each further one for the key that signed the one before. One that is not
/// valid now leads nowhere.
pub(crate) fn links(root: &Facts, file: Vec<Vec<u8>>, now: Timestamp) -> Vec<Vec<u8>> {
    let mut links: Vec<Vec<u8>> = Vec::new();
    for der in file {
        let Some(facts) = Facts::read(&der) else {
            continue;
        };
        let is_next = match links.last() {
            None => facts.subject == root.subject && facts.public_key == root.public_key,
            Some(last) => is_signed_by(last, &facts.public_key),
        };
        let is_valid = facts.validity.from <= now && now <= facts.validity.until;
        if is_next && is_valid && facts.is_ca {
            links.push(der);
        }
    }
    links
}
