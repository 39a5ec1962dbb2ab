//! The fixtures of a manifest are what it says, each with its verdict.

use countersign_pki::{Fixture, Manifest, Outcome, Plan, Side};
use x509_parser::prelude::*;

use crate::schema::{Schema, check_schema};
use crate::{at, now};

const PKI: &str = r#"version = 1

[authority.root]
subject = "Root"

[authority.issuing]
issuer = "root"
subject = { o = "Acme", cn = "Issuing" }

[authority.stranger]
subject = "Stranger"

[certificate.billing]
profile = "client"
issuer = "issuing"
spiffe = "spiffe://dev.example/billing"

[certificate.reports]
profile = "client"
issuer = "issuing"
spiffe = "spiffe://reports.example/reports"

[certificate.server]
profile = "server"
issuer = "issuing"
dns = ["localhost"]

[certificate.tpp]
profile = "qwac"
issuer = "issuing"
dns = ["tpp.example.com"]
subject = { o = "Acme", org_id = "PSDGB-FCA-1", cn = "Acme" }
psd2 = { nca = ["GB-FCA", "FCA"], roles = ["PSP_AI"] }
"#;

const REFUSED: &str =
    "expect = { stage = \"tls\", code = \"certificate-untrusted\", countersign = \"alert 48\" }";

fn plan(fixture: &str) -> Plan {
    let text = format!("{PKI}\n[[fixture]]\nname = \"x\"\n{fixture}\n");
    check_schema(&text, Schema::Accepts);
    Plan::new(&Manifest::parse(&text).unwrap(), now())
}

/// The fixture made from `from` with these mutations.
fn mutated(from: &str, mutations: &str) -> Fixture {
    let text = format!("from = \"{from}\"\nmutate = {{ {mutations} }}\n{REFUSED}");
    let mut all = plan(&text).fixtures().unwrap();
    all.pop().unwrap()
}

fn chain(fixture: &Fixture) -> Vec<Pem> {
    let pem = fixture.presented.as_ref().unwrap().chain_pem.as_bytes();
    Pem::iter_from_buffer(pem).map(Result::unwrap).collect()
}

/// Looks at the leaf of `billing` with these mutations.
fn look<T>(mutations: &str, see: impl FnOnce(&X509Certificate<'_>, &Fixture) -> T) -> T {
    let fixture = mutated("billing", mutations);
    let chain = chain(&fixture);
    see(&chain.first().unwrap().parse_x509().unwrap(), &fixture)
}

fn names(leaf: &X509Certificate<'_>) -> Vec<String> {
    let names = leaf.subject_alternative_name().unwrap();
    let names = names.map_or(Vec::new(), |it| it.value.general_names.clone());
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn dates_are_those_asked_for_and_the_other_one_fits() {
    let dates = |mutations: &str| {
        look(mutations, |leaf, _| {
            let dates = [leaf.validity().not_before, leaf.validity().not_after];
            dates.map(|date| at("1970-01-01T00:00:00Z").as_second() + date.timestamp())
        })
    };
    let second = |text: &str| at(text).as_second();
    let day = 86_400;
    let lifetime = 30 * day + 300;
    let ended = second("2026-07-31T12:00:00Z");
    assert_eq!(dates("not_after = \"-1d\""), [ended - lifetime, ended]);
    let starts = second("2026-10-30T12:00:00Z");
    assert_eq!(dates("not_before = \"+90d\""), [starts, starts + lifetime]);
    let wanted = [
        second("2001-01-01T00:00:00Z"),
        second("2002-01-01T00:00:00Z"),
    ];
    assert_eq!(
        dates("not_before = \"2001-01-01T00:00:00Z\", not_after = \"2002-01-01T00:00:00Z\""),
        wanted
    );
    let usual = second("2026-08-01T11:55:00Z");
    assert_eq!(
        dates("not_after = \"+1h\""),
        [usual, second("2026-08-01T13:00:00Z")]
    );
}

#[test]
fn names_are_added_and_left_out_whatever_they_are() {
    let added = look("add_uri = [\"spiffe://dev.example/admin\"]", |leaf, _| {
        names(leaf)
    });
    assert_eq!(added.len(), 2);
    let none = look("without_names = true", |leaf, _| names(leaf).len());
    assert_eq!(none, 0);
    let all =
        "without_names = true, add_dns = [\"a..b\"], add_ip = [\"::1\"], add_email = [\"nobody\"]";
    assert_eq!(look(all, |leaf, _| names(leaf).len()), 3);
    let subject = |mutations| look(mutations, |leaf, _| leaf.subject().to_string());
    assert_eq!(subject("cn = \"a\\u0000b\""), "CN=a\0b");
    assert_eq!(
        subject("subject = { o = \"Acme\" }, cn = \"b\""),
        "O=Acme, CN=b"
    );
}

#[test]
fn purposes_usages_and_the_rest_of_the_extensions_are_changed() {
    look("eku = [\"server\"]", |leaf, _| {
        let usage = leaf.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.server_auth && !usage.client_auth);
    });
    look("eku = [\"any\", \"code-signing\"]", |leaf, _| {
        let usage = leaf.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.any && usage.code_signing && !usage.client_auth);
    });
    look("eku = []", |leaf, _| {
        assert!(leaf.extended_key_usage().unwrap().is_none());
    });
    look("ku = [\"keyCertSign\"], ca = true", |leaf, _| {
        assert!(leaf.key_usage().unwrap().unwrap().value.key_cert_sign());
        assert!(leaf.basic_constraints().unwrap().unwrap().value.ca);
    });
    look("critical_extension = true", |leaf, _| {
        let unknown = leaf.iter_extensions().filter(|e| e.critical);
        let unknown = unknown.map(|e| e.oid.to_id_string());
        assert!(
            unknown
                .collect::<Vec<_>>()
                .contains(&"1.3.6.1.4.1.55555.1".to_owned())
        );
    });
    look("serial = \"00\"", |leaf, _| {
        assert_eq!(leaf.raw_serial(), [0])
    });
    look("key = \"ed25519\"", |leaf, _| {
        assert_eq!(leaf.public_key().raw.len(), 44);
    });
    look("repeat_extension = \"2.5.29.17\"", |leaf, _| {
        let twice = leaf.iter_extensions();
        let twice = twice.filter(|e| e.oid.to_id_string() == "2.5.29.17");
        assert_eq!(twice.count(), 2);
    });
    look("version = 1", |leaf, _| {
        assert_eq!(leaf.version(), X509Version::V1);
    });
}

#[test]
fn who_signs_is_changed_and_what_travels_with_it() {
    let intermediate = |fixture: &Fixture| chain(fixture).into_iter().nth(1);
    let signed = |mutations: &str| {
        look(mutations, |leaf, fixture| {
            let above = intermediate(fixture);
            let above = above.as_ref().map(|pem| pem.parse_x509().unwrap());
            above.map(|above| {
                let key = above.public_key();
                (
                    leaf.issuer() == above.subject(),
                    leaf.verify_signature(Some(key)).is_ok(),
                )
            })
        })
    };
    assert_eq!(signed(""), Some((true, true)));
    assert_eq!(signed("impostor = true"), Some((true, false)));
    assert_eq!(signed("signature = \"broken\""), Some((true, false)));
    assert_eq!(signed("version = 1"), Some((true, true)));
    assert_eq!(signed("issuer = \"stranger\""), None);
    assert_eq!(signed("chain = \"leaf\""), None);
    assert_eq!(chain(&mutated("billing", "chain = \"root\"")).len(), 3);
    look("self_signed = true", |leaf, fixture| {
        assert_eq!(leaf.issuer(), leaf.subject());
        leaf.verify_signature(None).unwrap();
        assert_eq!(chain(fixture).len(), 1);
        assert_eq!(names(leaf).len(), 1);
    });
    look("issuer = \"stranger\"", |leaf, fixture| {
        assert_eq!(leaf.issuer().to_string(), "CN=Stranger");
        let anchor = Pem::iter_from_buffer(fixture.anchors_pem.as_bytes()).next();
        let anchor = anchor.unwrap().unwrap();
        let anchor = anchor.parse_x509().unwrap().subject().to_string();
        assert_eq!(anchor, "CN=Root");
    });
    look("signature = \"sha1\"", |leaf, _| {
        let algorithm = leaf.signature_algorithm.algorithm.to_id_string();
        assert_eq!(algorithm, "1.2.840.10045.4.1");
    });
    look("another_key = true", |leaf, fixture| {
        let key = &fixture.presented.as_ref().unwrap().key_pem;
        let key = countersign_pki::Key::from_pem(key).unwrap();
        assert_ne!(key.public_key_der(), leaf.public_key().raw);
    });
}

#[test]
fn what_is_revoked_comes_with_the_lists_of_all_above() {
    let fixture = mutated(
        "billing",
        "revoked = { reason = \"superseded\", at = \"-1h\" }",
    );
    let lists = fixture.crl_pem.unwrap();
    assert_eq!(lists.matches("BEGIN X509 CRL").count(), 2);
    let first = Pem::iter_from_buffer(lists.as_bytes())
        .next()
        .unwrap()
        .unwrap();
    let (_, first) = parse_x509_crl(&first.contents).unwrap();
    assert_eq!(first.iter_revoked_certificates().count(), 1);
    assert!(mutated("billing", "").crl_pem.is_none());
}

#[test]
fn psd2_statements_are_made_wrong() {
    let content = |mutations: &str| {
        let fixture = mutated("tpp", mutations);
        let chain = chain(&fixture);
        let leaf = chain[0].parse_x509().unwrap();
        let mut all = leaf.iter_extensions();
        let found = all.find(|e| e.oid.to_id_string() == "1.3.6.1.5.5.7.1.3");
        found.unwrap().value.to_vec()
    };
    let good = content("");
    for flaw in ["truncated", "no-roles", "bad-nca", "twice", "bare"] {
        assert_ne!(content(&format!("psd2 = \"{flaw}\"")), good, "{flaw}");
    }
}

#[test]
fn mutations_compose() {
    look(
        "not_after = \"-1d\", eku = [\"server\"], signature = \"broken\", chain = \"leaf\"",
        |leaf, fixture| {
            assert!(leaf.validity().not_after.timestamp() < now().as_second());
            assert!(
                leaf.extended_key_usage()
                    .unwrap()
                    .unwrap()
                    .value
                    .server_auth
            );
            assert_eq!(chain(fixture).len(), 1);
        },
    );
}

#[test]
fn the_server_knows_the_holder_of_the_good_one_alone() {
    let known = mutated("billing", "").known.unwrap();
    assert_eq!(known.caller, "spiffe://dev.example/billing");
    assert_eq!(
        known.vouched,
        ["spiffe://dev.example/*", "spiffe://reports.example/*"]
    );
    let tpp = mutated("tpp", "");
    assert_eq!((tpp.scheme, tpp.side), ("dns", Side::Client));
    assert_eq!(tpp.known.unwrap().caller, "dns:tpp.example.com");
    let by = format!("from = \"tpp\"\nscheme = \"cn\"\n{REFUSED}");
    let by = plan(&by).fixtures().unwrap().pop().unwrap();
    assert_eq!(by.known.unwrap().caller, "cn:Acme");
    assert_eq!(mutated("server", "").side, Side::Server);
}

/// Checks the verdicts: ours, OpenSSL's, nginx's.
#[track_caller]
fn check_expected(from: &str, expect: &str, wanted: [&str; 3]) {
    let text = format!("from = \"{from}\"\nexpect = {{ {expect} }}");
    let expected = plan(&text).fixtures().unwrap().pop().unwrap().expected;
    let found = [expected.countersign, expected.openssl, expected.nginx];
    assert_eq!(found.map(|it: Outcome| it.to_string()), wanted);
}

#[test]
fn a_verdict_is_as_the_stage_has_it_unless_it_says_otherwise() {
    check_expected("billing", "stage = \"accepted\"", ["accept"; 3]);
    check_expected(
        "billing",
        "stage = \"tls\", code = \"certificate-expired\", countersign = \"alert 45\"",
        ["alert 45", "alert 45", "http 400"],
    );
    check_expected(
        "billing",
        "stage = \"tls\", code = \"certificate-unsuitable\", countersign = \"alert 46\", openssl = \"accept\", nginx = \"http 200\"",
        ["alert 46", "accept", "accept"],
    );
    check_expected(
        "billing",
        "stage = \"identity\", code = \"identity-ambiguous\"",
        ["http 403", "accept", "accept"],
    );
    check_expected("server", "stage = \"accepted\"", ["accept", "accept", "-"]);
    check_expected(
        "server",
        "stage = \"tls\", countersign = \"alert 45\"",
        ["alert 45", "alert 45", "-"],
    );
}

/// Checks that a fixture is refused where that stands.
#[track_caller]
fn check_refused(lines: &str, message: &str, schema: Schema) {
    let text = format!("{PKI}[[fixture]]\nname = \"x\"\n{lines}\n");
    let error = Manifest::parse(&text).unwrap_err();
    let line = PKI.lines().count() + 3;
    assert_eq!(
        error.to_string().replace(&format!("line {line},"), "here,"),
        message
    );
    check_schema(&text, schema);
}

#[test]
fn fixtures_are_checked() {
    let unseen = |lines: &str, message: &str| check_refused(lines, message, Schema::Accepts);
    let seen = |lines: &str, message: &str| check_refused(lines, message, Schema::Refuses);
    unseen(
        &format!("from = \"issuing\"\n{REFUSED}"),
        "here, column 8: fixture `x` is made from `issuing`, which is no certificate here",
    );
    let expect = "from = \"billing\"\n".to_owned();
    let line = format!("line {}", PKI.lines().count() + 4);
    seen(
        &format!("{expect}expect = {{ stage = \"tls\", code = \"certificate-expired\" }}"),
        &format!(
            "{line}, column 10: fixture `x` needs `countersign`, such as `alert 45`, in `expect`"
        ),
    );
    unseen(
        &format!("{expect}expect = {{ stage = \"identity\" }}"),
        &format!("{line}, column 10: fixture `x` needs `code` in `expect`"),
    );
    seen(
        &format!("{expect}expect = {{ stage = \"tls\", countersign = \"refused\" }}"),
        &format!(
            "{line}, column 41: fixture `x`: outcome `refused`: write `accept`, `http 403`, `alert 45`, `not loaded` or `-`"
        ),
    );
    seen(
        &format!("{expect}expect = {{ stage = \"http\" }}"),
        &format!(
            "{line}, column 20: fixture `x`: stage `http` is not known; there are `accepted`, `tls`, `identity`, `policy` and `psd2`"
        ),
    );
    let mutate = |mutations: &str| format!("{expect}mutate = {{ {mutations} }}\n{REFUSED}");
    let name = format!("line {}, column 8", PKI.lines().count() + 2);
    unseen(
        &mutate("psd2 = \"bare\""),
        &format!(
            "{name}: fixture `x` cannot be changed so: what it is made from has no PSD2 statements"
        ),
    );
    unseen(
        &mutate("self_signed = true, impostor = true"),
        &format!(
            "{name}: fixture `x` cannot be changed so: only one of `issuer`, `self_signed` and `impostor` signs"
        ),
    );
    unseen(
        &mutate("issuer = \"nobody\""),
        &format!(
            "{line}, column 21: `x` is to be issued by `nobody`, which is no authority here; there is root, issuing, stranger"
        ),
    );
    seen(
        &mutate("version = 2"),
        &format!("{line}, column 22: fixture `x`: version `2`: write 1, or 3 as is usual"),
    );
    seen(
        &mutate("serial = \"0\""),
        &format!(
            "{line}, column 21: fixture `x`: serial number `0`: write pairs of hexadecimal digits"
        ),
    );
    seen(
        &mutate("signature = \"none\""),
        &format!(
            "{line}, column 24: fixture `x`: signature `none` is not known; there are `broken`, `sha1`, `sha224` and `md5`"
        ),
    );
    seen(
        &mutate("not_aftr = \"-1d\""),
        &format!(
            "{line}, column 12: unknown field `not_aftr`, expected one of `not_before`, `not_after`, \
             `without_names`, `add_dns`, `add_ip`, `add_uri`, `add_email`, `subject`, `cn`, `key`, `ku`, \
             `eku`, `ca`, `issuer`, `self_signed`, `impostor`, `psd2`, `serial`, `critical_extension`, \
             `wrong_key_id`, `version`, `repeat_extension`, `signature`, `chain`, `another_key`, `revoked`"
        ),
    );
}

#[test]
fn what_cannot_be_written_down_is_told_with_the_name_of_the_fixture() {
    let text =
        format!("from = \"billing\"\nmutate = {{ add_dns = [\"bücher.example\"] }}\n{REFUSED}");
    let error = plan(&text).fixtures().unwrap_err();
    assert_eq!(error.to_string(), "the fixture `x` cannot be made");
}
