//! Which names outlive a renewal?

use countersign_identity::{Certificate, Name, Scheme};
use countersign_pki::psd2::{Nca, Tpp};
use countersign_pki::{Attribute, Authority, Key, KeyKind, Request, Subject};

use crate::{now, read};

const SURVIVE: [Scheme; 4] = [
    Scheme::Spiffe,
    Scheme::Dns,
    Scheme::CommonName,
    Scheme::Organization,
];

/// As `ca` issues it to Acme for `key`.
fn issue(ca: &Authority, key: &Key, reorder: bool) -> Certificate {
    let fca = Nca::new("GB", "FCA", "Financial Conduct Authority");
    let organization = Tpp::new("Acme", fca, "123456").organization_identifier();
    let mut attributes = [
        (Attribute::Organization, "Acme"),
        (Attribute::OrganizationIdentifier, organization.as_str()),
        (Attribute::CommonName, "billing"),
    ];
    if reorder {
        attributes.reverse();
    }
    let with = |subject: Subject, (kind, value)| subject.with(kind, value);
    let subject = attributes.into_iter().fold(Subject::new(), with);
    let request: Request<'_> = ca.client(now()).subject(subject).for_key(key);
    let request = request
        .uri("spiffe://partner.example/billing")
        .dns("billing.partner.example");
    read(request.issue().unwrap().certificate_der())
}

fn names(certificate: &Certificate, schemes: &[Scheme]) -> Vec<Name> {
    schemes
        .iter()
        .map(|scheme| scheme.name_in(certificate).unwrap())
        .collect()
}

#[test]
fn a_name_outlives_a_renewal_and_a_thumbprint_does_not() {
    let [old, new] = ["Old Root", "New Root"].map(|name| Authority::root(name, now()).unwrap());
    let [first, second] = [KeyKind::P256; 2].map(|kind| Key::generate(kind).unwrap());
    let before = issue(&old, &first, false);
    for (what, after, dn, pin) in [
        ("the same key", issue(&old, &first, false), true, true),
        ("a new key", issue(&old, &second, false), true, false),
        (
            "another authority",
            issue(&new, &second, false),
            true,
            false,
        ),
        (
            "another order of the subject",
            issue(&old, &first, true),
            false,
            true,
        ),
    ] {
        assert_eq!(names(&after, &SURVIVE), names(&before, &SURVIVE), "{what}");
        for (scheme, survives) in [
            (Scheme::DistinguishedName, dn),
            (Scheme::Pin, pin),
            (Scheme::Thumbprint, false),
        ] {
            let same = names(&after, &[scheme]) == names(&before, &[scheme]);
            assert_eq!(same, survives, "{what}: {scheme}");
        }
    }
}
