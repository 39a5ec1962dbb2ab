//! What proxies say of their clients.

use countersign_identity::{
    ClientCert, EncodedDer, EscapedPem, FoldedPem, ForwardedChain, ForwardedError, SubjectText,
    Xfcc, is_identity_header,
};
use data_encoding::BASE64;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{client, first_der};

const LEAF: &str = include_str!("../../../../fixtures/vectors/rfc9440-figure1-leaf.pem");
const INTERMEDIATE: &str =
    include_str!("../../../../fixtures/vectors/rfc9440-figure1-intermediate.pem");
const ROOT: &str = include_str!("../../../../fixtures/vectors/rfc9440-figure1-root.pem");
const CLIENT_CERT: &str =
    include_str!("../../../../fixtures/vectors/rfc9440-figure2-client-cert.txt");
const CLIENT_CERT_CHAIN: &str =
    include_str!("../../../../fixtures/vectors/rfc9440-figure3-client-cert-chain.txt");

/// The chain of RFC 9440, appendix A.
fn published() -> ForwardedChain {
    let above = vec![first_der(INTERMEDIATE), first_der(ROOT)];
    ForwardedChain::new(first_der(LEAF), above).unwrap()
}

fn leaf_alone() -> ForwardedChain {
    ForwardedChain::new(first_der(LEAF), Vec::new()).unwrap()
}

#[test]
fn the_headers_of_rfc_9440_appendix_a_are_read_and_written_byte_for_byte() {
    let (leaf, chain) = (CLIENT_CERT.trim_end(), CLIENT_CERT_CHAIN.trim_end());
    let read = ClientCert::parse(&[leaf.as_bytes()], &[chain.as_bytes()]).unwrap();
    assert_eq!(read.chain(), &published());

    let written = ClientCert::new(published());
    assert_eq!(written.client_cert(), leaf);
    assert_eq!(written.client_cert_chain().unwrap(), chain);
}

#[test]
fn a_chain_in_several_lines_is_one_chain() {
    let (leaf, chain) = (CLIENT_CERT.trim_end(), CLIENT_CERT_CHAIN.trim_end());
    let (one, two) = chain.split_once(", ").unwrap();
    let lines = [one.as_bytes(), two.as_bytes()];
    let read = ClientCert::parse(&[leaf.as_bytes()], &lines).unwrap();
    assert_eq!(read.chain(), &published());
}

#[test]
fn a_client_cert_of_another_form_is_refused() {
    let good = CLIENT_CERT.trim_end();
    let colon = "a colon and base64";
    let end = "a colon behind the base64";
    let der = first_der(LEAF);
    let trailing = format!(":{}:", BASE64.encode(&[der.as_slice(), &[0]].concat()));
    let unpadded = good.replace("=:", ":");
    // The last digit before the padding has bits that no encoder sets.
    let loose = good.replace("hk=:", "hl=:");
    // Found by the fuzzer: two padded texts in a row.
    let padded_within = good.replace("MIIBqDCC", "MI==qDCC");
    let parameter = format!("{good};a=1");
    let list = format!("{good}, {good}");
    let with_space = good.replace("BAgI", "B gI");
    let malformed = |position, wanted| ForwardedError::Malformed { position, wanted };
    let certificate = ForwardedError::Certificate { position: 1 };
    for (value, error) in [
        ("", malformed(1, colon)),
        (good.trim_matches(':'), malformed(1, colon)),
        (good.trim_end_matches(':'), malformed(good.len(), end)),
        (&parameter, malformed(good.len() + 5, end)),
        (&list, malformed(good.len(), "base64")),
        (&unpadded, malformed(good.len() - 4, "base64")),
        (&loose, malformed(good.len() - 2, "base64")),
        (&with_space, malformed(18, "base64")),
        (&padded_within, malformed(6, "base64")),
        ("::", certificate.clone()),
        (":AAAA:", certificate.clone()),
        (&trailing, certificate),
    ] {
        let read = ClientCert::parse(&[value.as_bytes()], &[]);
        assert_eq!(read, Err(error), "{value}");
    }
}

#[test]
fn a_client_cert_stands_there_once_and_its_chain_never_alone() {
    let (leaf, chain) = (CLIENT_CERT.trim().as_bytes(), CLIENT_CERT_CHAIN.trim());
    let header = "Client-Cert";
    let count = |count| ForwardedError::Count { header, count };
    assert_eq!(ClientCert::parse(&[], &[]), Err(count(0)));
    assert_eq!(ClientCert::parse(&[leaf, leaf], &[]), Err(count(2)));
    let alone = ClientCert::parse(&[], &[chain.as_bytes()]);
    assert_eq!(alone, Err(ForwardedError::ChainAlone));
    let long = [CLIENT_CERT.trim(); 9].join(",");
    let long = ClientCert::parse(&[leaf], &[long.as_bytes()]);
    assert_eq!(long, Err(ForwardedError::TooMany { count: 10, max: 9 }));
    let large = [b":".as_slice(), &vec![b'A'; 300 * 1024]].concat();
    let (len, max) = (large.len(), 256 * 1024);
    let large = ClientCert::parse(&[&large], &[]);
    assert_eq!(large, Err(ForwardedError::TooLarge { len, max }));
}

#[test]
fn each_dialect_reads_what_it_writes() {
    let (one, all) = (leaf_alone(), published());
    let escaped = EscapedPem::new(all.clone()).to_string();
    assert_eq!(
        EscapedPem::parse(&[escaped.as_bytes()]).unwrap().chain(),
        &all
    );
    let encoded = BASE64.encode(one.leaf());
    let read = EncodedDer::parse(&[encoded.as_bytes()]).unwrap();
    assert_eq!((read.chain(), read.to_string()), (&one, encoded));
    let xfcc = Xfcc::new(all.clone()).to_string();
    let read = Xfcc::parse(&[xfcc.as_bytes()]).unwrap();
    assert_eq!(read.only().unwrap().chain().unwrap(), &all);
    assert_eq!(read.to_string(), xfcc);
}

/// As nginx, Envoy and AWS wrote it, each in its own way of escaping.
#[test]
fn escaped_pem_is_read_however_much_is_escaped() {
    let plain = LEAF.trim();
    let aws = plain.replace(' ', "%20").replace('\n', "%0A");
    let nginx = EscapedPem::new(leaf_alone()).to_string();
    let eager: String = plain.bytes().map(|b| format!("%{b:02x}")).collect();
    for escaped in [&aws, &nginx, &eager] {
        let read = EscapedPem::parse(&[escaped.as_bytes()]);
        assert_eq!(read.unwrap().chain(), &leaf_alone(), "{escaped}");
    }
    for folded in [
        plain.replace('\n', " "),
        plain.replace('\n', "\n\t"),
        plain.replace('\n', ""),
    ] {
        let read = FoldedPem::parse(&[folded.as_bytes()]);
        assert_eq!(read.unwrap().chain(), &leaf_alone(), "{folded}");
    }
}

#[test]
fn pem_with_anything_beside_it_is_refused() {
    let plain = LEAF.trim();
    let marks = "the begin and the end of a PEM certificate";
    let malformed = |position, wanted| ForwardedError::Malformed { position, wanted };
    let key = plain.replace("CERTIFICATE", "PRIVATE KEY");
    let behind = format!("{plain} x");
    let digits = "base64 in the PEM certificate";
    for (pem, error) in [
        ("", ForwardedError::Empty),
        (&key, malformed(1, marks)),
        (&behind, malformed(plain.len() + 2, marks)),
        (&plain.replace('=', ""), malformed(1, digits)),
        (
            "-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----",
            ForwardedError::Certificate { position: 1 },
        ),
    ] {
        assert_eq!(FoldedPem::parse(&[pem.as_bytes()]), Err(error), "{pem}");
    }
    for (escaped, position) in [("%", 1), ("a%4", 2), ("ab%zz", 3), ("a b", 2), ("ä", 1)] {
        let read = EscapedPem::parse(&[escaped.as_bytes()]);
        assert!(
            matches!(read, Err(ForwardedError::Malformed { position: at, .. }) if at == position),
            "{escaped}: {read:?}"
        );
    }
}

/// Envoy 1.40, told to write everything.
#[test]
fn an_element_of_envoy_is_read() {
    let pem = EscapedPem::new(leaf_alone());
    let hash = "B5E6BA2F0FBD1B6C";
    let names = r#"By=spiffe://a.example/b;Subject="CN=x\,y \"z\" \\,O=\22;=,";URI=spiffe://a/b;DNS=a.example;DNS="#;
    let header = format!(r#"Cert="{pem}";Chain="{pem}";{names}"#);
    let read = Xfcc::parse(&[header.as_bytes()]).unwrap();
    assert_eq!(read.only().unwrap().chain().unwrap(), &leaf_alone());

    let other = format!("{header};Hash={hash}");
    let read = Xfcc::parse(&[other.as_bytes()]).unwrap();
    assert_eq!(read.only().unwrap().chain(), Err(ForwardedError::Hash));
}

#[test]
fn which_element_counts_is_said() {
    let one = Xfcc::new(leaf_alone()).to_string();
    let der = client(|client| client.uri("spiffe://a.example/victim"));
    let victim = Xfcc::new(ForwardedChain::new(der, Vec::new()).unwrap());
    let two = format!("{victim},{one}");
    let split = [victim.to_string(), one];
    for values in [
        vec![two.as_bytes()],
        split.iter().map(String::as_bytes).collect(),
    ] {
        let read = Xfcc::parse(&values).unwrap();
        assert_eq!(read.only(), Err(ForwardedError::Elements { count: 2 }));
        assert_eq!(read.last().unwrap().chain().unwrap(), &leaf_alone());
    }
}

#[test]
fn an_element_of_another_form_is_refused() {
    let good = Xfcc::new(leaf_alone()).to_string();
    for header in [
        String::new(),
        "Cert".to_owned(),
        "Cert=\"".to_owned(),
        format!("{good};{good}"),
        format!("{good},"),
        format!("{good};"),
        format!("{good}x"),
        format!("{good};Nobody=knows"),
        format!("Subject=\"CN=\\\";{good}"),
    ] {
        assert!(Xfcc::parse(&[header.as_bytes()]).is_err(), "{header}");
    }
    let without = Xfcc::parse(&[b"Hash=00;URI=spiffe://a.example/victim"]).unwrap();
    assert_eq!(without.only().unwrap().chain(), Err(ForwardedError::Empty));
}

#[test]
fn a_common_name_is_the_only_one_or_none() {
    for (subject, name) in [
        (r"CN=billing,O=A", "cn:billing"),
        (r"O=x\,CN=admin,CN=lowly", "cn:lowly"),
        (r"O=CN\=admin+CN=lowly", "cn:lowly"),
    ] {
        let text = SubjectText::parse(&[subject.as_bytes()]).unwrap();
        assert_eq!(text.common_name().unwrap().to_string(), name, "{subject}");
    }
    for (subject, count) in [("O=A", 0), ("CN=a,CN=b", 2), ("CN=a+CN=b", 2)] {
        let text = SubjectText::parse(&[subject.as_bytes()]).unwrap();
        let error = ForwardedError::CommonNames { count };
        assert_eq!(text.common_name(), Err(error), "{subject}");
    }
    for subject in ["/C=DE/CN=admin", "admin", "CN=a,", "CN=a\0,"] {
        assert!(
            SubjectText::parse(&[subject.as_bytes()]).is_err(),
            "{subject}"
        );
    }
}

#[test]
fn headers_that_say_who_somebody_is_are_known_however_they_are_spelt() {
    for name in [
        "Client-Cert",
        "CLIENT-CERT-CHAIN",
        "client_cert",
        "X-Forwarded-Client-Cert",
        "x_forwarded-client_cert",
        "X-SSL-Client-Cert",
        "ssl-client-verify",
        "X-Amzn-Mtls-Clientcert-Leaf",
        "X-Client-Cert-Present",
        "X-Client-DN",
        "X-Forwarded-Tls-Client-Cert-Info",
    ] {
        assert!(is_identity_header(name), "{name}");
    }
    for name in ["x-client-version", "accept", "client", "x-request-id"] {
        assert!(!is_identity_header(name), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic_and_what_is_read_is_written_to_be_read_again(
        values in vec(
            prop_oneof![
                vec(any::<u8>(), 0..64),
                r#"(:|%|=|;|,|"|\\|Cert|Hash|-----BEGIN CERTIFICATE-----|[A-Za-z0-9+/]{4}){0,12}"#.prop_map(String::into_bytes),
            ],
            0..4,
        )
    ) {
        let values: Vec<_> = values.iter().map(Vec::as_slice).collect();
        let _ = ClientCert::parse(&values, &values);
        let _ = EscapedPem::parse(&values);
        let _ = FoldedPem::parse(&values);
        let _ = EncodedDer::parse(&values);
        let _ = SubjectText::parse(&values);
        if let Ok(read) = Xfcc::parse(&values) {
            prop_assert!(!read.elements().is_empty());
        }
    }

    /// Whatever is put between or behind, the certificate is the one of the proxy, or nothing is read.
    #[test]
    fn what_is_added_to_an_element_never_brings_another_certificate(added in r#"[,;"=\\ a-zA-Z%:/-]{0,24}"#) {
        let good = Xfcc::new(leaf_alone()).to_string();
        let names = format!(r#"{good};Subject="CN={}""#, added.replace('\\', r"\\").replace('"', "\\\""));
        let read = Xfcc::parse(&[names.as_bytes()]).unwrap();
        let only = read.only().unwrap();
        prop_assert_eq!(only.chain().unwrap(), &leaf_alone());
        if let Ok(read) = Xfcc::parse(&[format!("{good};URI={added}").as_bytes()])
            && let Ok(only) = read.only()
        {
            prop_assert_eq!(only.chain().ok().unwrap(), &leaf_alone());
        }
    }
}
