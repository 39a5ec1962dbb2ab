//! How is a ledger written? The TOML document of `revoked.toml`.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::crl::RevocationReason;
use crate::ledger::{Revocation, normal};

/// The whole file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LedgerDocument {
    version: u64,
    #[serde(default)]
    revoked: Vec<RevokedDocument>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RevokedDocument {
    name: String,
    issuer: String,
    serial: String,
    reason: String,
    at: String,
}

impl LedgerDocument {
    pub(crate) fn parse(text: &str) -> Result<Vec<Revocation>, String> {
        let document: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if document.version != 1 {
            return Err(format!("its version is {}, not 1", document.version));
        }
        document.revoked.into_iter().map(revocation).collect()
    }

    pub(crate) fn write(all: &[Revocation]) -> Result<String, String> {
        let document = Self {
            version: 1,
            revoked: all.iter().map(RevokedDocument::from).collect(),
        };
        toml::to_string(&document).map_err(|error| error.to_string())
    }
}

impl From<&Revocation> for RevokedDocument {
    fn from(revocation: &Revocation) -> Self {
        Self {
            name: revocation.name.clone(),
            issuer: revocation.issuer.clone(),
            serial: HEXLOWER.encode(&revocation.serial),
            reason: revocation.reason.to_string(),
            at: revocation.at.to_string(),
        }
    }
}

fn revocation(document: RevokedDocument) -> Result<Revocation, String> {
    let bad = |what: &str, text: &str| format!("`{}` is no {what}", text.escape_debug());
    let serial = HEXLOWER.decode(document.serial.as_bytes());
    let serial = serial.map_err(|_| bad("serial number", &document.serial))?;
    let reason = RevocationReason::named(&document.reason);
    let at = document.at.parse::<Timestamp>();
    Ok(Revocation {
        serial: normal(&serial).to_vec(),
        reason: reason.ok_or_else(|| bad("reason", &document.reason))?,
        at: at.map_err(|_| bad("moment", &document.at))?,
        name: document.name,
        issuer: document.issuer,
    })
}
