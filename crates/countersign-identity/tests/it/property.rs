//! What holds whatever the names are.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use countersign_identity::{
    Certificate, DistinguishedName, Name, NamePattern, NameRules, Oid, OrganizationId, Pin,
    QcStatements, Scheme, SpiffeId, Thumbprint, TrustName,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::client;

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// What is printed is parsed to the same.
fn round<T>(text: &str) -> Result<(), TestCaseError>
where
    T: FromStr + Display + PartialEq + Debug,
{
    if let Ok(value) = text.parse::<T>() {
        let printed = value.to_string();
        prop_assert_eq!(printed.parse().ok(), Some(value), "{}", printed);
        prop_assert!(!printed.chars().any(char::is_control), "{:?}", printed);
    }
    Ok(())
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match len {
        [0, short @ 0..0x80] => vec![tag, short],
        [0, len] => vec![tag, 0x81, len],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [&head, content].concat()
}

/// CN, O, UID, C, organizationIdentifier, labeledURI, and one that nobody knows.
const TYPES: [&[u8]; 7] = [
    &[0x55, 4, 3],
    &[0x55, 4, 10],
    &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1],
    &[0x55, 4, 6],
    &[0x55, 4, 97],
    &[0x2b, 6, 1, 4, 1, 0x81, 0x7a, 1, 57],
    &[0x2a, 3],
];

/// A value in any string type, and now and then in none.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        "[a-cA-C ]{0,4}",
        r#"[ #+,;<=>"\\a]{0,6}"#,
        any::<String>().prop_map(|text| text.chars().take(12).collect::<String>()),
    ];
    let wide = |text: String| {
        text.encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<_>>()
    };
    prop_oneof![
        4 => text.clone().prop_map(|text| tlv(0x0c, text.as_bytes())),
        2 => "[ -~]{0,8}".prop_map(|text| tlv(0x13, text.as_bytes())),
        1 => text.prop_map(move |text| tlv(0x1e, &wide(text))),
        1 => (select(&[0x04, 0x0c, 0x13, 0x14, 0x16, 0x1c, 0x1e][..]), vec(any::<u8>(), 0..9))
            .prop_map(|(tag, bytes)| tlv(tag, &bytes)),
    ]
}

fn attribute() -> impl Strategy<Value = Vec<u8>> {
    (select(&TYPES[..]), value()).prop_map(|(oid, value)| tlv(0x30, &[tlv(6, oid), value].concat()))
}

/// The attributes of each RDN.
fn rdns() -> impl Strategy<Value = Vec<Vec<Vec<u8>>>> {
    vec(vec(attribute(), 1..4), 0..5)
}

/// Names that read like one another, and are not.
fn look_alikes() -> impl Strategy<Value = Vec<Vec<Vec<u8>>>> {
    let types: [&[u8]; 2] = [&[0x55, 4, 12], &[0x2b, 6, 1, 4, 1, 0x81, 0x7a, 1, 57]];
    let values = [
        "a",
        "a,title=a",
        "a\\,title=a",
        "a\\",
        "a+title=a",
        "\\",
        ",title=a",
    ];
    let attribute = (select(types.to_vec()), select(values.to_vec()))
        .prop_map(|(oid, value)| tlv(0x30, &[tlv(6, oid), tlv(0x0c, value.as_bytes())].concat()));
    vec(vec(attribute, 1..3), 0..4)
}

fn named(rdns: &[Vec<Vec<u8>>]) -> DistinguishedName {
    let rdns: Vec<_> = rdns.iter().map(|rdn| tlv(0x31, &rdn.concat())).collect();
    DistinguishedName::from_der(&tlv(0x30, &rdns.concat())).unwrap()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_distinguished_name_is_read_again_as_it_was_printed(rdns in rdns()) {
        let name = named(&rdns);
        let printed = name.to_string();
        let again: DistinguishedName = printed.parse().unwrap();
        prop_assert_eq!(again.to_string(), &*printed);
        prop_assert!(again.matches(&name));
        prop_assert!(!printed.chars().any(char::is_control), "{:?}", printed);

        let plain: DistinguishedName = name.to_plain_rfc4514().parse().unwrap();
        prop_assert!(plain.matches(&name));
    }

    #[test]
    fn the_canonical_form_is_a_name_whose_canonical_form_it_is(rdns in rdns()) {
        let name = named(&rdns);
        let canonical = name.canonical();
        let again: DistinguishedName = canonical.as_str().parse().unwrap();
        prop_assert_eq!(again.canonical(), canonical);
        prop_assert!(again.matches(&name));
    }

    #[test]
    fn matching_is_symmetric_and_says_the_same_in_each_form(
        (first, second) in prop_oneof![(rdns(), rdns()), (look_alikes(), look_alikes())],
    ) {
        let (first, second) = (named(&first), named(&second));
        let matches = first.matches(&second);
        prop_assert!(first.matches(&first));
        prop_assert_eq!(second.matches(&first), matches);
        prop_assert_eq!(first.canonical() == second.canonical(), matches);
        prop_assert_eq!(first.differences(&second).is_empty(), matches);
        prop_assert_eq!(second.differences(&first).is_empty(), matches);
    }

    #[test]
    fn the_order_within_an_rdn_counts_for_nothing_and_that_of_the_rdns_for_all(rdns in rdns()) {
        let name = named(&rdns);
        let mut within = rdns.clone();
        within.iter_mut().for_each(|rdn| rdn.reverse());
        prop_assert!(named(&within).matches(&name));

        let mut between = rdns;
        between.reverse();
        let between = named(&between);
        let is_palindrome = name.rdns().map(|rdn| named_rdn(&rdn.to_string()))
            .eq(between.rdns().map(|rdn| named_rdn(&rdn.to_string())));
        prop_assert_eq!(between.matches(&name), is_palindrome);
    }

    #[test]
    fn a_name_is_below_exactly_the_ends_of_its_own(
        (rdns, other) in prop_oneof![(rdns(), rdns()), (look_alikes(), look_alikes())],
    ) {
        let name = named(&rdns).canonical();
        for above in 1..rdns.len() {
            prop_assert!(name.is_below(&named(&rdns[..above]).canonical()));
        }
        prop_assert!(!name.is_below(&name));
        let other = named(&other);
        let below = !other.is_empty()
            && rdns.len() > other.rdns().len()
            && named(&rdns[..other.rdns().len()]).matches(&other);
        prop_assert_eq!(!other.is_empty() && name.is_below(&other.canonical()), below);
    }

    #[test]
    fn case_and_spaces_of_a_common_name_count_for_nothing(words in vec("[a-zà-þ]{1,5}", 1..4)) {
        let quiet: DistinguishedName = format!("CN={}", words.join(" ")).parse().unwrap();
        let loud = words.join("   ").to_uppercase();
        let loud: DistinguishedName = format!(r"CN=\ {loud}\ ").parse().unwrap();
        prop_assert!(quiet.matches(&loud), "{quiet} {loud}");
    }

    #[test]
    fn a_spiffe_id_is_printed_as_it_was_parsed(
        domain in "[a-z0-9._-]{1,20}",
        path in vec("[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,8}", 1..5),
    ) {
        let text = format!("spiffe://{domain}/{}", path.join("/"));
        let id: SpiffeId = text.parse().unwrap();
        prop_assert_eq!(id.to_string(), &*text);
        prop_assert_eq!(id.trust_domain(), domain);
        prop_assert_eq!(id.path(), format!("/{}", path.join("/")));
    }

    #[test]
    fn a_name_is_parsed_as_it_was_printed(text in name_text()) {
        prop_assert!(text.parse::<Name>().is_ok(), "{text}");
        round::<Name>(&text)?;
        round::<NamePattern>(&text)?;
        let pattern: NamePattern = text.parse().unwrap();
        prop_assert!(pattern.matches(&text.parse().unwrap()), "{text}");
    }

    #[test]
    fn more_patterns_never_allow_less(
        text in name_text(),
        patterns in vec(pattern_text(), 0..6),
        more in vec(pattern_text(), 0..6),
    ) {
        let name: Name = text.parse().unwrap();
        let rules = |patterns: &[String]| {
            let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap());
            NameRules::new(name.scheme(), patterns)
        };
        let all = [&patterns[..], &more].concat();
        let any = rules(&patterns).allow(&name) || rules(&more).allow(&name);
        prop_assert_eq!(rules(&all).allow(&name), any);
    }

    #[test]
    fn no_text_panics_and_what_is_parsed_is_printed_the_same(text in any_text()) {
        round::<DistinguishedName>(&text)?;
        round::<Name>(&text)?;
        round::<NamePattern>(&text)?;
        round::<Oid>(&text)?;
        round::<OrganizationId>(&text)?;
        round::<Pin>(&text)?;
        round::<Scheme>(&text)?;
        round::<SpiffeId>(&text)?;
        round::<Thumbprint>(&text)?;
        round::<TrustName>(&text)?;
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Certificate::from_der(&bytes);
        let _ = DistinguishedName::from_der(&bytes);
        let _ = QcStatements::from_der(&bytes);
    }

    #[test]
    fn no_damage_to_a_certificate_panics(
        damage in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        static CERTIFICATE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
            client(|client| client.common_name("billing").uri("spiffe://dev.example/billing"))
        });
        let mut der = CERTIFICATE.clone();
        for (place, byte) in damage {
            let place = place.index(der.len());
            der[place] = byte;
        }
        if let Ok(certificate) = Certificate::from_der(&der) {
            for scheme in Scheme::ALL {
                if let Ok(name) = scheme.name_in(&certificate) {
                    round::<Name>(&name.to_string())?;
                }
            }
        }
    }
}

fn named_rdn(rdn: &str) -> DistinguishedName {
    rdn.parse().unwrap()
}

/// Names of all kinds.
fn name_text() -> impl Strategy<Value = String> {
    let host = "[a-zA-Z0-9]{1,8}(\\.[a-z0-9]{1,8}){0,3}";
    prop_oneof![
        "spiffe://[a-z]{1,6}\\.example(/[a-z0-9]{1,6}){1,3}",
        "uri:https://[a-z]{1,6}\\.example/[a-z?#]{0,6}",
        host.prop_map(|host| format!("dns:{host}")),
        host.prop_map(|host| format!("email:Ops@{host}")),
        any::<std::net::IpAddr>().prop_map(|address| format!("ip:{address}")),
        "dn:CN=[a-c]{1,3}(,O=[a-c]{1,3}){0,2}",
        "org:(NTR|VAT|OFB)[A-Z]{2}-[0-9]{1,8}",
        "org:PSD[A-Z]{2}-[A-Z]{2,8}-[0-9A-Z]{1,8}",
        any::<[u8; 8]>().prop_map(|bytes| format!("pin:{}", Pin::of(&bytes))),
        any::<[u8; 8]>().prop_map(|bytes| format!("x5t:{}", Thumbprint::of(&bytes))),
        "cn:[a-z0-9 ,=+-]{1,12}",
    ]
}

/// Patterns of all kinds, exact ones among them.
fn pattern_text() -> impl Strategy<Value = String> {
    prop_oneof![
        name_text(),
        "spiffe://[a-z]{1,6}\\.example/\\*",
        "uri:https://[a-z]{1,6}\\.example/\\*",
        "dns:\\*\\.[a-z]{1,3}",
        "email:\\*@[a-z]{1,3}",
        "dn:\\*,O=[a-c]{1,3}",
        "org:PSD[A-Z]{2}-[A-Z]{2,8}-\\*",
        "cn:[a-z]{0,2}-\\*",
    ]
}

/// Anything, and what nearly is a name.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = [
        "spiffe://",
        "dn:",
        "org:",
        "cn:",
        "dns:",
        "ip:",
        "*",
        ",",
        "+",
        "=",
        "#",
        "\\",
        "CN",
        "O",
        "2.5.4.3",
        "PSDGB-FCA-",
        "0c0161",
        "/",
        ".",
        " ",
        "a",
        "é",
        "\u{200b}",
        "\0",
    ];
    prop_oneof![
        any::<String>(),
        subsequence(pieces.to_vec(), 0..12)
            .prop_shuffle()
            .prop_map(|pieces| pieces.concat()),
        vec(select(pieces.to_vec()), 0..16).prop_map(|pieces| pieces.concat()),
    ]
}
