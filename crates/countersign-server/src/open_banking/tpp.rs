//! Is the caller a TPP with the role that a route is for?

use countersign_axum::{Caller, Check, Checking, Code, Fault, Psd2Check, Psd2Role};
use countersign_identity::Name;
use http::HeaderMap;
use http::request::Parts;

/// Asks for a TPP that is known by its organizationIdentifier, for a role in its certificate, and for the id of
/// the request; at every request anew.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TppCheck {
    role: Psd2Role,
}

impl TppCheck {
    pub(crate) fn new(role: Psd2Role) -> Self {
        Self { role }
    }
}

impl Check for TppCheck {
    fn check<'a>(&'a self, caller: &'a Caller, request: &'a mut Parts) -> Checking<'a> {
        Box::pin(async move {
            organization(caller)?;
            Psd2Check::new(self.role).check(caller, request).await?;
            request_id(&request.headers)
        })
    }
}

/// A role belongs to the organization that a register names: known by another name, one is no TPP.
fn organization(caller: &Caller) -> Result<(), Fault> {
    match caller.identity().name() {
        Name::Organization(_) => Ok(()),
        other => {
            let detail = format!("a TPP is known by its organizationIdentifier, not by `{other}`");
            Err(Fault::new(Code::Psd2RoleMissing, detail))
        }
    }
}

fn request_id(headers: &HeaderMap) -> Result<(), Fault> {
    let mut ids = headers.get_all("x-request-id").iter();
    match (ids.next(), ids.next()) {
        (Some(id), None) if is_uuid(id.as_bytes()) => Ok(()),
        _ => {
            let detail = "wanted one `X-Request-ID`, a UUID";
            Err(Fault::new(Code::RequestInvalid, detail))
        }
    }
}

/// RFC 9562, section 4.
fn is_uuid(text: &[u8]) -> bool {
    let mut bytes = text.iter().enumerate();
    text.len() == 36
        && bytes.all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
