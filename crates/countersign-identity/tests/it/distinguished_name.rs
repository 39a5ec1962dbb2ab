use countersign_identity::{
    CertificateError, Difference, DistinguishedName, MatchingRule, NameError,
};
use countersign_pki::Authority;
use rcgen::{DnType, DnValue};

use crate::{client, now, odd, read};

/// How a subject of these attributes, in the order of the certificate, is printed.
fn printed(attributes: &[(DnType, DnValue)]) -> String {
    let der = odd(|params| {
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in attributes {
            params.distinguished_name.push(kind.clone(), value.clone());
        }
    });
    read(&der).subject().to_string()
}

fn text(value: &str) -> DnValue {
    DnValue::Utf8String(value.to_owned())
}

#[test]
fn the_last_rdn_is_printed_first() {
    let attributes = [
        (DnType::CountryName, text("GB")),
        (DnType::OrganizationName, text("Acme")),
        (DnType::OrganizationalUnitName, text("Payments")),
        (DnType::CommonName, text("billing")),
    ];
    assert_eq!(printed(&attributes), "CN=billing,OU=Payments,O=Acme,C=GB");
}

#[test]
fn a_value_cannot_forge_an_attribute_or_a_line() {
    let attributes = [
        (DnType::OrganizationName, text("x,CN=admin")),
        (DnType::CommonName, text("lowly\nCN=root\0+O=Evil")),
    ];
    assert_eq!(
        printed(&attributes),
        r"CN=lowly\0ACN=root\00\+O=Evil,O=x\,CN=admin"
    );
}

#[test]
fn what_has_no_keyword_is_printed_with_its_encoding() {
    let attributes = [
        (
            DnType::CustomDnType(vec![2, 5, 4, 97]),
            text("PSDGB-FCA-123456"),
        ),
        (DnType::CustomDnType(vec![1, 2, 3, 4]), text("odd")),
        (
            DnType::CommonName,
            DnValue::BmpString("ab".try_into().unwrap()),
        ),
    ];
    assert_eq!(
        printed(&attributes),
        "CN=ab,1.2.3.4=#0c036f6464,organizationIdentifier=PSDGB-FCA-123456"
    );
}

#[test]
fn an_empty_subject_is_empty_and_prints_nothing() {
    let certificate = read(&client(|client| client.uri("spiffe://dev.example/a")));
    assert!(certificate.subject().is_empty());
    assert_eq!(certificate.subject().to_string(), "");
    assert_eq!(certificate.subject().common_names().count(), 0);
}

#[test]
fn the_issuer_is_the_name_that_the_certificate_gives() {
    let root = Authority::root("Test Root", now()).unwrap();
    let issuing = root.intermediate("Test Issuing CA", now()).unwrap();
    let leaf = issuing.client(now()).issue().unwrap();
    assert_eq!(
        read(leaf.certificate_der()).issuer().to_string(),
        "CN=Test Issuing CA"
    );
    assert_eq!(
        read(issuing.certificate_der()).issuer(),
        read(root.certificate_der()).subject()
    );
}

fn parsed(text: &str) -> DistinguishedName {
    text.parse().unwrap()
}

#[test]
fn the_examples_of_rfc_4514_are_read_and_printed() {
    for (text, again) in [
        (
            "UID=jsmith,DC=example,DC=net",
            "UID=jsmith,DC=example,DC=net",
        ),
        (
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
        ),
        (
            r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
            r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
        ),
        (
            r"CN=Before\0dAfter,DC=example,DC=net",
            r"CN=Before\0DAfter,DC=example,DC=net",
        ),
        (
            "1.3.6.1.4.1.1466.0=#04024869",
            "1.3.6.1.4.1.1466.0=#04024869",
        ),
        (r"CN=Lu\C4\8Di\C4\87", "CN=Lučić"),
        ("", ""),
    ] {
        assert_eq!(parsed(text).to_string(), again);
        assert_eq!(parsed(again), parsed(text), "{text}");
    }
}

#[test]
fn what_is_not_rfc_4514_is_refused_where_it_goes_wrong() {
    for (text, position, wanted) in [
        ("billing", 1, KNOWN),
        ("cn", 3, "`=`"),
        ("=x", 1, KNOWN),
        (",", 1, KNOWN),
        ("CN=a,", 6, KNOWN),
        ("CN=a, O=b", 6, KNOWN),
        ("CN=a+", 6, KNOWN),
        ("ZZ=a", 1, KNOWN),
        ("2.5.4.03=a", 1, KNOWN),
        ("CN =a", 3, "`=`"),
        ("CN= a", 4, "a value that does not begin with a space"),
        ("CN=a ", 6, "a value that does not end with a space"),
        ("CN=a ,O=b", 6, "a value that does not end with a space"),
        ("CN=é;O=b", 5, "a backslash before this character"),
        ("CN=\"a\"", 4, "a backslash before this character"),
        ("CN=a\0", 5, "a backslash before this character"),
        (r"CN=a\", 5, PAIR),
        (r"CN=a\0", 5, PAIR),
        (r"CN=a\zz", 5, PAIR),
        (r"CN=\C3\28", 4, "escaped bytes that are UTF-8"),
        ("CN=#", 4, ENCODING),
        ("CN=#0", 4, ENCODING),
        ("CN=#0c0161ff", 4, ENCODING),
        ("CN=#0c0261", 4, ENCODING),
        ("CN=#0c8000", 4, ENCODING),
        ("CN=#0c0161x", 11, "`,`, `+` or the end"),
        (
            "1.2.3=a",
            7,
            "`#` and hexadecimal, for an attribute type that is not known",
        ),
    ] {
        let error = NameError::DistinguishedName {
            name: text.to_owned(),
            position,
            wanted,
        };
        assert_eq!(text.parse::<DistinguishedName>(), Err(error), "{text}");
    }
    let len = 256 * 1024 + 1;
    assert_eq!(
        format!("CN={}", "x".repeat(len - 3)).parse::<DistinguishedName>(),
        Err(NameError::TooLong { len, max: len - 1 })
    );
}

const KNOWN: &str = "an attribute type that is known, or an object identifier";
const PAIR: &str = "a special character or two hexadecimal digits behind the backslash";
const ENCODING: &str = "`#` and one DER value in hexadecimal";

#[track_caller]
fn check(first: &str, second: &str, matches: bool) {
    let (first, second) = (parsed(first), parsed(second));
    assert_eq!(first.matches(&second), matches, "{first} {second}");
    assert_eq!(second.matches(&first), matches, "{second} {first}");
    assert_eq!(first.canonical() == second.canonical(), matches);
    assert_eq!(first.differences(&second).is_empty(), matches);
    assert_eq!(
        parsed(first.canonical().as_str()).canonical(),
        first.canonical()
    );
}

#[test]
fn names_match_by_their_parsed_sequence_and_never_as_text() {
    for (first, second, matches) in [
        ("CN=a,O=b", "cn=A,commonName=x", false),
        ("CN=a,O=b", "2.5.4.3=A,organizationName=B", true),
        ("CN=a,O=b", "O=b,CN=a", false),
        ("CN=a,O=b", "CN=a", false),
        (r"CN=a\,O=b", "CN=a,O=b", false),
        (r"CN=a\+O=b", "CN=a+O=b", false),
        (r"CN=a\,O=b", r"CN=a\2CO\3Db", true),
        ("CN=a+O=b", "O=b+CN=a", true),
        ("CN=a+O=b", "CN=a,O=b", false),
        ("CN=a+CN=b", "CN=a", false),
        ("CN=a+CN=a", "CN=a", false),
        ("CN=a  b", "CN=A b", true),
        (r"CN=\ a\ ", "CN=a", true),
        ("CN=ab", "CN=a b", false),
        ("CN=Straße", "CN=STRASSE", true),
        ("CN=ÅNGSTRÖM", "CN=a\u{30a}ngstro\u{308}m", true),
        ("CN=admın", "CN=admin", false),
        ("CN=аdmin", "CN=admin", false),
        // What nobody can see is compared byte by byte, and hides nothing.
        ("CN=ad\u{200b}min", "CN=admin", false),
        ("CN=ad\u{200b}min", "CN=ad\u{200b}min", true),
        (r"CN=admin\00", "CN=admin", false),
        // One text in PrintableString, UTF8String, IA5String, TeletexString, BMPString, UniversalString.
        ("C=#13024742", "C=gb", true),
        ("C=#0c024742", "C=gb", true),
        ("C=#16024742", "C=gb", true),
        ("C=#14024742", "C=gb", true),
        ("C=#1e0400470042", "C=gb", true),
        ("C=#1c080000004700000042", "C=gb", true),
        ("C=#1404c3a5e5ff", "C=#0c04c3a5c3a5", false),
        ("C=#1e03004700", "C=g", false),
        ("C=#1e02d800", "C=#1e02d800", true),
        // An unknown type: the encoding counts.
        ("1.2.3=#0c0161", "1.2.3=#0c0161", true),
        ("1.2.3=#0c0161", "1.2.3=#130161", false),
        ("1.2.3=#0c0161", "1.2.3=#0c0141", false),
        ("1.2.3=#0c0161", "1.2.4=#0c0161", false),
        (r"CN=\#0c0161", "CN=#0c0161", false),
        ("CN=a", "CN=#0c0161", true),
        // Case counts in a labeledURI.
        (
            "labeledURI=https://a.example/A",
            "labeledURI=https://a.example/a",
            false,
        ),
        ("", "", true),
        ("", "CN=", false),
        ("CN=", r"CN=\ ", true),
    ] {
        check(first, second, matches);
    }
}

#[test]
fn names_that_match_are_one_key() {
    let names = [
        "CN=Billing,O=Acme",
        "cn=BILLING,o=acme",
        "CN=#130742494c4c494e47,O=Acme",
    ];
    let set: std::collections::HashSet<_> = names.into_iter().map(parsed).collect();
    assert_eq!(set.len(), 1);
}

#[test]
fn a_difference_says_which_rdn_and_how() {
    let value = |first: &str, second: &str, rule| Difference::Value {
        first: first.to_owned(),
        second: second.to_owned(),
        rule,
    };
    let only_first = |rdn: &str| Difference::OnlyFirst {
        rdn: rdn.to_owned(),
    };
    let only_second = |rdn: &str| Difference::OnlySecond {
        rdn: rdn.to_owned(),
    };
    for (first, second, differences, message) in [
        (
            "CN=a,O=b,C=SE",
            "C=SE,O=b,CN=a",
            vec![Difference::Reversed],
            "the RDNs are the same, in reverse",
        ),
        (
            "CN=a,O=b,C=SE",
            "O=b,CN=a,C=SE",
            vec![Difference::Order],
            "the RDNs are the same, in another order",
        ),
        (
            "CN=a,O=b",
            "CN=A,O=c",
            vec![value("O=b", "O=c", MatchingRule::CaseIgnore)],
            "`O=b` is not `O=c`",
        ),
        (
            "1.2.3=#0c0161,O=b",
            "1.2.3=#130161,O=b",
            vec![value(
                "1.2.3=#0c0161",
                "1.2.3=#130161",
                MatchingRule::Encoding,
            )],
            "`1.2.3=#0c0161` is not `1.2.3=#130161`, which is compared byte by byte",
        ),
        (
            "labeledURI=A",
            "labeledURI=a",
            vec![value(
                "labeledURI=A",
                "labeledURI=a",
                MatchingRule::CaseExact,
            )],
            "`labeledURI=A` is not `labeledURI=a`, where case counts",
        ),
        (
            "CN=a,OU=x,O=b",
            "CN=a,O=b",
            vec![only_first("OU=x")],
            "only the first has `OU=x`",
        ),
        (
            "CN=a",
            "CN=a,O=b",
            vec![only_second("O=b")],
            "only the second has `O=b`",
        ),
        (
            "CN=a+UID=1,O=b",
            "UID=2+CN=a,O=b",
            vec![value("CN=a+UID=1", "UID=2+CN=a", MatchingRule::CaseIgnore)],
            "`CN=a+UID=1` is not `UID=2+CN=a`",
        ),
    ] {
        let found = parsed(first).differences(&parsed(second));
        assert_eq!(found, differences, "{first} {second}");
        assert_eq!(found[0].to_string(), message);
    }
    let both = parsed("CN=a,OU=x,O=b").differences(&parsed("CN=c,O=b,C=SE"));
    let both: Vec<_> = both.iter().map(ToString::to_string).collect();
    assert_eq!(
        both,
        [
            "`CN=a` is not `CN=c`",
            "only the first has `OU=x`",
            "only the second has `C=SE`"
        ]
    );
}

#[test]
fn bytes_that_are_no_name_are_refused() {
    let cn = [0x30, 8, 6, 3, 0x55, 4, 3, 0x0c, 1, b'a'];
    let rdn = [&[0x31, 10][..], &cn].concat();
    let name = [&[0x30, 12][..], &rdn].concat();
    assert_eq!(
        DistinguishedName::from_der(&name).unwrap().to_string(),
        "CN=a"
    );
    assert_eq!(
        DistinguishedName::from_der(b"\x30\0").unwrap().to_string(),
        ""
    );
    let more = [&name[..], b"\0"].concat();
    assert_eq!(
        DistinguishedName::from_der(&more),
        Err(CertificateError::TrailingData { len: 1 })
    );
    for (what, der) in [
        ("nothing", &b""[..]),
        ("a set", b"\x31\0"),
        ("an RDN without an attribute", b"\x30\x02\x31\0"),
        ("an RDN that is a sequence", b"\x30\x02\x30\0"),
        (
            "an attribute without a value",
            b"\x30\x09\x31\x07\x30\x05\x06\x03\x55\x04\x03",
        ),
        (
            "an attribute of three parts",
            b"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x05\0\x05\0",
        ),
        (
            "a type that is no object identifier",
            b"\x30\x0b\x31\x09\x30\x07\x04\x03\x55\x04\x03\x05\0",
        ),
        (
            "a type that does not end",
            b"\x30\x0b\x31\x09\x30\x07\x06\x03\x55\x04\x83\x05\0",
        ),
        ("a length that is not the shortest", b"\x30\x81\0"),
        ("cut", &name[..13]),
    ] {
        assert_eq!(
            DistinguishedName::from_der(der),
            Err(CertificateError::Encoding),
            "{what}"
        );
    }
}

#[test]
fn the_subjects_of_open_finance_brasil_match_in_either_string_type() {
    for example in brasil()["examples"].as_array().unwrap() {
        let text = example["subject_dn"].as_str().unwrap();
        let name = parsed(text);
        // PrintableString where the example has UTF8String, and the other way round.
        let swapped: Vec<_> = text.split(',').map(swap_string_type).collect();
        let swapped = swapped.join(",");
        assert_ne!(swapped, text);
        assert_eq!(parsed(&swapped), name);
        assert_eq!(parsed(&name.to_string()), name);
        assert_eq!(name.to_plain_rfc4514().to_lowercase(), text.to_lowercase());
    }
}

fn swap_string_type(rdn: &str) -> String {
    match rdn.split_once("=#") {
        Some((kind, hex)) if hex.starts_with("13") => format!("{kind}=#0C{}", &hex[2..]),
        Some((kind, hex)) => format!("{kind}=#13{}", &hex[2..]),
        None => rdn.to_owned(),
    }
}

#[test]
fn the_registered_form_of_open_finance_brasil_is_ours() {
    let vectors = brasil();
    let text = vectors["teste_pem"]["subject_dn_ofb_form"]
        .as_str()
        .unwrap();
    assert_eq!(parsed(text).to_plain_rfc4514(), text);
}

#[test]
fn the_malformed_subjects_of_open_finance_brasil_are_refused_where_they_are_malformed() {
    for example in brasil()["malformed_from_spec_example"].as_array().unwrap() {
        let text = example.as_str().unwrap().split_once("subject=").unwrap().1;
        let error = NameError::DistinguishedName {
            name: text.to_owned(),
            position: text.find("2.5.4.15=").unwrap() + "2.5.4.15=".len() + 1,
            wanted: ENCODING,
        };
        assert_eq!(text.parse::<DistinguishedName>(), Err(error));
    }
}

fn brasil() -> serde_json::Value {
    let vectors =
        include_str!("../../../../fixtures/vectors/psd2/openbanking-brasil-subject-dn.json");
    serde_json::from_str(vectors).unwrap()
}
