//! What is wrong with the order of certificates? A chain is the leaf, and then each one's issuer.

use x509_parser::prelude::X509Certificate;

use super::certificate::is_authority;
use super::{Certificates, Finding, error, warning};

/// A text with authorities alone is a bundle, whose order nobody minds.
pub(super) fn check(certificates: &Certificates<'_>, findings: &mut Vec<Finding>) {
    let Some(leaf) = certificates.iter().position(|(_, it)| !is_authority(it)) else {
        return;
    };
    if leaf > 0
        && let Some((item, _)) = certificates.get(leaf)
    {
        let message = "it is a leaf, which goes first";
        findings.push(error(item, "wrong-order", message));
        return;
    }
    for pair in certificates.windows(2) {
        if let [(_, below), (item, above)] = pair
            && !is_signed_by(below, above)
        {
            let elsewhere = certificates.iter().any(|(_, it)| is_signed_by(below, it));
            let message = "it did not issue the one before it";
            findings.push(match elsewhere {
                true => error(item, "wrong-order", message),
                false => warning(item, "unrelated", message),
            });
        }
    }
    if let Some((item, last)) = certificates.last()
        && certificates.len() > 1
        && is_self_signed(last)
    {
        let message = "it is a root, which is trusted or not, and need not be sent";
        findings.push(warning(item, "root-sent", message));
    }
}

pub(super) fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    is_signed_by(certificate, certificate)
}

fn is_signed_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    certificate.issuer().as_raw() == issuer.subject().as_raw()
        && certificate
            .verify_signature(Some(issuer.public_key()))
            .is_ok()
}
