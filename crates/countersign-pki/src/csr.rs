//! What does somebody else ask for? A certificate signing request (PKCS#10, RFC 2986), checked.
//!
//! A [`Csr`] is proof that the asker has the key, and that every name asked for can stand in a
//! certificate. It grants nothing: which names and extensions are written, the signer says.

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

use crate::error::IssueError;
use crate::facts;
use crate::name::{self, Name};
use crate::pem;

/// A certificate signing request whose signature fits its key.
///
/// ```
/// use countersign_pki::Csr;
///
/// assert!(Csr::from_pem("nothing of the kind").is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Csr {
    public_key: Vec<u8>,
    common_name: Option<String>,
    names: Vec<Name>,
}

impl Csr {
    /// Reads and checks the first request of a PEM text.
    ///
    /// # Errors
    /// [`IssueError::RequestRefused`] with the reason: it cannot be read, its signature is wrong or of a
    /// kind that is not known here, or it asks for a name that no certificate should carry.
    pub fn from_pem(text: &str) -> Result<Self, IssueError> {
        let labels = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
        let der = labels.into_iter().find_map(|label| pem::first(label, text));
        let der = der.ok_or_else(|| refused("there is no PEM block `CERTIFICATE REQUEST`"))?;
        Self::from_der(&der)
    }

    /// Reads and checks a request.
    ///
    /// # Errors
    /// As [`from_pem`](Self::from_pem).
    pub fn from_der(der: &[u8]) -> Result<Self, IssueError> {
        let Ok(([], request)) = X509CertificationRequest::from_der(der) else {
            return Err(refused("it is not exactly one well-formed request"));
        };
        // Proof of possession: without it, a name could be bound to somebody else's key.
        request
            .verify_signature()
            .map_err(|_| refused("its signature does not fit its key, or is of an unknown kind"))?;
        let info = &request.certification_request_info;
        Ok(Self {
            // As encoded: the curve is the key's, whatever digest the request was signed with.
            public_key: info.subject_pki.raw.to_vec(),
            common_name: common_name(&request)?,
            names: names(&request)?,
        })
    }

    /// The common name asked for.
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// The subject alternative names asked for.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The SubjectPublicKeyInfo to certify.
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key
    }
}

fn common_name(request: &X509CertificationRequest<'_>) -> Result<Option<String>, IssueError> {
    let subject = &request.certification_request_info.subject;
    let mut found = subject.iter_common_name();
    let (first, second) = (found.next(), found.next());
    let Some(attribute) = first else {
        return Ok(None);
    };
    let text = attribute.as_str().ok().filter(|_| second.is_none());
    let text = text.ok_or_else(|| refused("its common name is not one text"))?;
    match name::common_name_flaw(text) {
        None => Ok(Some(text.to_owned())),
        Some(reason) => Err(refused(reason)),
    }
}

fn names(request: &X509CertificationRequest<'_>) -> Result<Vec<Name>, IssueError> {
    let mut names = Vec::new();
    for extension in request.requested_extensions().into_iter().flatten() {
        let ParsedExtension::SubjectAlternativeName(asked) = extension else {
            continue;
        };
        for asked in &asked.general_names {
            let name =
                facts::name(asked).ok_or_else(|| refused("it asks for an unknown kind of name"))?;
            if let Some(reason) = name.flaw() {
                return Err(refused(reason));
            }
            names.push(name);
        }
    }
    Ok(names)
}

fn refused(reason: &'static str) -> IssueError {
    IssueError::RequestRefused { reason }
}
