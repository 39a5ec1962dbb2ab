use std::net::IpAddr;

use countersign_identity::{
    AltName, Certificate, CertificateError, KeyUsage, Pin, Purposes, Thumbprint,
};
use countersign_pki::{Authority, Usage};
use jiff::Timestamp;
use rcgen::string::Ia5String;
use rcgen::{CustomExtension, OtherNameValue, SanType, SerialNumber};
use sha2::{Digest, Sha256};

use crate::{SUBJECT_ALT_NAME, client, fixture, now, odd, read, with_alt_names};

#[test]
fn the_validity_is_that_of_the_certificate_to_the_second() {
    let (from, until) = (
        "1999-12-31T23:59:59Z".parse().unwrap(),
        "2050-01-01T00:00:01Z".parse().unwrap(),
    );
    let certificate = read(&client(|client| client.validity(from, until)));
    assert_eq!(certificate.not_before(), from);
    assert_eq!(certificate.not_after(), until);
}

#[test]
fn an_end_beyond_what_can_be_told_is_the_last_that_can() {
    // RFC 5280, section 4.1.2.5: 9999-12-31T23:59:59Z is "no well-defined expiration date".
    let der = odd(|params| params.not_after = rcgen::date_time_ymd(9999, 12, 31));
    assert_eq!(read(&der).not_after(), Timestamp::MAX);
}

#[test]
fn the_serial_is_the_hex_of_its_content() {
    for (serial, hex) in [
        (&[0x01][..], "01"),
        (&[0x0a, 0xff], "0aff"),
        // DER puts a zero in front, so that the number stays positive.
        (&[0x80], "0080"),
        (&[0x7f; 20], "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f"),
    ] {
        let der = odd(|params| params.serial_number = Some(SerialNumber::from_slice(serial)));
        assert_eq!(read(&der).serial(), hex);
    }
}

#[test]
fn alternative_names_keep_their_kind_and_their_order() {
    let certificate = read(&client(|client| {
        client
            .ip([192, 0, 2, 7])
            .uri("spiffe://dev.example/billing")
            .dns("*.dev.example")
            .email("ops@dev.example")
            .ip([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])
            .dns("")
    }));
    let printed: Vec<_> = certificate
        .alt_names()
        .iter()
        .map(AltName::to_string)
        .collect();
    assert_eq!(
        printed,
        [
            "ip:192.0.2.7",
            "spiffe://dev.example/billing",
            "dns:*.dev.example",
            "email:ops@dev.example",
            "ip:2001:db8::1",
            "dns:",
        ]
    );
    assert_eq!(
        certificate.alt_names()[4],
        AltName::Ip("2001:db8::1".parse::<IpAddr>().unwrap())
    );
}

#[test]
fn a_kind_that_others_define_is_told_by_its_object_identifier() {
    let der = odd(|params| {
        params.subject_alt_names = vec![
            SanType::OtherName((
                vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3],
                OtherNameValue::Utf8String("admin@dev.example".to_owned()),
            )),
            SanType::DnsName(Ia5String::try_from("dev.example").unwrap()),
        ];
    });
    assert_eq!(
        read(&der).alt_names(),
        [
            AltName::OtherName("1.3.6.1.4.1.311.20.2.3".parse().unwrap()),
            AltName::Dns("dev.example".into())
        ]
    );
}

#[test]
fn one_unreadable_alternative_name_refuses_the_certificate() {
    let uri = [&[0x86, 9][..], b"urn:a\nb:c"].concat();
    for (second, what) in [
        (
            &[0x87, 8, 10, 0, 0, 0, 255, 0, 0, 0][..],
            "an address with a mask",
        ),
        (&[0x87, 0], "an empty address"),
        (&[0x82, 2, 0xc3, 0xa4], "a host in UTF-8"),
        (&[0x82, 3, b'a', 0, b'b'], "a host with NUL"),
        (&[0x82, 2, b'a', 0xff], "a host that is no text"),
        (&[0x81, 2, b'a', 0x7f], "a mailbox with DEL"),
        (&uri, "a URI with a new line"),
        (&[0xa4, 0], "a directoryName that is empty"),
        (&[0xa4, 2, 0x31, 0], "a directoryName that is a set"),
        (&[0xa0, 4, 6, 2, 42, 3], "an otherName without value"),
        (
            &[0xa0, 6, 6, 2, 42, 3, 5, 0],
            "an otherName whose value is not tagged",
        ),
        (&[0x88, 1, 0x80], "a registeredID that does not end"),
        (&[0x89, 0], "a kind that there is not"),
        (&[0xa2, 1, b'a'], "a host that is constructed"),
    ] {
        let names = [&[0x82, 1, b'a'][..], second].concat();
        let content = [&[0x30, u8::try_from(names.len()).unwrap()][..], &names].concat();
        assert_eq!(
            Certificate::from_der(&with_alt_names(&content)),
            Err(CertificateError::AltName { position: 2 }),
            "{what}"
        );
    }
}

#[test]
fn a_malformed_or_repeated_extension_refuses_the_certificate() {
    let extension = |oid: &[u64], content: &[u8]| {
        let extension = CustomExtension::from_oid_content(oid, content.to_vec());
        odd(|params| params.custom_extensions.push(extension))
    };
    let twice = odd(|params| {
        params.subject_alt_names = vec![SanType::DnsName(
            Ia5String::try_from("dev.example").unwrap(),
        )];
        let second =
            CustomExtension::from_oid_content(SUBJECT_ALT_NAME, vec![0x30, 3, 0x82, 1, b'a']);
        params.custom_extensions.push(second);
    });
    for (what, der, name) in [
        ("twice", twice, "subjectAltName"),
        (
            "cut",
            with_alt_names(&[0x30, 9, 0x82, 1, b'a']),
            "subjectAltName",
        ),
        ("nothing", with_alt_names(&[]), "subjectAltName"),
        ("a string", with_alt_names(b"\x04\x00"), "subjectAltName"),
        ("cut", extension(&[2, 5, 29, 37], &[0x30, 9]), "extKeyUsage"),
        (
            "a string",
            extension(&[2, 5, 29, 19], b"\x04\x00"),
            "basicConstraints",
        ),
    ] {
        let error = CertificateError::Extension { extension: name };
        assert_eq!(Certificate::from_der(&der), Err(error), "{what}");
    }
}

#[test]
fn purposes_are_those_of_the_extended_key_usage() {
    let of = |usage: &[Usage]| read(&client(|client| client.extended_key_usage(usage))).purposes();
    let listed = |purposes| match purposes {
        Purposes::Listed { client, server, .. } => Some((client, server)),
        _ => None,
    };
    assert_eq!(of(&[]), Purposes::Any);
    assert_eq!(listed(of(&[Usage::Client])), Some((true, false)));
    assert_eq!(listed(of(&[Usage::Server])), Some((false, true)));
    assert_eq!(
        listed(of(&[Usage::Server, Usage::Client])),
        Some((true, true))
    );
    assert!(of(&[]).allow_client());
    assert!(of(&[Usage::Client]).allow_client());
    assert!(!of(&[Usage::Server]).allow_client());
}

#[test]
fn a_purpose_that_is_any_purpose_is_not_client_authentication() {
    // As rustls and OpenSSL judge.
    let der = odd(|params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::Any];
    });
    assert!(!read(&der).purposes().allow_client());
}

#[test]
fn only_an_authority_is_a_ca() {
    let root = Authority::root("Test Root", now()).unwrap();
    assert!(read(root.certificate_der()).is_ca());
    assert!(!read(&client(|client| client)).is_ca());
    // No basic constraints at all.
    assert!(!read(&odd(|_| {})).is_ca());
}

#[test]
fn the_thumbprint_is_the_digest_of_the_bytes() {
    let der = client(|client| client.common_name("billing"));
    let certificate = read(&der);
    let digest: [u8; 32] = Sha256::digest(&der).into();
    assert_eq!(certificate.thumbprint().as_bytes(), &digest);
    assert_eq!(certificate.thumbprint(), Thumbprint::of(&der));
}

#[test]
fn the_pin_survives_a_renewal_that_keeps_the_key_and_the_thumbprint_does_not() {
    let key = rcgen::KeyPair::generate().unwrap();
    let issue = |serial: u8| {
        let mut params = rcgen::CertificateParams::default();
        params.serial_number = Some(SerialNumber::from_slice(&[serial]));
        read(params.self_signed(&key).unwrap().der())
    };
    let (first, renewed) = (issue(1), issue(2));
    assert_eq!(first.pin(), renewed.pin());
    assert_eq!(
        first.pin(),
        Pin::of(&rcgen::PublicKeyData::subject_public_key_info(&key))
    );
    assert_ne!(first.thumbprint(), renewed.thumbprint());
}

#[test]
fn every_kind_of_alternative_name_is_told() {
    let names = [
        &[
            0xa4, 0x0e, 0x30, 0x0c, 0x31, 0x0a, 0x30, 8, 6, 3, 0x55, 4, 3, 0x0c, 1, b'a',
        ][..],
        &[0x88, 2, 42, 3],
        &[0xa3, 0],
        &[0xa5, 0],
        &[0xa0, 10, 6, 2, 42, 3, 0xa0, 4, 0x0c, 2, b'h', b'i'],
    ]
    .concat();
    let content = [&[0x30, u8::try_from(names.len()).unwrap()][..], &names].concat();
    let certificate = read(&with_alt_names(&content));
    let printed: Vec<_> = certificate
        .alt_names()
        .iter()
        .map(AltName::to_string)
        .collect();
    assert_eq!(
        printed,
        [
            "directory:CN=a",
            "registered:1.2.3",
            "other",
            "other",
            "other:1.2.3"
        ]
    );
}

#[test]
fn the_version_is_counted_from_one() {
    assert_eq!(fixture("ok-spiffe").version(), 3);
    assert_eq!(fixture("client-v1").version(), 1);
    assert_eq!(fixture("client-v1").purposes(), Purposes::Any);
    assert_eq!(fixture("client-v1").key_usage(), None);
    assert_eq!(fixture("client-v1").basic_constraints(), None);
}

#[test]
fn the_key_is_told_by_kind_and_size() {
    for (name, kind, bits) in [
        ("ok-spiffe", "P-256", 256),
        ("ok-p384", "P-384", 384),
        ("ok-p521", "P-521", 521),
        ("ok-ed25519", "Ed25519", 256),
        ("ok-rsa2048", "RSA-2048", 2048),
        ("ok-rsa3072", "RSA-3072", 3072),
    ] {
        let certificate = fixture(name);
        assert_eq!(certificate.key_kind().to_string(), kind);
        assert_eq!(certificate.key_kind().bits(), Some(bits));
    }
}

#[test]
fn the_signature_is_told_by_its_algorithm() {
    for (name, algorithm, is_broken) in [
        ("ok-spiffe", "ecdsa-with-SHA256", false),
        ("client-sha1-signature", "ecdsa-with-SHA1", true),
        ("client-md5-signature", "md5WithRSAEncryption", true),
    ] {
        let certificate = fixture(name);
        let found = certificate.signature_algorithm();
        assert_eq!(
            (found.to_string().as_str(), found.is_broken()),
            (algorithm, is_broken)
        );
    }
}

#[test]
fn what_the_key_may_do_is_told_in_full() {
    let leaf = read(&client(|client| {
        client.extended_key_usage(&[Usage::EmailProtection, Usage::Client])
    }));
    let purposes: Vec<_> = leaf
        .extended_key_usage()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(purposes, ["1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.2"]);
    assert_eq!(leaf.key_usage().unwrap().to_string(), "digitalSignature");
    assert!(leaf.key_usage().unwrap().allow(KeyUsage::DigitalSignature));
    assert!(!leaf.key_usage().unwrap().allow(KeyUsage::KeyCertSign));
    assert_eq!(
        read(&client(|client| client.extended_key_usage(&[]))).extended_key_usage(),
        None
    );

    let root = Authority::root("Test Root", now()).unwrap();
    let issuing = root.intermediate("Test Issuing CA", now()).unwrap();
    let found = read(issuing.certificate_der());
    assert!(found.key_usage().unwrap().allow(KeyUsage::KeyCertSign));
    let constraints = found.basic_constraints().unwrap();
    assert_eq!((constraints.is_ca, constraints.path_len), (true, Some(0)));
    assert_eq!(found.subject_key_id().unwrap(), issuing.key_id());
    assert_eq!(found.authority_key_id().unwrap(), root.key_id());
}

#[test]
fn certificates_are_equal_if_their_bytes_are() {
    let (one, other) = (
        client(|client| client.dns("a.example")),
        client(|client| client.dns("a.example")),
    );
    assert_eq!(read(&one), read(&one));
    assert_ne!(read(&one), read(&other));
}
