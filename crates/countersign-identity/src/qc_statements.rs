//! What does a qualified certificate state about itself (ETSI EN 319 412-5)?

use std::fmt;

use crate::der::{self, Der, Value};
use crate::{Certificate, Oid, Psd2Error, oid};

/// The statements of the qcStatements extension (RFC 3739, section 3.2.6), as far as they are known.
///
/// They are strict DER in the form that the standards give, or an error: nothing is guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QcStatements {
    is_qualified: bool,
    types: Vec<QcType>,
    legislation: Vec<String>,
    /// The information of the PSD2 statement.
    psd2: Option<Box<[u8]>>,
}

/// What a qualified certificate is for (ETSI EN 319 412-5, section 4.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QcType {
    /// The signature of a person.
    Esign,
    /// The seal of an organization: a QSealC.
    Eseal,
    /// A website, and so TLS: a QWAC.
    Web,
    /// A type that we do not know.
    Other(Oid),
}

impl QcStatements {
    /// The statements of `certificate`. None, if it has no such extension.
    ///
    /// # Errors
    ///
    /// The extension is malformed, or a statement stands there twice.
    pub fn of(certificate: &Certificate) -> Result<Option<Self>, Psd2Error> {
        certificate.qc_statements().map(Self::from_der).transpose()
    }

    /// Reads the value of a qcStatements extension.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn from_der(value: &[u8]) -> Result<Self, Psd2Error> {
        let mut list = Der::new(Der::only(value, der::SEQUENCE).ok_or(LIST)?);
        let mut found = Self::default();
        let mut seen = Vec::new();
        while !list.is_empty() {
            let statement = list.value().ok_or(LIST)?;
            if statement.tag == der::OBJECT_IDENTIFIER {
                return Err(Psd2Error::Bare);
            }
            let (id, info) = parts(statement).ok_or(STATEMENT)?;
            if seen.contains(&id) {
                let statement = Oid::of_checked(id);
                return Err(Psd2Error::Repeated { statement });
            }
            if found.read(id, info)? {
                seen.push(id);
            }
        }
        Ok(found)
    }

    /// Whether the issuer states that the certificate is a qualified one (QcCompliance).
    pub fn is_qualified(&self) -> bool {
        self.is_qualified
    }

    /// What the certificate is for (QcType); nothing, if it does not say.
    pub fn types(&self) -> &[QcType] {
        &self.types
    }

    /// The countries under whose law the certificate is a qualified one (QcCClegislation), as two
    /// letters; none stands for the European Union.
    pub fn legislation(&self) -> &[String] {
        &self.legislation
    }

    pub(crate) fn psd2(&self) -> Option<&[u8]> {
        self.psd2.as_deref()
    }

    /// Reads a statement, if it is one that we know; answers whether it is.
    fn read(&mut self, id: &[u8], info: Option<Value<'_>>) -> Result<bool, Psd2Error> {
        match (id, info) {
            (QC_COMPLIANCE, None) => self.is_qualified = true,
            (QC_COMPLIANCE, Some(_)) => return Err(COMPLIANCE),
            (QC_TYPE, info) => self.types = sequence(info, QcType::read).ok_or(TYPE)?,
            (QC_LEGISLATION, info) => {
                self.legislation = sequence(info, country).ok_or(LEGISLATION)?;
            }
            (PSD2, Some(info)) => self.psd2 = Some(info.encoding.into()),
            (PSD2, None) => return Err(PSD2_STATEMENT),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl QcType {
    fn read(value: Value<'_>) -> Option<Self> {
        let oid = is(value, der::OBJECT_IDENTIFIER)?;
        Some(match oid {
            ESIGN => Self::Esign,
            ESEAL => Self::Eseal,
            WEB => Self::Web,
            other => Self::Other(Oid::from_content(other)?),
        })
    }
}

impl fmt::Display for QcType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Esign => f.pad("esign"),
            Self::Eseal => f.pad("eseal"),
            Self::Web => f.pad("web"),
            Self::Other(oid) => oid.fmt(f),
        }
    }
}

/// QCStatement ::= SEQUENCE { statementId, statementInfo OPTIONAL }
fn parts(statement: Value<'_>) -> Option<(&[u8], Option<Value<'_>>)> {
    let mut parts = Der::new(is(statement, der::SEQUENCE)?);
    let id = parts.content(der::OBJECT_IDENTIFIER)?;
    let info = match parts.is_empty() {
        true => None,
        false => Some(parts.value()?),
    };
    (parts.is_empty() && oid::is_content(id)).then_some((id, info))
}

/// What `read` makes of the members of a sequence that has at least one.
fn sequence<'a, T>(
    info: Option<Value<'a>>,
    read: impl Fn(Value<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    let mut members = Der::new(is(info?, der::SEQUENCE)?);
    let mut found = vec![read(members.value()?)?];
    while !members.is_empty() {
        found.push(read(members.value()?)?);
    }
    Some(found)
}

fn country(value: Value<'_>) -> Option<String> {
    let letters = std::str::from_utf8(is(value, der::PRINTABLE_STRING)?).ok()?;
    let is_country = letters.len() == 2 && letters.bytes().all(|byte| byte.is_ascii_uppercase());
    is_country.then(|| letters.to_owned())
}

fn is(value: Value<'_>, tag: u8) -> Option<&[u8]> {
    (value.tag == tag).then_some(value.content)
}

const fn malformed(part: &'static str) -> Psd2Error {
    Psd2Error::Encoding { part }
}

const COMPLIANCE: Psd2Error = malformed("QcCompliance");
const LEGISLATION: Psd2Error = malformed("QcCClegislation");
const LIST: Psd2Error = malformed("the list of statements");
const PSD2_STATEMENT: Psd2Error = malformed("the PSD2 statement");
const STATEMENT: Psd2Error = malformed("a statement");
const TYPE: Psd2Error = malformed("QcType");

/// 0.4.0.1862.1.1, 6 and 7
const QC_COMPLIANCE: &[u8] = &[4, 0, 0x8e, 0x46, 1, 1];
const QC_TYPE: &[u8] = &[4, 0, 0x8e, 0x46, 1, 6];
const QC_LEGISLATION: &[u8] = &[4, 0, 0x8e, 0x46, 1, 7];
/// 0.4.0.1862.1.6.1 to 3
const ESIGN: &[u8] = &[4, 0, 0x8e, 0x46, 1, 6, 1];
const ESEAL: &[u8] = &[4, 0, 0x8e, 0x46, 1, 6, 2];
const WEB: &[u8] = &[4, 0, 0x8e, 0x46, 1, 6, 3];
/// 0.4.0.19495.2
const PSD2: &[u8] = &[4, 0, 0x81, 0x98, 0x27, 2];
