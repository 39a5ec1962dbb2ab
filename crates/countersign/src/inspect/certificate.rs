//! The facts of a certificate.

use countersign_identity::{AltName, Certificate, KeyUsage, Psd2};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) fn facts(certificate: &Certificate, now: Timestamp) -> Vec<(&'static str, Value)> {
    let text = |value: &dyn ToString| json!(value.to_string());
    let mut facts = vec![
        ("version", json!(certificate.version())),
        ("subject", text(certificate.subject())),
        ("issuer", text(certificate.issuer())),
        ("serial", json!(certificate.serial())),
        ("not before", text(&certificate.not_before())),
        ("not after", text(&certificate.not_after())),
        ("days left", json!(days_left(certificate, now))),
        (
            "names",
            list(certificate.alt_names().iter().map(AltName::to_string)),
        ),
        ("key", text(certificate.key_kind())),
        ("signature", text(certificate.signature_algorithm())),
        ("key usage", key_usage(certificate)),
        ("extended key usage", extended(certificate)),
        ("ca", json!(certificate.is_ca())),
        ("path length", path_length(certificate)),
        ("subject key id", hex(certificate.subject_key_id())),
        ("authority key id", hex(certificate.authority_key_id())),
        ("x5t#S256", text(&certificate.thumbprint())),
        ("pin", text(&certificate.pin())),
    ];
    if certificate.qc_statements().is_some() {
        facts.extend(psd2(certificate));
    }
    facts
}

/// Whole days; negative once it has ended.
fn days_left(certificate: &Certificate, now: Timestamp) -> i64 {
    let left = certificate.not_after().as_second() - now.as_second();
    left.div_euclid(24 * 3600)
}

fn key_usage(certificate: &Certificate) -> Value {
    let Some(usages) = certificate.key_usage() else {
        return Value::Null;
    };
    let allowed = KeyUsage::ALL.into_iter();
    list(
        allowed
            .filter(|usage| usages.allow(*usage))
            .map(KeyUsage::as_str),
    )
}

fn extended(certificate: &Certificate) -> Value {
    let usages = certificate.extended_key_usage();
    usages.map_or(Value::Null, |usages| {
        list(usages.iter().map(|oid| purpose(&oid.to_string())))
    })
}

/// RFC 5280, section 4.2.1.12.
fn purpose(oid: &str) -> String {
    let name = match oid {
        "2.5.29.37.0" => "anyExtendedKeyUsage",
        "1.3.6.1.5.5.7.3.1" => "serverAuth",
        "1.3.6.1.5.5.7.3.2" => "clientAuth",
        other => other,
    };
    name.to_owned()
}

fn path_length(certificate: &Certificate) -> Value {
    let constraints = certificate.basic_constraints();
    json!(constraints.and_then(|constraints| constraints.path_len))
}

fn psd2(certificate: &Certificate) -> Vec<(&'static str, Value)> {
    let psd2 = match Psd2::of(certificate) {
        Ok(psd2) => psd2,
        Err(error) => return vec![("psd2", json!(format!("no rights: {error}")))],
    };
    let unknown = psd2.unknown_roles().iter().map(ToString::to_string);
    vec![
        ("psd2 organization", json!(psd2.organization().to_string())),
        ("psd2 authority", json!(psd2.nca_name())),
        (
            "psd2 roles",
            list(psd2.roles().iter().map(ToString::to_string)),
        ),
        ("psd2 unknown roles", list(unknown)),
        (
            "qc types",
            list(psd2.statements().types().iter().map(ToString::to_string)),
        ),
    ]
}

fn hex(id: Option<&[u8]>) -> Value {
    json!(id.map(|id| HEXLOWER.encode(id)))
}

fn list<T: Into<Value>>(values: impl Iterator<Item = T>) -> Value {
    values.collect()
}
