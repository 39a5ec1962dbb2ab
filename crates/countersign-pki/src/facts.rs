//! What does a certificate say? The few facts that the store compares, read from its bytes.
//!
//! It judges nothing: whose certificate it is, and whether to trust it, is asked elsewhere.

use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::parse_x509_certificate;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::der;
use crate::extension;
use crate::name::Name;
use crate::usage::Usage;
use crate::validity::Validity;

pub(crate) struct Facts {
    /// The subject, as encoded.
    pub(crate) subject: Vec<u8>,
    /// The issuer's name, as encoded.
    pub(crate) issuer: Vec<u8>,
    /// What the subject states: object identifiers as encoded, and texts. A value that is no text is empty.
    pub(crate) attributes: Vec<(Vec<u8>, String)>,
    /// The subject's first common name.
    pub(crate) common_name: Option<String>,
    pub(crate) validity: Validity,
    /// The SubjectPublicKeyInfo, as encoded.
    pub(crate) public_key: Vec<u8>,
    /// basicConstraints says CA.
    pub(crate) is_ca: bool,
    /// keyUsage allows the signing of certificates, or is absent.
    pub(crate) signs_certificates: bool,
    /// How many authorities may follow; `None` is any number.
    pub(crate) path_len: Option<u32>,
    /// The subject alternative names of the kinds that a manifest knows.
    pub(crate) names: Vec<Name>,
    /// The subject key identifier.
    pub(crate) key_id: Option<Vec<u8>>,
    /// There are names of other kinds as well.
    pub(crate) has_other_names: bool,
    /// The purposes, in the order of the certificate, that a manifest knows.
    pub(crate) usage: Vec<Usage>,
    /// There are other purposes as well, any purpose among them.
    pub(crate) has_other_usage: bool,
    /// The content of the extension keyUsage.
    pub(crate) key_usage: Option<Vec<u8>>,
    /// The extensions that are none of the usual ones: object identifiers as encoded, and contents.
    pub(crate) extensions: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Facts {
    /// Reads the facts; `None` if it is not exactly one well-formed certificate.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let certificate = parse(der)?;
        let constraints = certificate.basic_constraints().ok()?.map(|e| e.value);
        let key_usage = certificate.key_usage().ok()?.map(|e| e.value);
        let dates = certificate.validity();
        let (names, has_other_names) = names(&certificate)?;
        let (usage, has_other_usage) = purposes(&certificate)?;
        Some(Self {
            subject: certificate.subject().as_raw().to_vec(),
            issuer: certificate.issuer().as_raw().to_vec(),
            attributes: attributes(&certificate),
            common_name: common_name(&certificate),
            validity: Validity::of_seconds(
                dates.not_before.timestamp(),
                dates.not_after.timestamp(),
            ),
            public_key: certificate.public_key().raw.to_vec(),
            is_ca: constraints.is_some_and(|c| c.ca),
            signs_certificates: key_usage.is_none_or(|u| u.key_cert_sign()),
            path_len: constraints.and_then(|c| c.path_len_constraint),
            names,
            key_id: key_id(&certificate),
            has_other_names,
            usage,
            has_other_usage,
            key_usage: content(&certificate, extension::KEY_USAGE),
            extensions: further_extensions(&certificate),
        })
    }

    /// The content of an extension that is none of the usual ones.
    pub(crate) fn extension(&self, oid: &[u64]) -> Option<&[u8]> {
        let oid = der::oid(oid);
        let mut all = self.extensions.iter();
        let found = all.find(|(known, _)| *known == oid);
        found.map(|(_, content)| content.as_slice())
    }
}

/// Whether the certificate carries a signature by the key with this SubjectPublicKeyInfo.
pub(crate) fn is_signed_by(der: &[u8], public_key: &[u8]) -> bool {
    let Some(certificate) = parse(der) else {
        return false;
    };
    let Ok((_, key)) = SubjectPublicKeyInfo::from_der(public_key) else {
        return false;
    };
    certificate.verify_signature(Some(&key)).is_ok()
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    match parse_x509_certificate(der) {
        Ok(([], certificate)) => Some(certificate),
        _ => None,
    }
}

fn attributes(certificate: &X509Certificate<'_>) -> Vec<(Vec<u8>, String)> {
    let all = certificate.subject().iter_attributes();
    let all = all.map(|attribute| {
        let oid = attribute.attr_type().as_bytes();
        let text = attribute.as_str().unwrap_or_default();
        (der::value(der::OBJECT_IDENTIFIER, oid), text.to_owned())
    });
    all.collect()
}

fn content(certificate: &X509Certificate<'_>, oid: &[u64]) -> Option<Vec<u8>> {
    let oid = der::oid(oid);
    let mut all = certificate.iter_extensions();
    let found = all.find(|e| der::value(der::OBJECT_IDENTIFIER, e.oid.as_bytes()) == oid);
    found.map(|e| e.value.to_vec())
}

/// Those beside the ones that every certificate of ours has, and that are compared otherwise.
fn further_extensions(certificate: &X509Certificate<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let usual = extension::USUAL.map(der::oid);
    let all = certificate.iter_extensions();
    let all = all.map(|e| {
        let oid = der::value(der::OBJECT_IDENTIFIER, e.oid.as_bytes());
        (oid, e.value.to_vec())
    });
    all.filter(|(oid, _)| !usual.contains(oid)).collect()
}

fn common_name(certificate: &X509Certificate<'_>) -> Option<String> {
    let attribute = certificate.subject().iter_common_name().next()?;
    attribute.as_str().ok().map(str::to_owned)
}

fn key_id(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    let parsed = certificate.iter_extensions().map(|e| e.parsed_extension());
    let mut ids = parsed.filter_map(|e| match e {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    });
    ids.next()
}

/// The names that a manifest can ask for, and whether there are others.
fn names(certificate: &X509Certificate<'_>) -> Option<(Vec<Name>, bool)> {
    let Some(extension) = certificate.subject_alternative_name().ok()? else {
        return Some((Vec::new(), false));
    };
    let all = &extension.value.general_names;
    let known: Vec<Name> = all.iter().filter_map(name).collect();
    let has_others = known.len() < all.len();
    Some((known, has_others))
}

/// The purposes that a manifest can ask for, and whether there are others.
fn purposes(certificate: &X509Certificate<'_>) -> Option<(Vec<Usage>, bool)> {
    let Some(extension) = certificate.extended_key_usage().ok()? else {
        return Some((Vec::new(), false));
    };
    let found = extension.value;
    let known = [
        (found.server_auth, Usage::Server),
        (found.client_auth, Usage::Client),
    ];
    let known = known.into_iter().filter(|(is, _)| *is).map(|(_, u)| u);
    let has_others = found.any
        || found.code_signing
        || found.email_protection
        || found.time_stamping
        || found.ocsp_signing
        || !found.other.is_empty();
    Some((known.collect(), has_others))
}

pub(crate) fn name(name: &GeneralName<'_>) -> Option<Name> {
    match name {
        GeneralName::DNSName(dns) => Some(Name::Dns((*dns).to_owned())),
        GeneralName::URI(uri) => Some(Name::Uri((*uri).to_owned())),
        GeneralName::RFC822Name(address) => Some(Name::Email((*address).to_owned())),
        GeneralName::IPAddress(bytes) => address(bytes).map(Name::Ip),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}
