//! Which revocation lists are read, and which are refused by name.

use std::fs;

use countersign_pki::{Authority, CrlScope, RevocationReason};
use countersign_tls::{CrlError, LoadError, RevocationList};

use crate::world::{Ca, at, now};

fn list(ca: &Authority) -> Vec<u8> {
    ca.crl(now()).issue().unwrap().der().to_vec()
}

#[test]
fn a_list_says_whose_and_how_old_it_is() {
    let ca = Ca::new("Clients");
    let crl = ca
        .root
        .crl(now())
        .number(0x1_02)
        .next_update(at("2026-08-05T00:00:00Z"));
    let crl = crl.revoke(&[7], RevocationReason::Unspecified, now());
    let crl = crl.revoke(&[1, 2, 3], RevocationReason::CertificateHold, now());
    let read = RevocationList::from_der(crl.issue().unwrap().der()).unwrap();
    assert_eq!(read.issuer().to_string(), "CN=Clients");
    assert_eq!(read.number().as_deref(), Some("0102"));
    assert_eq!(read.this_update(), now());
    assert_eq!(read.next_update(), at("2026-08-05T00:00:00Z"));
    assert_eq!(read.len(), 2);
    assert!(!read.is_empty() && !read.is_proven());
}

#[test]
fn a_text_may_hold_several_and_a_file_may_be_of_either_form() {
    let (one, two) = (Ca::new("One"), Ca::new("Two"));
    let pem = |ca: &Ca| ca.root.crl(now()).issue().unwrap().pem();
    let text = format!(
        "# ours\n{}{}{}",
        pem(&one),
        one.root.certificate_pem(),
        pem(&two)
    );
    let issuers = |lists: Vec<RevocationList>| -> Vec<String> {
        lists.iter().map(|list| list.issuer().to_string()).collect()
    };
    let read = RevocationList::from_pem(text.as_bytes()).unwrap();
    assert_eq!(issuers(read), ["CN=One", "CN=Two"]);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crl");
    for (bytes, wanted) in [
        (text.into_bytes(), vec!["CN=One", "CN=Two"]),
        (list(&two.root), vec!["CN=Two"]),
    ] {
        fs::write(&file, bytes).unwrap();
        assert_eq!(issuers(RevocationList::from_file(&file).unwrap()), wanted);
    }
    fs::write(&file, "").unwrap();
    let error = RevocationList::from_file(&file).unwrap_err();
    assert!(matches!(
        &error,
        LoadError::Crl { path, source: CrlError::Empty } if *path == file
    ));
    assert_eq!(
        error.to_string(),
        format!(
            "`{}`: no revocation list: wanted PEM with `X509 CRL`, or DER",
            file.display()
        )
    );
}

#[test]
fn what_is_cut_short_or_continued_is_no_list() {
    let whole = list(&Ca::new("Clients").root);
    for length in 0..whole.len() {
        let (cut, _) = whole.split_at(length);
        let error = RevocationList::from_der(cut).unwrap_err();
        assert_eq!(error, CrlError::Encoding, "{length}");
    }
    let longer = [whole.as_slice(), b"x"].concat();
    let error = RevocationList::from_der(&longer).unwrap_err();
    assert_eq!(error, CrlError::Encoding);
    let pem = Ca::new("Clients").root.crl(now()).issue().unwrap().pem();
    let cut = pem.replace("-----END X509 CRL-----", "");
    assert_eq!(
        RevocationList::from_pem(cut.as_bytes()).unwrap_err(),
        CrlError::Pem
    );
}

/// The list with other extensions; its signature is then wrong, which nobody asks yet.
fn with_extensions(list: &[u8], extensions: &[(u8, bool, &[u8])]) -> Vec<u8> {
    let extensions = extensions.iter().map(|(number, critical, value)| {
        let flag: &[u8] = if *critical { &[1, 1, 0xff] } else { &[] };
        sequence(&[&[6, 3, 0x55, 0x1d, *number], flag, &der(4, &[value])])
    });
    let extensions: Vec<_> = extensions.collect();
    let extensions: Vec<_> = extensions.iter().map(Vec::as_slice).collect();
    let mut fields = fields(list);
    let tagged = der(0xa0, &[&sequence(&extensions)]);
    *fields.last_mut().unwrap() = &tagged;
    with_fields(list, &fields)
}

/// The parts of what is signed.
fn fields(list: &[u8]) -> Vec<&[u8]> {
    children(children(list).first().unwrap())
}

/// The list with other ones.
fn with_fields(list: &[u8], fields: &[&[u8]]) -> Vec<u8> {
    let mut parts = children(list);
    let tbs = sequence(fields);
    *parts.first_mut().unwrap() = &tbs;
    sequence(&parts)
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    der(0x30, parts)
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, high, low][..], &content].concat()
}

/// The values inside a value; none here has a length of more than two bytes.
fn children(value: &[u8]) -> Vec<&[u8]> {
    let (_, mut rest) = value.split_at(whole(value).1);
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (child, after) = rest.split_at(whole(rest).0);
        found.push(child);
        rest = after;
    }
    found
}

/// How long the first value is with tag and length, and these alone.
fn whole(value: &[u8]) -> (usize, usize) {
    let byte = |at: usize| usize::from(*value.get(at).unwrap());
    let (length, header) = match byte(1) {
        0x81 => (byte(2), 3),
        0x82 => (byte(2) << 8 | byte(3), 4),
        short => (short, 2),
    };
    (header + length, header)
}

#[test]
fn a_list_that_tells_only_half_is_refused_by_its_kind() {
    let list = list(&Ca::new("Clients").root);
    let read = |extensions: &[_]| RevocationList::from_der(&with_extensions(&list, extensions));
    let unknown = |oid: &str| CrlError::CriticalExtension {
        oid: oid.to_owned(),
    };
    const NUMBER: (u8, bool, &[u8]) = (20, false, &[2, 1, 1]);
    for (extensions, wanted) in [
        (vec![(27, true, &[2, 1, 1][..])], CrlError::Delta),
        (
            vec![NUMBER, (28, true, &[0x30, 3, 0x84, 1, 0xff])],
            CrlError::Indirect,
        ),
        (
            vec![(28, true, &[0x30, 4, 0x83, 2, 6, 0x40])],
            CrlError::SomeReasons,
        ),
        (
            vec![(28, true, &[0x30, 3, 0x85, 1, 0xff])],
            CrlError::AttributeCertificates,
        ),
        (
            vec![(28, true, &[0x30, 3, 0x89, 1, 0xff])],
            CrlError::Encoding,
        ),
        // Twice the same.
        (vec![NUMBER, NUMBER], CrlError::Encoding),
        (vec![(99, true, &[5, 0])], unknown("2.5.29.99")),
        // RFC 5280, section 5.2.3; limbo's crlnumber-critical.
        (vec![(20, true, &[2, 1, 1])], unknown("2.5.29.20")),
        (vec![(35, true, &[0x30, 0])], unknown("2.5.29.35")),
    ] {
        assert_eq!(read(&extensions).unwrap_err(), wanted, "{extensions:?}");
    }
    // One that is not critical may be passed over.
    assert!(read(&[NUMBER, (99, false, &[5, 0])]).is_ok());
}

#[test]
fn an_entry_of_another_issuer_is_refused() {
    let ca = Ca::new("Clients");
    let crl = ca
        .root
        .crl(now())
        .revoke(&[7], RevocationReason::Unspecified, now());
    let list = crl.issue().unwrap().der().to_vec();
    let entry_with = |number: u8, critical: &[u8]| {
        let extension = sequence(&[&[6, 3, 0x55, 0x1d, number], critical, &[4, 2, 0x30, 0]]);
        let date = b"\x17\x0d260801120000Z".as_slice();
        let entry = sequence(&[&[2, 1, 7], date, &sequence(&[&extension])]);
        let mut fields = fields(&list);
        let entries = sequence(&[&entry]);
        *fields.get_mut(5).unwrap() = &entries;
        RevocationList::from_der(&with_fields(&list, &fields))
    };
    let critical = [1, 1, 0xff];
    assert_eq!(entry_with(29, &critical).unwrap_err(), CrlError::Indirect);
    assert_eq!(
        entry_with(99, &critical).unwrap_err(),
        CrlError::CriticalExtension {
            oid: "2.5.29.99".to_owned()
        }
    );
    assert!(entry_with(99, &[]).is_ok() && entry_with(21, &critical).is_ok());
}

#[test]
fn a_list_without_an_end_or_of_the_first_version_is_refused() {
    let list = list(&Ca::new("Clients").root);
    let fields = fields(&list);
    assert!(RevocationList::from_der(&with_fields(&list, &fields)).is_ok());
    let without = |index: usize| {
        let mut kept = fields.clone();
        kept.remove(index);
        RevocationList::from_der(&with_fields(&list, &kept)).unwrap_err()
    };
    assert_eq!(without(0), CrlError::Version);
    assert_eq!(without(4), CrlError::NoNextUpdate);
    // The algorithm that is signed and the one beside the signature must be one.
    let mut odd = fields.clone();
    *odd.get_mut(1).unwrap() = &[0x30, 0];
    let error = RevocationList::from_der(&with_fields(&list, &odd)).unwrap_err();
    assert_eq!(error, CrlError::Encoding);
}

#[test]
fn a_scoped_list_is_read() {
    let ca = Ca::new("Clients");
    for scope in [CrlScope::All, CrlScope::Leaves, CrlScope::Authorities] {
        let list = ca
            .root
            .crl(now())
            .distribution_point("http://crl.example/", scope);
        assert!(RevocationList::from_der(list.issue().unwrap().der()).is_ok());
    }
}
