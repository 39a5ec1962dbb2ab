use anyhow::Result;
use countersign_identity::{Certificate, Pin};
use countersign_pki::{Csr, Key};
use countersign_tls::RevocationList;
use jiff::Timestamp;
use rustls::pki_types::pem::{PemObject, SectionKind};
use serde_json::{Map, Value, json};

use super::certificate;
use crate::certificates::malformed;

/// One thing in a file, and what is to be said of it: for people a line for each fact, for programs a member.
pub(super) struct Item {
    kind: Kind,
    position: usize,
    facts: Vec<(&'static str, Value)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Certificate,
    Request,
    RevocationList,
    Key,
}

/// All that is in `bytes`, PEM or DER, in its order.
pub(super) fn all(bytes: &[u8], now: Timestamp) -> Result<Vec<Item>> {
    let mut items = match bytes.first() {
        // DER is a SEQUENCE, and PEM is text.
        Some(0x30) => Vec::from_iter(in_der(bytes, now)),
        _ => in_pem(bytes, now)?,
    };
    for (index, item) in items.iter_mut().enumerate() {
        item.position = index + 1;
    }
    Ok(items)
}

fn in_pem(bytes: &[u8], now: Timestamp) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
        let (kind, der) = section.map_err(malformed)?;
        match kind {
            SectionKind::Certificate => items.push(read_certificate(&der, now)?),
            SectionKind::Csr => items.push(request(&Csr::from_der(&der)?)),
            SectionKind::Crl => items.push(list(&RevocationList::from_der(&der)?, now)),
            _ => {}
        }
    }
    let text = String::from_utf8_lossy(bytes);
    if text.contains("ENCRYPTED PRIVATE KEY-----") {
        items.push(Item::new(Kind::Key, vec![("encrypted", json!(true))]));
    } else if text.contains("PRIVATE KEY-----") {
        items.push(key(&Key::from_pem(&text)?));
    }
    Ok(items)
}

fn in_der(der: &[u8], now: Timestamp) -> Option<Item> {
    if let Ok(item) = read_certificate(der, now) {
        return Some(item);
    }
    if let Ok(found) = RevocationList::from_der(der) {
        return Some(list(&found, now));
    }
    let found = Csr::from_der(der).map(|csr| request(&csr));
    found
        .or_else(|_| Key::from_pkcs8_der(der).map(|found| key(&found)))
        .ok()
}

fn read_certificate(der: &[u8], now: Timestamp) -> Result<Item> {
    let certificate = Certificate::from_der(der)?;
    let facts = certificate::facts(&certificate, now);
    Ok(Item::new(Kind::Certificate, facts))
}

fn request(csr: &Csr) -> Item {
    let names = csr.names().iter().map(ToString::to_string);
    let facts = vec![
        ("common name", json!(csr.common_name())),
        ("names", names.collect::<Value>()),
        ("pin", json!(Pin::of(csr.public_key_der()).to_string())),
    ];
    Item::new(Kind::Request, facts)
}

fn list(list: &RevocationList, now: Timestamp) -> Item {
    let stale = now.as_second() > list.next_update().as_second();
    let facts = vec![
        ("issuer", json!(list.issuer().to_string())),
        ("number", json!(list.number())),
        ("this update", json!(list.this_update().to_string())),
        ("next update", json!(list.next_update().to_string())),
        ("stale", json!(stale)),
        ("entries", json!(list.len())),
    ];
    Item::new(Kind::RevocationList, facts)
}

fn key(key: &Key) -> Item {
    let facts = vec![
        ("kind", json!(key.kind().map(|kind| kind.to_string()))),
        ("pin", json!(Pin::of(key.public_key_der()).to_string())),
    ];
    Item::new(Kind::Key, facts)
}

impl Item {
    fn new(kind: Kind, facts: Vec<(&'static str, Value)>) -> Self {
        Self {
            kind,
            position: 0,
            facts,
        }
    }

    pub(super) fn is_linted(&self) -> bool {
        matches!(self.kind, Kind::Certificate | Kind::Key)
    }

    pub(super) fn title(&self) -> String {
        format!("{} ({})", self.kind.as_str(), self.position)
    }

    /// What is not there is not told; several values have a line each.
    pub(super) fn lines(&self) -> Vec<Vec<String>> {
        let facts = self.facts.iter().flat_map(|(name, value)| match value {
            Value::Null => Vec::new(),
            Value::Array(values) => values.iter().map(|value| (*name, text(value))).collect(),
            value => vec![(*name, text(value))],
        });
        facts
            .map(|(name, value)| vec![format!("  {name}"), value])
            .collect()
    }

    pub(super) fn document(&self) -> Value {
        let facts = self.facts.iter();
        let facts = facts.map(|(name, value)| (name.replace(' ', "_"), value.clone()));
        let kind = ("item".to_owned(), json!(self.kind.as_str()));
        Value::Object([kind].into_iter().chain(facts).collect::<Map<_, _>>())
    }
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Request => "certificate request",
            Self::RevocationList => "revocation list",
            Self::Key => "private key",
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}
