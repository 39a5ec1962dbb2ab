//! How does an event become a line, at the rate at which requests come?

use std::fmt;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;

use countersign_identity::{Certificate, Identity, Thumbprint};
use countersign_policy::PrincipalName;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use jiff::Timestamp;

use super::document::Who;
use super::{AuditEvent, EventKind, Outcome};

/// Writes events as `document.rs` does, byte for byte. What it wrote of a caller it copies into the next line of the same.
#[derive(Default)]
pub(super) struct Encoder {
    /// By certificate; forgotten together, once there are many.
    known: HashMap<Thumbprint, Known>,
    second: Second,
}

/// Who asked with a certificate, and what is written of that.
struct Known {
    identity: Option<Identity>,
    principal: Option<PrincipalName>,
    members: Vec<u8>,
}

/// A second, as text without its `Z`: many events are of the same.
#[derive(Default)]
struct Second {
    number: i64,
    text: String,
}

impl Encoder {
    /// Appends the object to `line`.
    pub(super) fn encode(&mut self, event: &AuditEvent, line: &mut Vec<u8>) -> io::Result<()> {
        match &event.certificate {
            Some(certificate) if is_usual(event) => self.usual(event, certificate, line),
            _ => Ok(serde_json::to_writer(line, event)?),
        }
    }

    fn usual(
        &mut self,
        event: &AuditEvent,
        certificate: &Arc<Certificate>,
        line: &mut Vec<u8>,
    ) -> io::Result<()> {
        line.extend_from_slice(b"{\"time\":\"");
        self.second.write(event.time, line)?;
        line.extend_from_slice(match event.outcome {
            Outcome::Allowed => b"\",\"event\":\"request\",\"outcome\":\"allowed\"".as_slice(),
            _ => b"\",\"event\":\"request\",\"outcome\":\"denied\"".as_slice(),
        });
        if let Some(code) = event.code {
            plain(line, b",\"code\":\"", code.as_str().as_bytes());
        }
        if let Some(id) = &event.correlation_id {
            plain(line, b",\"correlation_id\":\"", id.as_bytes());
        }
        if let Some(address) = event.address {
            line.extend_from_slice(b",\"address\":\"");
            write_address(address, line)?;
            line.push(b'"');
        }
        if let Some(handshake) = &event.handshake {
            let version = handshake.version.as_str();
            plain(line, b",\"tls_version\":\"", version.as_bytes());
            any(line, b",\"alpn\":", handshake.alpn.as_deref())?;
            line.extend_from_slice(match handshake.resumed {
                true => b",\"resumed\":true".as_slice(),
                false => b",\"resumed\":false".as_slice(),
            });
        }
        line.extend_from_slice(self.who(event, certificate)?);
        if let Some(method) = &event.method {
            plain(line, b",\"method\":\"", method.as_str().as_bytes());
        }
        any(line, b",\"route\":", event.route.as_deref())?;
        line.extend_from_slice(b",\"epoch\":");
        write_number(event.epoch.number(), line);
        line.push(b'}');
        Ok(())
    }

    /// The members that tell who asks, each with a comma before it.
    fn who(&mut self, event: &AuditEvent, certificate: &Arc<Certificate>) -> io::Result<&[u8]> {
        let thumbprint = certificate.thumbprint();
        if self.known.len() >= MOST && !self.known.contains_key(&thumbprint) {
            self.known.clear();
        }
        let known = match self.known.entry(thumbprint) {
            Entry::Vacant(place) => place.insert(Known::new(event)?),
            Entry::Occupied(place) => place.into_mut(),
        };
        if !known.is(event) {
            *known = Known::new(event)?;
        }
        Ok(&known.members)
    }
}

impl Known {
    fn new(event: &AuditEvent) -> io::Result<Self> {
        let mut members = serde_json::to_vec(&Who::of(event))?;
        // An object without its braces.
        members.pop();
        if let Some(first) = members.first_mut() {
            *first = b',';
        }
        Ok(Self {
            identity: event.identity.clone(),
            principal: event.principal.clone(),
            members,
        })
    }

    fn is(&self, event: &AuditEvent) -> bool {
        self.identity == event.identity && self.principal == event.principal
    }
}

impl Second {
    fn write(&mut self, time: Timestamp, line: &mut Vec<u8>) -> io::Result<()> {
        let number = time.as_second();
        let Ok(nanos) = u32::try_from(time.subsec_nanosecond()) else {
            // Before 1970.
            return write!(line, "{time}");
        };
        if self.text.is_empty() || self.number != number {
            let second = Timestamp::from_second(number).map_err(io::Error::other)?;
            let text = second.to_string();
            let text = text.trim_end_matches('Z').to_owned();
            *self = Self { number, text };
        }
        line.extend_from_slice(self.text.as_bytes());
        if nanos != 0 {
            // Nine digits: one more, and the first of them becomes the point.
            let begin = line.len();
            write_number(1_000_000_000 + u64::from(nanos), line);
            if let Some(first) = line.get_mut(begin) {
                *first = b'.';
            }
            let zeros = line.iter().rev().take_while(|digit| **digit == b'0');
            line.truncate(line.len() - zeros.count());
        }
        line.push(b'Z');
        Ok(())
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

/// Whether it has no member that [`Encoder::usual`] does not write.
fn is_usual(event: &AuditEvent) -> bool {
    event.kind == EventKind::Request
        && matches!(event.outcome, Outcome::Allowed | Outcome::Denied)
        && event.detail.is_none()
        && event.alert.is_none()
        && event.via.is_none()
        && event.unbelieved.is_empty()
        && event.renewed.is_none()
        && event.action.is_none()
        && event.reload.is_none()
}

/// Of a value in which JSON escapes nothing: a word of ours, a token (RFC 9110, 5.6.2), an id that was looked at.
fn plain(line: &mut Vec<u8>, before: &[u8], value: &[u8]) {
    line.extend_from_slice(before);
    line.extend_from_slice(value);
    line.push(b'"');
}

/// Of any value, if there is one.
fn any(line: &mut Vec<u8>, before: &[u8], value: Option<&str>) -> io::Result<()> {
    let Some(value) = value else {
        return Ok(());
    };
    line.extend_from_slice(before);
    let escapes = |byte: u8| matches!(byte, ..0x20 | b'"' | b'\\');
    // To the end, whatever comes before: many bytes at one time, then.
    if value.bytes().fold(false, |any, byte| any | escapes(byte)) {
        return Ok(serde_json::to_writer(line, value)?);
    }
    plain(line, b"\"", value.as_bytes());
    Ok(())
}

/// As it prints itself; most are of four numbers and a port.
fn write_address(address: SocketAddr, line: &mut Vec<u8>) -> io::Result<()> {
    let SocketAddr::V4(address) = address else {
        return write!(line, "{address}");
    };
    let mut after = b'.';
    for (octet, place) in address.ip().octets().into_iter().zip(1..) {
        if place == 4 {
            after = b':';
        }
        write_number(octet.into(), line);
        line.push(after);
    }
    write_number(address.port().into(), line);
    Ok(())
}

/// In decimal.
fn write_number(number: u64, line: &mut Vec<u8>) {
    line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Of a few hundred bytes each.
const MOST: usize = 4096;

#[cfg(test)]
mod tests {
    use countersign_pki::Authority;
    use countersign_problem::Code;
    use http::{HeaderMap, Method};

    use super::*;
    use crate::{CorrelationId, Epoch};

    fn event(time: &str) -> Box<AuditEvent> {
        let time = time.parse().unwrap();
        let kind = EventKind::Request;
        AuditEvent::new(kind, Outcome::Allowed, None, time, Epoch::FIRST)
    }

    /// Two certificates, and nothing of what names their holders.
    fn certificates() -> [Arc<Certificate>; 2] {
        let now = "2026-08-01T12:00:00Z".parse().unwrap();
        let root = Authority::root("Root \"of\" tests", now).unwrap();
        ["a", "b"].map(|name| {
            let issued = root.client(now).common_name(name).issue().unwrap();
            Arc::new(Certificate::from_der(issued.certificate_der()).unwrap())
        })
    }

    #[test]
    fn a_line_is_what_serde_writes_whoever_asked_before() {
        let mut encoder = Encoder::default();
        let [one, other] = certificates();
        let mut check = |event: &AuditEvent| {
            let mut line = Vec::new();
            encoder.encode(event, &mut line).unwrap();
            let line = String::from_utf8(line).unwrap();
            assert_eq!(line, serde_json::to_string(event).unwrap());
        };
        for certificate in [&one, &other, &one] {
            for time in [
                "2026-08-01T12:00:00Z",
                "2026-08-01T12:00:00.5Z",
                "2026-08-01T12:00:00.000000001Z",
                "2026-08-01T12:00:01.12Z",
                "1969-12-31T23:59:59.5Z",
            ] {
                let mut event = event(time);
                check(&event);
                event.certificate = Some(Arc::clone(certificate));
                check(&event);
                event.principal = Some("billing".parse().unwrap());
                event.address = Some(([127, 0, 0, 1], 443).into());
                check(&event);
                event.address = Some("[2001:db8::1]:65535".parse().unwrap());
                check(&event);
                event.address = Some("203.0.113.200:0".parse().unwrap());
                event.principal = Some("reports".parse().unwrap());
                event.method = Some(Method::GET);
                event.route = Some("/a/{\"b\\}\u{7}".into());
                event.correlation_id = Some(CorrelationId::of(&HeaderMap::new()));
                check(&event);
                event.outcome = Outcome::Denied;
                event.code = Some(Code::PermissionMissing);
                check(&event);
                event.detail = Some("a \"detail\"".to_owned());
                check(&event);
                event.detail = None;
                event.renewed = Some(Arc::clone(&other));
                check(&event);
                event.kind = EventKind::Handshake;
                check(&event);
            }
        }
    }
}
