//! Bytes that are no certificate: an error, and never a panic.

use countersign_identity::{Certificate, CertificateError, Scheme};

use crate::{client, odd};

fn certificate() -> Vec<u8> {
    client(|client| {
        client
            .common_name("billing")
            .uri("spiffe://dev.example/billing")
            .dns("dev.example")
            .email("ops@dev.example")
            .ip([127, 0, 0, 1])
    })
}

#[test]
fn no_beginning_of_a_certificate_is_a_certificate() {
    let der = certificate();
    for len in 0..der.len() {
        assert_eq!(
            Certificate::from_der(&der[..len]),
            Err(CertificateError::Encoding),
            "{len} of {}",
            der.len()
        );
    }
}

#[test]
fn a_flipped_byte_never_panics() {
    let der = certificate();
    for position in 0..der.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut flipped = der.clone();
            flipped[position] ^= flip;
            if let Ok(certificate) = Certificate::from_der(&flipped) {
                // Whatever it says now, reading it does not panic either, and prints one line.
                for scheme in [
                    Scheme::CommonName,
                    Scheme::Spiffe,
                    Scheme::Dns,
                    Scheme::Email,
                ] {
                    let _ = scheme.name_in(&certificate).map(|name| name.to_string());
                }
                let printed = format!("{} {}", certificate.subject(), certificate.issuer());
                assert!(!printed.chars().any(char::is_control), "{printed:?}");
            }
        }
    }
}

#[test]
fn what_follows_a_certificate_refuses_it() {
    let der = certificate();
    for (more, len) in [(&[0][..], 1), (&der, der.len())] {
        let bytes = [&der, more].concat();
        assert_eq!(
            Certificate::from_der(&bytes),
            Err(CertificateError::TrailingData { len })
        );
    }
}

#[test]
fn other_bytes_are_no_certificate() {
    let deep = [0x30, 0x80].repeat(16 * 1024);
    for bytes in [
        &b""[..],
        b"0",
        b"-----BEGIN CERTIFICATE-----",
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        &[0x30, 0x80, 0, 0],
        &[0; 64 * 1024],
        &[0xff; 64 * 1024],
        &deep,
    ] {
        assert_eq!(
            Certificate::from_der(bytes),
            Err(CertificateError::Encoding)
        );
    }
}

#[test]
fn more_than_64_kib_are_not_read() {
    let bytes = vec![0x30; 64 * 1024 + 1];
    let wanted = CertificateError::TooLarge {
        len: 65_537,
        max: 65_536,
    };
    assert_eq!(Certificate::from_der(&bytes), Err(wanted.clone()));
    assert_eq!(
        wanted.to_string(),
        "the certificate has 65537 bytes, more than 65536"
    );
}

#[test]
fn a_certificate_of_two_thousand_names_is_read() {
    let der = odd(|params| {
        params.subject_alt_names = (0..2000)
            .map(|index| {
                let host = format!("host-{index}.dev.example");
                rcgen::SanType::DnsName(host.try_into().unwrap())
            })
            .collect();
    });
    assert_eq!(Certificate::from_der(&der).unwrap().alt_names().len(), 2000);
}
