//! What makes a gateway of a configuration.

use std::fs;
use std::path::Path;
use std::time::Duration;

use countersign_server::{Config, Naming, UpstreamPlace};

const HEAD: &str = r#"listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
policy = "policy.toml"
credential = { chain = "server.pem", key = "server-key.pem" }
trusts = []
"#;

const ROUTE: &str = "[[routes]]\nmethod = \"GET\"\npath = \"/a\"\naccess = \"open\"\n";

fn read(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    fs::write(&file, format!("{HEAD}{text}")).unwrap();
    let prefix = format!("`{}`: ", file.display());
    Config::from_file(&file).map_err(|error| error.to_string().replace(&prefix, ""))
}

#[test]
fn the_committed_gateway_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/gateway.toml");
    let front = Config::from_file(path).unwrap().front.unwrap();
    assert_eq!(
        front.routes.to_string(),
        "GET   /v1/transactions       transactions:read\n\
         POST  /v1/transactions       transactions:write\n\
         GET   /v1/transactions/{id}  transactions:read\n\
         GET   /whoami                open\n"
    );
    let place: UpstreamPlace = "http://127.0.0.1:3000".parse().unwrap();
    assert_eq!(front.upstream.place, Some(place));
    assert_eq!(front.upstream.namings, [Naming::Rfc9440, Naming::Principal]);
}

#[test]
fn a_server_without_routes_is_no_gateway() {
    assert!(read("").unwrap().front.is_none());
}

#[test]
fn what_is_not_said_of_the_service_is_the_default() {
    let upstream = read(ROUTE).unwrap().front.unwrap().upstream;
    assert_eq!(upstream.place, None);
    assert!(!upstream.beyond_loopback);
    assert_eq!(upstream.namings, [Naming::Rfc9440]);
    assert_eq!(upstream.connect, Duration::from_secs(5));
    assert_eq!(upstream.timeout, Duration::from_secs(30));
    assert_eq!(upstream.body, None);
}

#[test]
fn everything_about_the_service_can_be_said() {
    let upstream = read(
        "[upstream]\nurl = \"https://app.example:8443\"\nbeyond_loopback = true\nanchors = \"a.pem\"\n\
         chain = \"c.pem\"\nkey = \"k.pem\"\nidentity = [\"xfcc\", \"nginx\"]\nconnect = \"1s\"\n\
         timeout = \"2m\"\nbody = 10\n",
    );
    let upstream = upstream.unwrap().front.unwrap().upstream;
    assert_eq!(
        upstream.place.unwrap().to_string(),
        "https://app.example:8443"
    );
    assert!(upstream.beyond_loopback && upstream.anchors.unwrap().ends_with("a.pem"));
    let (chain, key) = upstream.credential.unwrap();
    assert!(chain.ends_with("c.pem") && key.ends_with("k.pem"));
    assert_eq!(upstream.namings, [Naming::Xfcc, Naming::Nginx]);
    assert_eq!(upstream.connect, Duration::from_secs(1));
    assert_eq!(upstream.timeout, Duration::from_secs(120));
    assert_eq!(upstream.body, Some(10));
}

#[test]
fn what_makes_no_gateway_is_refused_with_its_place() {
    for (text, wanted) in [
        (
            "[[routes]]\nmethod = \"HEAD\"\npath = \"/a\"\naccess = \"open\"",
            "line 7, column 10: `HEAD` is none of `DELETE`, `GET`, `OPTIONS`, `PATCH`, `POST`, `PUT`, `*`",
        ),
        (
            "[[routes]]\nmethod = \"CONNECT\"\npath = \"/a\"\naccess = \"open\"",
            "line 7, column 10: `CONNECT` is none of `DELETE`, `GET`, `OPTIONS`, `PATCH`, `POST`, `PUT`, `*`",
        ),
        (
            "[[routes]]\nmethod = \"GET\"\npath = \"/a\"",
            "line 6, column 1: wanted either `permission` or `access`",
        ),
        (
            "[[routes]]\nmethod = \"GET\"\npath = \"/a\"\naccess = \"open\"\npermission = \"a:b\"",
            "line 6, column 1: wanted either `permission` or `access`",
        ),
        (
            "[[routes]]\nmethod = \"GET\"\npath = \"/a\"\naccess = \"all\"",
            "line 9, column 10: wanted `open` or `public`",
        ),
        (
            "[[routes]]\nmethod = \"GET\"\npath = \"/a\"\npermission = \"all\"",
            "line 9, column 14: `noun:verb`, of lower-case letters, digits and dashes",
        ),
        (
            "[[routes]]\nmethod = \"GET\"\npath = \"a\"\naccess = \"open\"",
            "line 6, column 1: the paths do not make a router: `a` does not begin with `/`",
        ),
        (
            &format!("{ROUTE}{ROUTE}"),
            "line 6, column 1: `GET /a` stands there twice",
        ),
        (
            "[upstream]\nurl = \"ftp://a\"",
            "line 7, column 7: `ftp://a` is none of `http://HOST:PORT`, `https://HOST:PORT`, `unix:/PATH`",
        ),
        (
            "[upstream]\nidentity = [\"rfc9441\"]",
            "line 7, column 13: `rfc9441` is none of `rfc9440`, `xfcc`, `nginx`, `principal`",
        ),
        (
            "[upstream]\nchain = \"c.pem\"",
            "line 6, column 1: wanted both `chain` and `key`, or neither",
        ),
        (
            "[upstream]\ntimeout = \"soon\"",
            "line 7, column 11: wanted a time, as `30s`",
        ),
    ] {
        assert_eq!(read(text).unwrap_err(), wanted, "{text}");
    }
}

#[test]
fn where_a_service_may_be() {
    for good in [
        "http://127.0.0.1:3000",
        "http://localhost:3000",
        "http://[::1]:3000",
        "https://app.example",
        "unix:/run/app.sock",
    ] {
        let place: UpstreamPlace = good.parse().unwrap();
        assert_eq!(place.to_string(), good);
    }
    for bad in [
        "",
        "127.0.0.1:3000",
        "ftp://a",
        "http://a/base",
        "http://a/?q",
        "http://name@a",
        "unix:app.sock",
        "unix:",
    ] {
        assert!(bad.parse::<UpstreamPlace>().is_err(), "{bad}");
    }
}

#[test]
fn a_bank_is_asked_for_and_a_gateway_is_none() {
    assert!(!read("").unwrap().open_banking);
    assert!(read("open_banking = true\n").unwrap().open_banking);
    assert!(
        !read(&format!("open_banking = false\n{ROUTE}"))
            .unwrap()
            .open_banking
    );
    let error = read(&format!("open_banking = true\n{ROUTE}")).unwrap_err();
    let wanted = "line 6, column 16: a gateway keeps no accounts: wanted `open_banking` or `routes`, not both";
    assert_eq!(error, wanted);
}
