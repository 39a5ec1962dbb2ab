//! Would the service read the path as we do?

use axum::http::request::Parts;
use countersign_axum::{Code, Fault, RouteTable, RouteTableError};
use http::{Method, header};

/// Says of a request whether the service would find the route that was decided on.
///
/// A service may decode what is escaped, resolve `..`, merge slashes or cut off what is behind a semicolon. What it would find then must be
/// the route that we found, or it is not asked.
#[derive(Debug)]
pub(super) struct Targets {
    routes: matchit::Router<String>,
}

impl Targets {
    pub(super) fn new(table: &RouteTable) -> Result<Self, RouteTableError> {
        let mut paths: Vec<&str> = table.lines().iter().map(|line| &*line.path).collect();
        paths.sort_unstable();
        paths.dedup();
        let mut routes = matchit::Router::new();
        for path in paths {
            let inserted = routes.insert(path, path.to_owned());
            inserted.map_err(|error| RouteTableError::Paths {
                reason: error.to_string(),
            })?;
        }
        Ok(Self { routes })
    }

    /// Refuses what is ambiguous, and the methods that are for proxies themselves (RFC 9110, 9.3.6 and 9.3.8).
    pub(super) fn check(&self, request: &Parts) -> Result<(), Fault> {
        if matches!(request.method, Method::CONNECT | Method::TRACE) {
            let detail = "the gateway does not pass this method on";
            return Err(Fault::new(Code::MethodNotAllowed, detail));
        }
        if request.headers.get_all(header::HOST).iter().count() > 1 {
            return Err(invalid("more than one Host"));
        }
        let path = request.uri.path();
        let decoded =
            decode(path).ok_or_else(|| invalid("the path is not escaped as it should be"))?;
        if is_ambiguous(path, &decoded) || self.find(path) != self.find(&decoded) {
            return Err(invalid("the path can be read in two ways"));
        }
        Ok(())
    }

    fn find(&self, path: &str) -> Option<&String> {
        self.routes.at(path).ok().map(|found| found.value)
    }
}

fn invalid(what: &str) -> Fault {
    Fault::new(Code::RequestInvalid, what)
}

/// Segments that are there when the path is decoded and not before, or that name another place.
fn is_ambiguous(path: &str, decoded: &str) -> bool {
    let slashes = |text: &str| text.matches('/').count();
    let odd = |character: char| character == '\\' || character.is_control();
    let named = decoded.split('/').any(|segment| {
        let name = segment.split(';').next().unwrap_or_default();
        matches!(name, "." | "..")
    });
    slashes(path) != slashes(decoded) || named || decoded.contains("//") || decoded.contains(odd)
}

/// Percent-decoded (RFC 3986, 2.1), if that gives text.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        (bytes, rest) = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                (pushed(bytes, digit(*high)? * 16 + digit(*low)?), tail)
            }
            (b'%', _) => return None,
            (plain, tail) => (pushed(bytes, *plain), tail),
        };
    }
    String::from_utf8(bytes).ok()
}

fn pushed(mut bytes: Vec<u8>, byte: u8) -> Vec<u8> {
    bytes.push(byte);
    bytes
}

fn digit(hex: u8) -> Option<u8> {
    char::from(hex)
        .to_digit(16)
        .and_then(|digit| digit.try_into().ok())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use countersign_axum::{Access, RouteLine};

    use super::*;

    fn targets() -> Targets {
        let paths = ["/admin", "/{page}", "/files/{*rest}", "/v1/items/{id}"];
        let lines = paths.map(|path| RouteLine::new(None, path, Access::Open));
        Targets::new(&RouteTable::new(lines).unwrap()).unwrap()
    }

    fn check(method: &str, path: &str) -> Result<(), Code> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(())
            .unwrap();
        let checked = targets().check(&request.into_parts().0);
        checked.map_err(|fault| fault.code())
    }

    #[test]
    fn a_path_that_may_be_read_in_two_ways_goes_nowhere() {
        for path in [
            "/files/../admin",
            "/files/%2e%2e/admin",
            "/files/%2E./admin",
            "/files/.%2e",
            "/files/x/..",
            "/files/./x",
            "/files/..;/admin",
            "/files/..;a=b/admin",
            "/files/%2e%2e;a/admin",
            "/files/..%3b/admin",
            "/files//x",
            "/files/x//",
            "/files/a%2fb",
            "/files/a%2Fb",
            "/files/%2e%2e%2fadmin",
            "/files/a%5c..%5cb",
            "/files/a%00",
            "/files/a%0d%0aHost:x",
            "/files/%7f",
            "/files/%",
            "/files/%2",
            "/files/%zz",
            "/files/%+2",
            "/files/%c0%ae%c0%ae/admin",
            "/files/%ff",
            "/%61dmin",
            "/admi%6E",
        ] {
            assert_eq!(check("GET", path), Err(Code::RequestInvalid), "{path}");
        }
    }

    #[test]
    fn a_plain_path_passes_escaped_characters_and_all() {
        for path in [
            "/admin",
            "/page",
            "/files/a",
            "/files/a/b.c/d",
            "/files/a%20b",
            "/files/...",
            "/files/.well-known",
            "/files/a;b=c",
            "/files/%E2%82%AC",
            "/files/a/",
            "/v1/items/7",
            "/v1/items/%7E",
            "/files/a?x=../%2f//",
        ] {
            assert_eq!(check("GET", path), Ok(()), "{path}");
        }
    }

    #[test]
    fn methods_for_proxies_are_not_passed_on() {
        for method in ["CONNECT", "TRACE"] {
            assert_eq!(check(method, "/page"), Err(Code::MethodNotAllowed));
        }
    }

    #[test]
    fn of_two_hosts_neither_counts() {
        let request = Request::get("/page")
            .header("host", "a")
            .header("host", "b");
        let checked = targets().check(&request.body(()).unwrap().into_parts().0);
        assert_eq!(checked.unwrap_err().code(), Code::RequestInvalid);
    }
}
