use std::str::from_utf8;

use super::{ForwardedError, only};
use crate::{DistinguishedName, Name};

/// A subject as text, as nginx's `$ssl_client_s_dn` writes it (RFC 4514, and its forerunner RFC 2253): the weak form, in
/// which there is no certificate that we could verify.
///
/// The name is read as a name. Who looks for `CN=` in it by a pattern is fooled by a subject of `O="x,CN=admin"`:
///
/// ```
/// use countersign_identity::SubjectText;
///
/// let text = SubjectText::parse(&[br"O=x\,CN=admin,CN=lowly"])?;
/// assert_eq!(text.common_name()?.to_string(), "cn:lowly");
/// # Ok::<(), countersign_identity::ForwardedError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SubjectText {
    subject: DistinguishedName,
}

impl SubjectText {
    /// Reads the values of the header.
    ///
    /// # Errors
    ///
    /// It stands there twice, or is not a distinguished name.
    pub fn parse(values: &[&[u8]]) -> Result<Self, ForwardedError> {
        let text = from_utf8(only("the header", values)?);
        let text = text.map_err(|error| ForwardedError::at(error.valid_up_to(), "UTF-8"))?;
        let subject = text.parse();
        let subject = subject.map_err(|_| ForwardedError::at(0, "a name as in RFC 4514"))?;
        Ok(Self { subject })
    }

    /// The subject.
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// The one common name.
    ///
    /// # Errors
    ///
    /// There is none, there are several, or it is one that we do not take as a name.
    pub fn common_name(&self) -> Result<Name, ForwardedError> {
        let names: Vec<_> = self.subject.common_names().collect();
        let [one] = names.as_slice() else {
            let count = names.len();
            return Err(ForwardedError::CommonNames { count });
        };
        let name = format!("cn:{one}").parse();
        name.map_err(|_| ForwardedError::at(0, "a common name without control characters"))
    }
}
