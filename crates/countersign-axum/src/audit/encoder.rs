//! How does an event become a line, at the rate at which requests come?

use std::io::{self, Write as _};

use jiff::Timestamp;

use super::{AuditEvent, EventKind, Outcome};

/// Writes events as `document.rs` does, byte for byte.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    second: Second,
}

/// A second, as text without its `Z`: many events are of the same.
#[derive(Debug, Default)]
struct Second {
    number: i64,
    text: String,
}

impl Encoder {
    /// Appends the object to `line`.
    pub(super) fn encode(&mut self, event: &AuditEvent, line: &mut Vec<u8>) -> io::Result<()> {
        match is_usual(event) {
            true => self.usual(event, line),
            false => Ok(serde_json::to_writer(line, event)?),
        }
    }

    fn usual(&mut self, event: &AuditEvent, line: &mut Vec<u8>) -> io::Result<()> {
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
        if let Some(who) = &event.who {
            line.extend_from_slice(who.members()?.as_bytes());
        }
        if let Some(method) = &event.method {
            plain(line, b",\"method\":\"", method.as_str().as_bytes());
        }
        any(line, b",\"route\":", event.route.as_deref())?;
        line.extend_from_slice(b",\"epoch\":");
        write_number(event.epoch.number(), line);
        line.push(b'}');
        Ok(())
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

/// Whether it has no member that [`Encoder::usual`] does not write.
fn is_usual(event: &AuditEvent) -> bool {
    event.kind == EventKind::Request
        && matches!(event.outcome, Outcome::Allowed | Outcome::Denied)
        && event.is_plain()
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

/// In decimal.
fn write_number(number: u64, line: &mut Vec<u8>) {
    line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use countersign_identity::Certificate;
    use countersign_pki::Authority;
    use countersign_problem::Code;
    use http::{HeaderMap, Method};

    use super::*;
    use crate::audit::Who;
    use crate::{CorrelationId, Epoch};

    /// Two certificates, and nothing of what names their holders.
    fn certificates() -> [Arc<Certificate>; 2] {
        let now = "2026-08-01T12:00:00Z".parse().unwrap();
        let root = Authority::root("Root \"of\" tests", now).unwrap();
        ["a", "b"].map(|name| {
            let issued = root.client(now).common_name(name).issue().unwrap();
            Arc::new(Certificate::from_der(issued.certificate_der()).unwrap())
        })
    }

    /// Those who may ask with `certificate`: of no name and address, and of each.
    fn callers(certificate: &Arc<Certificate>) -> Vec<Who> {
        let of = |principal: Option<&str>, address: Option<&str>| Who {
            principal: principal.map(|name| name.parse().unwrap()),
            address: address.map(|address| address.parse().unwrap()),
            certificate: Some(Arc::clone(certificate)),
            ..Who::default()
        };
        vec![
            Who::default(),
            of(None, None),
            of(Some("billing"), Some("127.0.0.1:443")),
            of(Some("billing"), Some("[2001:db8::1]:65535")),
            of(Some("reports"), Some("203.0.113.200:0")),
        ]
    }

    #[test]
    fn a_line_is_what_serde_writes_whoever_asked_before() {
        let mut encoder = Encoder::default();
        let [one, other] = certificates();
        let mut check = |event: &AuditEvent| {
            for _ in 0..2 {
                let mut line = Vec::new();
                encoder.encode(event, &mut line).unwrap();
                let line = String::from_utf8(line).unwrap();
                assert_eq!(line, serde_json::to_string(event).unwrap());
            }
        };
        let asking = [&one, &other, &one].into_iter().flat_map(callers);
        for who in asking.map(Arc::new) {
            for time in [
                "2026-08-01T12:00:00Z",
                "2026-08-01T12:00:00.5Z",
                "2026-08-01T12:00:00.000000001Z",
                "2026-08-01T12:00:01.12Z",
                "1969-12-31T23:59:59.5Z",
            ] {
                let (kind, time) = (EventKind::Request, time.parse().unwrap());
                let mut event = AuditEvent::new(kind, Outcome::Allowed, time, Epoch::FIRST);
                check(&event);
                event.who = Some(Arc::clone(&who));
                check(&event);
                event.method = Some(Method::GET);
                event.route = Some("/a/{\"b\\}\u{7}".into());
                event.correlation_id = Some(CorrelationId::of(&HeaderMap::new()));
                check(&event);
                event.outcome = Outcome::Denied;
                event.code = Some(Code::PermissionMissing);
                check(&event);
                // Each by itself, and then all of them.
                let plain = event.clone();
                event.explain("a \"detail\"");
                check(&event);
                let mut renewing = plain.clone();
                renewing.renew(Arc::clone(&other));
                check(&renewing);
                let mut presenting = plain;
                presenting.present(Arc::from(&b"not to be read"[..]));
                check(&presenting);
                event.renew(Arc::clone(&other));
                event.present(Arc::from(&b"not to be read"[..]));
                check(&event);
                event.kind = EventKind::Handshake;
                check(&event);
            }
        }
    }
}
