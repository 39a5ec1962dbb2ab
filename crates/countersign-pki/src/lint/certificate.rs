//! What is wrong with one certificate?

use jiff::Timestamp;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{X509Certificate, X509Version};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::{Finding, error, warning};
use crate::validity::Validity;

/// The longest that browsers accept of a server, in days.
const LONGEST: i64 = 398;

/// Signatures over MD5 and SHA-1: with RSA, with ECDSA.
const WEAK_SIGNATURES: [&str; 3] = [
    "1.2.840.113549.1.1.4",
    "1.2.840.113549.1.1.5",
    "1.2.840.10045.4.1",
];

const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";
const P521: &str = "1.3.132.0.35";

pub(super) fn check(
    item: &str,
    certificate: &X509Certificate<'_>,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    if certificate.version() != X509Version::V3 {
        let message = "it is not of version 3, so no extension says what it is for";
        findings.push(error(item, "old-version", message));
    }
    findings.extend(dates(item, certificate, now));
    findings.extend(weak_key(item, certificate.public_key()));
    let is_self_signed = super::chain::is_self_signed(certificate);
    // Nobody looks at the signature of a root.
    if !is_self_signed {
        findings.extend(signature(item, certificate));
    }
    match is_authority(certificate) {
        true => authority(item, certificate, findings),
        false => leaf(item, certificate, findings),
    }
}

/// Whether basicConstraints says CA.
pub(super) fn is_authority(certificate: &X509Certificate<'_>) -> bool {
    let constraints = certificate.basic_constraints().ok().flatten();
    constraints.is_some_and(|constraints| constraints.value.ca)
}

fn dates(item: &str, certificate: &X509Certificate<'_>, now: Timestamp) -> Option<Finding> {
    let dates = certificate.validity();
    let dates = Validity::of_seconds(dates.not_before.timestamp(), dates.not_after.timestamp());
    let Validity { from, until } = dates;
    let left = until.as_second().saturating_sub(now.as_second());
    if until < now {
        Some(error(item, "expired", format!("it expired at {until}")))
    } else if now < from {
        Some(error(
            item,
            "not-yet-valid",
            format!("it is not valid before {from}"),
        ))
    } else if left <= dates.length() / 3 {
        Some(warning(
            item,
            "ends-soon",
            format!("it ends soon, at {until}"),
        ))
    } else {
        None
    }
}

fn signature(item: &str, certificate: &X509Certificate<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
    if WEAK_SIGNATURES.contains(&algorithm.as_str()) {
        let message = "it is signed over MD5 or SHA-1, which no TLS library accepts";
        found.push(error(item, "weak-signature", message));
    }
    let mut extensions = certificate.iter_extensions().map(|e| e.parsed_extension());
    if !extensions.any(|e| matches!(e, ParsedExtension::AuthorityKeyIdentifier(_))) {
        let message = "it does not say which key signed it (RFC 5280, 4.2.1.1)";
        found.push(warning(item, "no-authority-key-id", message));
    }
    found
}

pub(super) fn weak_key(item: &str, key: &SubjectPublicKeyInfo<'_>) -> Option<Finding> {
    let Ok(PublicKey::RSA(rsa)) = key.parsed() else {
        let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
        let curve = curve.to_id_string();
        let is_known = [P256, P384, P521].contains(&curve.as_str());
        let message = format!("its key is on the curve {curve}, which few TLS libraries know");
        return (!is_known).then(|| warning(item, "odd-curve", message));
    };
    let bits = rsa.key_size();
    let message = format!("its RSA key has {bits} bits, not at least 2048");
    (bits < 2048).then(|| error(item, "weak-key", message))
}

fn authority(item: &str, certificate: &X509Certificate<'_>, findings: &mut Vec<Finding>) {
    let usage = certificate.key_usage().ok().flatten();
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        let message = "it is an authority's, but may not sign certificates: no keyCertSign";
        findings.push(error(item, "no-key-cert-sign", message));
    }
    let names = certificate.subject_alternative_name().ok().flatten();
    if names.is_some() {
        let message = "it has the names of a server or a client, but says CA:TRUE";
        findings.push(error(item, "authority-as-leaf", message));
    }
}

fn leaf(item: &str, certificate: &X509Certificate<'_>, findings: &mut Vec<Finding>) {
    let usage = certificate.key_usage().ok().flatten();
    if usage.is_some_and(|usage| !usage.value.digital_signature()) {
        let message = "its key may not sign a handshake: no digitalSignature";
        findings.push(error(item, "no-digital-signature", message));
    }
    let purposes = certificate.extended_key_usage().ok().flatten();
    let is_server = purposes.as_ref().is_some_and(|p| p.value.server_auth);
    let is_client = purposes.as_ref().is_some_and(|p| p.value.client_auth);
    if purposes.is_none() {
        let message = "it does not say what it is for: neither serverAuth nor clientAuth";
        findings.push(warning(item, "no-purpose", message));
    } else if !is_server && !is_client {
        let message = "it is for neither end of TLS: no serverAuth and no clientAuth";
        findings.push(error(item, "no-tls-purpose", message));
    }
    let names = certificate.subject_alternative_name().ok().flatten();
    if names.is_none() {
        let message = "it has no subject alternative name; the common name is not looked at";
        findings.push(match is_server {
            true => error(item, "no-alternative-name", message),
            false => warning(item, "no-alternative-name", message),
        });
    }
    let dates = certificate.validity();
    let seconds = dates
        .not_after
        .timestamp()
        .saturating_sub(dates.not_before.timestamp());
    let days = seconds / (24 * 60 * 60);
    if days > LONGEST {
        let message = format!("it is valid for {days} days, more than {LONGEST}");
        findings.push(warning(item, "long-lived", message));
    }
}
