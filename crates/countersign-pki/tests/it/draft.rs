//! A manifest is added to, and what its author wrote stays.

use countersign_pki::{CI_MANIFEST, DEV_MANIFEST, Draft, Manifest, Name, NewCertificate};

use crate::schema::{Schema, check_schema};

fn dns(name: &str) -> [Name; 1] {
    [Name::Dns(name.to_owned())]
}

fn new(name: &str) -> NewCertificate {
    NewCertificate {
        name: name.to_owned(),
        profile: "client".to_owned(),
        issuer: "issuing".to_owned(),
        ..NewCertificate::default()
    }
}

#[test]
fn server_names_are_added_where_they_belong() {
    let mut draft = Draft::parse(DEV_MANIFEST).unwrap();
    assert!(draft.add_server_names(dns("api.test")).unwrap());
    let wanted = DEV_MANIFEST.replace(
        "dns = [\"localhost\"]",
        "dns = [\"localhost\", \"api.test\"]",
    );
    assert_eq!(draft.to_string(), wanted);
    assert!(!draft.add_server_names(dns("API.test")).unwrap());
    assert_eq!(draft.to_string(), wanted);
    assert!(
        draft
            .add_server_names([Name::Ip([192, 0, 2, 1].into())])
            .unwrap()
    );
    assert!(draft.to_string().contains("\"::1\", \"192.0.2.1\"]"));
    assert!(draft.add_server_names(dns("a b")).is_err());
}

#[test]
fn everything_that_was_written_stays() {
    let mut draft = Draft::parse(DEV_MANIFEST).unwrap();
    assert_eq!(draft.to_string(), DEV_MANIFEST);
    let alice = NewCertificate {
        spiffe: Some("spiffe://dev.example/alice".to_owned()),
        dns: vec!["alice.test".to_owned()],
        ip: vec![[127, 0, 0, 1].into()],
        email: vec!["alice@mail.test".to_owned()],
        ttl: Some("1h".to_owned()),
        count: Some(3),
        cn: Some("alice".to_owned()),
        ..new("alice")
    };
    assert!(draft.add(&alice).unwrap());
    assert_eq!(
        draft.to_string().strip_prefix(DEV_MANIFEST).unwrap(),
        "\n[certificate.alice]\nprofile = \"client\"\nissuer = \"issuing\"\nttl = \"1h\"\n\
         cn = \"alice\"\nspiffe = \"spiffe://dev.example/alice\"\ncount = 3\n\
         dns = [\"alice.test\"]\nip = [\"127.0.0.1\"]\nemail = [\"alice@mail.test\"]\n"
    );
    check_schema(&draft.to_string(), Schema::Accepts);
}

#[test]
fn a_name_that_is_taken_is_not_taken_twice() {
    let mut draft = Draft::parse(DEV_MANIFEST).unwrap();
    let same = NewCertificate {
        spiffe: Some("spiffe://dev.countersign.example/billing".to_owned()),
        ttl: Some("30d".to_owned()),
        ..new("billing")
    };
    assert!(!draft.add(&same).unwrap());
    let other = NewCertificate {
        cn: Some("billing".to_owned()),
        ..new("billing")
    };
    assert_eq!(
        draft.add(&other).unwrap_err().to_string(),
        "`billing` is in the manifest already, and is not what is asked for"
    );
    assert_eq!(draft.to_string(), DEV_MANIFEST);
}

#[test]
fn a_certificate_that_cannot_be_is_not_added() {
    let mut draft = Draft::parse(DEV_MANIFEST).unwrap();
    for (new, message) in [
        (
            new("alice"),
            "cannot add `alice`: certificate `alice` has no name; give it `spiffe`, `dns`, `ip`, `uri`, \
             `email` or `cn`",
        ),
        (
            NewCertificate {
                issuer: "nobody".to_owned(),
                cn: Some("x".to_owned()),
                ..new("alice")
            },
            "cannot add `alice`: `alice` is to be issued by `nobody`, which is no authority here; there \
             is root, issuing, stranger",
        ),
    ] {
        assert_eq!(draft.add(&new).unwrap_err().to_string(), message);
    }
    assert_eq!(draft.to_string(), DEV_MANIFEST);
}

#[test]
fn a_manifest_knows_what_it_was_made_from() {
    let dev = Manifest::parse(DEV_MANIFEST).unwrap();
    let more = dev.clone().with_server_names(dns("api.test")).unwrap();
    assert!(dev.holds(&dev) && more.holds(&dev) && !dev.holds(&more));
    assert!(!dev.holds(&Manifest::parse(CI_MANIFEST).unwrap()));
}
