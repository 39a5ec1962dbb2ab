use std::fs;
use std::path::Path;
use std::sync::Arc;

use countersign_axum::{Dialect, Element};
use countersign_pki::{Authority, Request, RevocationReason, Usage};
use countersign_server::{Config, ConfigError, Hints, Vouchers};
use countersign_tls::{
    ClientCertificate, ClientPurpose, KeyKind, Revocation, RevocationReach, Sessions,
    SignatureKind, SnapshotError, SystemClock, Warning,
};
use http::HeaderName;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

const HEAD: &str = r#"listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
policy = "policy.toml"

[credential]
chain = "server.pem"
key = "server-key.pem"
"#;

const CLIENTS: &str = r#"
[[trusts]]
name = "clients"
anchors = "root.pem"
scheme = "spiffe"
names = ["spiffe://dev.example/*"]
"#;

/// A folder with this configuration.
fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("server.toml"), text).unwrap();
    folder
}

fn read(trust: &str) -> Result<Config, ConfigError> {
    let folder = folder(&format!("{HEAD}{trust}"));
    Config::from_file(folder.path().join("server.toml"))
}

/// What is said about a trust, behind the name of the file.
#[track_caller]
fn refuses(text: &str, wanted: &str) {
    let folder = folder(text);
    let path = folder.path().join("server.toml");
    let error = Config::from_file(&path).unwrap_err();
    let said = error.to_string();
    let file = format!("`{}`: ", path.display());
    assert_eq!(said.strip_prefix(&file), Some(wanted), "{said}");
}

#[test]
fn the_committed_configuration_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/server.toml");
    let config = Config::from_file(path).unwrap();
    assert_eq!(config.client_certificate, ClientCertificate::Required);
    let [clients] = config.trusts.as_slice() else {
        panic!("{config:?}");
    };
    assert_eq!(clients.revocation, Revocation::Off);
}

#[test]
fn what_is_not_said_is_the_default() {
    let config = read(&format!("{CLIENTS}crls = [\"a.crl\", \"b.crl\"]")).unwrap();
    assert_eq!(config.client_certificate, ClientCertificate::Required);
    let trust = config.trusts.first().unwrap();
    assert_eq!(trust.revocation, Revocation::RequireFresh);
    assert_eq!(trust.reach, RevocationReach::Chain);
    assert_eq!(trust.hints, Hints::Anchors);
    assert_eq!(trust.client_purpose, ClientPurpose::NotExcluded);
    assert!(trust.block_list.is_empty());
    assert!(trust.keys.is_none() && trust.signatures.is_none());
    assert!(trust.max_intermediates.is_none());
    let names = config.files().map(|file| file.file_name().unwrap());
    let names: Vec<_> = names.map(|name| name.to_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "server.toml",
            "server.pem",
            "server-key.pem",
            "policy.toml",
            "root.pem",
            "a.crl",
            "b.crl"
        ]
    );
}

#[test]
fn answers_wait_for_the_audit_log_only_where_it_is_said() {
    let switch = |value: &str| format!("audit_before_answer = {value}\n{HEAD}{CLIENTS}");
    let config = |text: &str| Config::from_file(folder(text).path().join("server.toml")).unwrap();
    for (text, wanted) in [
        (format!("{HEAD}{CLIENTS}"), false),
        (switch("false"), false),
        (switch("true"), true),
    ] {
        let text = format!("{text}revocation = \"off\"");
        assert_eq!(config(&text).audit_before_answer, wanted, "{text}");
    }
    refuses(
        &switch("\"yes\""),
        "line 1, column 23: invalid type: string \"yes\", expected a boolean",
    );
}

#[test]
fn every_rule_of_a_trust_can_be_said() {
    let rules = r#"
crls = ["a.crl"]
revocation = "allow-stale 24h"
revocation_of = "leaf"
hints_from = "hints.pem"
max_intermediates = 1
keys = ["p256", "rsa-3072"]
signatures = ["ecdsa", "rsa-pss"]
client_purpose = "listed"

[trusts.blocked]
pins = ["sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]
thumbprints = [
    "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
    "5F:EC:EB:66:FF:C8:6F:38:D9:52:78:6C:6D:69:6C:79:C2:DB:C2:39:DD:4E:91:B4:67:29:D7:3A:27:FB:57:E9",
]
serials = ["01:a4", "7F"]
"#;
    let config = read(&format!("{CLIENTS}{rules}")).unwrap();
    let trust = config.trusts.first().unwrap();
    let limit = SignedDuration::from_hours(24);
    assert_eq!(trust.revocation, Revocation::AllowStale { limit });
    assert_eq!(trust.reach, RevocationReach::Leaf);
    assert!(matches!(&trust.hints, Hints::File(path) if path.ends_with("hints.pem")));
    assert_eq!(trust.max_intermediates, Some(1));
    let keys = [KeyKind::P256, KeyKind::Rsa { bits: 3072 }];
    assert_eq!(trust.keys.as_deref(), Some(keys.as_slice()));
    let signatures = [SignatureKind::Ecdsa, SignatureKind::RsaPss];
    assert_eq!(trust.signatures.as_deref(), Some(signatures.as_slice()));
    assert_eq!(trust.client_purpose, ClientPurpose::Listed);
    assert_eq!(trust.block_list.len(), 5);
}

#[test]
fn a_trust_may_go_by_pins() {
    let config = read(
        r#"
[[trusts]]
name = "friends"
pins = ["sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]
pinned = "friends.pem"
"#,
    );
    let config = config.unwrap();
    let trust = config.trusts.first().unwrap();
    assert_eq!(trust.revocation, Revocation::Off);
    let Vouchers::Pins {
        pins, certificates, ..
    } = &trust.vouchers
    else {
        panic!("{trust:?}");
    };
    assert_eq!(pins.len(), 1);
    assert!(certificates.as_ref().unwrap().ends_with("friends.pem"));
}

#[test]
fn the_mode_is_said_once_for_all() {
    for (word, mode) in [
        ("required", ClientCertificate::Required),
        ("requested", ClientCertificate::Requested),
        ("refused-over-http", ClientCertificate::RefusedOverHttp),
    ] {
        let text = format!("client_certificate = \"{word}\"\n{HEAD}{CLIENTS}revocation = \"off\"");
        let folder = folder(&text);
        let config = Config::from_file(folder.path().join("server.toml")).unwrap();
        assert_eq!(config.client_certificate, mode);
    }
}

#[test]
fn an_unknown_key_or_word_is_said_with_its_place() {
    let trust = |lines: &str| format!("{HEAD}{CLIENTS}{lines}\n");
    refuses(
        &trust("revokation = \"off\""),
        "line 14, column 1: unknown field `revokation`, expected one of `name`, `anchors`, `scheme`, \
         `names`, `pins`, `pinned`, `crls`, `crl_urls`, `revocation`, `revocation_of`, `blocked`, `hints`, \
         `hints_from`, `max_intermediates`, `keys`, `signatures`, `client_purpose`",
    );
    refuses(
        &trust("revocation = \"sometimes\""),
        "line 14, column 14: `sometimes` is none of `require-fresh`, `allow-stale 24h`, `off`",
    );
    refuses(
        &trust("revocation = \"allow-stale -1h\""),
        "line 14, column 14: `allow-stale -1h` is none of `require-fresh`, `allow-stale 24h`, `off`",
    );
    refuses(
        &trust("crls = []\nkeys = [\"p256\", \"rsa-1024\"]\nrevocation = \"off\""),
        "line 15, column 17: `rsa-1024` is none of `p256`, `p384`, `p521`, `ed25519`, `ml-dsa`, \
         `rsa-2048` or more",
    );
    refuses(
        &trust("revocation = \"off\"\n[trusts.blocked]\nserials = [\"7f\", \"x\"]"),
        "line 16, column 18: `x` is no serial number: wanted hex, with or without colons",
    );
    refuses(
        &trust("revocation = \"off\"\nhints = \"some\""),
        "line 15, column 9: `some` is none of `all`, `none`",
    );
    refuses(
        &trust("revocation = \"off\"\nhints = \"all\"\nhints_from = \"x.pem\""),
        "line 15, column 9: either `hints` or `hints_from` says which names are told",
    );
    refuses(
        &format!("client_certificate = \"maybe\"\n{HEAD}{CLIENTS}"),
        "line 1, column 22: `maybe` is none of `required`, `requested`, `refused-over-http`",
    );
    refuses(
        &HEAD.replace("listen = ", "listen "),
        "line 1, column 8: key with no value, expected `=`",
    );
}

#[test]
fn that_nobody_can_be_revoked_must_be_said() {
    refuses(
        &format!("{HEAD}{CLIENTS}"),
        "line 10, column 8: nobody of this trust could be revoked: wanted `crls`, or \
         `revocation = \"off\"`",
    );
}

#[test]
fn anchors_and_pins_do_not_mix() {
    let wanted = "line 9, column 1: wanted `anchors`, `scheme` and `names`, or else `pins`, \
                  `pinned` or both, and no `crls`";
    refuses(&format!("{HEAD}{CLIENTS}pinned = \"x.pem\""), wanted);
    refuses(&format!("{HEAD}\n[[trusts]]\nname = \"x\""), wanted);
    let pinned = "\n[[trusts]]\nname = \"x\"\npinned = \"x.pem\"\ncrls = [\"x.crl\"]";
    refuses(&format!("{HEAD}{pinned}"), wanted);
}

/// The files that the configuration names, and the root of the clients.
fn files(folder: &Path) -> Authority {
    let now = Timestamp::now();
    let root = Authority::root("Clients", now).unwrap();
    let server = root.server(now).dns("localhost").issue().unwrap();
    let friend = Request::self_signed(Usage::Client, now).issue().unwrap();
    let crl = root.crl(now);
    let crl = crl.revoke(&[7], RevocationReason::KeyCompromise, now);
    for (name, text) in [
        ("root.pem", root.certificate_pem()),
        ("server.pem", server.chain_pem()),
        ("server-key.pem", server.key_pem()),
        ("friends.pem", friend.chain_pem()),
        ("root.crl", crl.issue().unwrap().pem()),
        ("policy.toml", "version = 1".to_owned()),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    root
}

#[test]
fn what_is_named_is_loaded() {
    let friends = "\n[[trusts]]\nname = \"friends\"\npinned = \"friends.pem\"\n";
    let folder = folder(&format!("{HEAD}{CLIENTS}crls = [\"root.crl\"]{friends}"));
    let root = files(folder.path());
    let config = Config::from_file(folder.path().join("server.toml")).unwrap();
    let load = || config.load_parts(Sessions::default(), Arc::new(SystemClock));
    let (snapshot, _) = load().unwrap();
    let [clients, friends] = snapshot.trusts() else {
        panic!("{snapshot:?}");
    };
    assert_eq!(clients.revocation(), Revocation::RequireFresh);
    assert_eq!(clients.revocation_lists().first().unwrap().len(), 1);
    assert_eq!(friends.pins().unwrap().len(), 1);
    assert_eq!(snapshot.warnings().count(), 0);

    // A list that is stale is told of; one by somebody else is not followed.
    let past = Timestamp::now() - SignedDuration::from_hours(48);
    let stale = root
        .crl(past)
        .next_update(past + SignedDuration::from_hours(24));
    let path = folder.path().join("root.crl");
    fs::write(&path, stale.issue().unwrap().der()).unwrap();
    let (snapshot, _) = load().unwrap();
    let warnings: Vec<_> = snapshot.warnings().collect();
    assert!(matches!(warnings.as_slice(), [Warning::ListStale { .. }]));

    let other = Authority::root("Clients", Timestamp::now()).unwrap();
    let forged = root.crl(Timestamp::now()).signed_with(other.key());
    fs::write(&path, forged.issue().unwrap().der()).unwrap();
    let error = load().unwrap_err();
    let refused = matches!(&error, ConfigError::Snapshot(SnapshotError::List { .. }));
    assert!(refused, "{error}");

    fs::write(&path, "garbage").unwrap();
    assert_eq!(
        load().unwrap_err().to_string(),
        format!(
            "`{}`: no revocation list: wanted PEM with `X509 CRL`, or DER",
            path.display()
        )
    );
    fs::remove_file(&path).unwrap();
    let wanted = format!("cannot read `{}`: ", path.display());
    let error = load().unwrap_err().to_string();
    assert!(error.starts_with(&wanted), "{error}");
}

#[test]
fn gateways_are_read_and_half_ones_are_refused() {
    let trust = format!("{CLIENTS}crls = [\"a.crl\"]\n");
    let gateway = |rest: &str| {
        let trusts = "principal = \"edge\"\ntrusts = [\"clients\"]\n";
        format!("{HEAD}{trust}[[gateways]]\n{trusts}{rest}")
    };
    let header = |name| HeaderName::from_static(name);
    for (rest, dialect) in [
        ("says = \"client-cert\"", Dialect::ClientCert),
        ("says = \"xfcc\"", Dialect::Xfcc(Element::Only)),
        (
            "says = \"xfcc\"\nelement = \"last\"",
            Dialect::Xfcc(Element::Last),
        ),
        (
            "says = \"escaped-pem\"\nheader = \"X-A\"",
            Dialect::EscapedPem(header("x-a")),
        ),
        (
            "says = \"folded-pem\"\nheader = \"X-A\"",
            Dialect::FoldedPem(header("x-a")),
        ),
        (
            "says = \"encoded-der\"\nheader = \"X-A\"",
            Dialect::EncodedDer(header("x-a")),
        ),
        (
            "says = \"unverified-subject\"\nheader = \"X-A\"\ni_know_that_nothing_is_verified = true",
            Dialect::UnverifiedSubject(header("x-a")),
        ),
    ] {
        let text = format!("{rest}\nintermediates = \"issuing.pem\"");
        let folder = folder(&gateway(&text));
        let config = Config::from_file(folder.path().join("server.toml")).unwrap();
        let [one] = config.gateways.as_slice() else {
            panic!("{config:?}");
        };
        assert_eq!((one.principal.as_str(), &one.dialect), ("edge", &dialect));
        assert!(config.files().any(|file| file.ends_with("issuing.pem")));
    }
    let words = "wanted `client-cert`; `xfcc`, perhaps with `element`; or, with `header`, `escaped-pem`, \
                 `folded-pem`, `encoded-der` or `unverified-subject`";
    let at = |place: &str, wanted: &str| format!("line {place}: {wanted}");
    for (rest, wanted) in [
        ("says = \"telepathy\"", at("18, column 8", words)),
        (
            "says = \"client-cert\"\nheader = \"X-A\"",
            at("18, column 8", words),
        ),
        (
            "says = \"client-cert\"\nelement = \"last\"",
            at("18, column 8", words),
        ),
        (
            "says = \"escaped-pem\"",
            at("18, column 8", "wanted the `header` beside it"),
        ),
        (
            "says = \"unverified-subject\"\nheader = \"X-A\"",
            at(
                "18, column 8",
                "wanted `i_know_that_nothing_is_verified = true` and one trust",
            ),
        ),
    ] {
        refuses(&gateway(rest), &wanted);
    }
    let unknown = gateway("says = \"client-cert\"").replace("[\"clients\"]", "[\"others\"]");
    refuses(&unknown, "line 17, column 11: there is no trust `others`");
    let none = gateway("says = \"client-cert\"").replace("[\"clients\"]", "[]");
    refuses(&none, "line 15, column 1: wanted the trusts of its clients");
    let twice = gateway(
        "says = \"client-cert\"\n[[gateways]]\nprincipal = \"edge\"\ntrusts = [\"clients\"]\nsays = \"xfcc\"",
    );
    refuses(&twice, "line 20, column 13: `edge` is a gateway already");
}
