use countersign_identity::{
    Certificate, IdentityError, NameError, Psd2, Psd2Error, Psd2Role, QcStatements, QcType, Scheme,
};
use countersign_pki::psd2::{Flaw, Nca, QcType as Kind, Role, Tpp};
use countersign_pki::{Attribute, Authority, Extension, Subject};
use countersign_problem::Code;

use crate::{client, fixture, now, read};

const QC_STATEMENTS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 3];

fn fca() -> Nca {
    Nca::new("GB", "FCA", "Financial Conduct Authority")
}

fn tpp() -> Tpp {
    Tpp::new("Acme", fca(), "123456")
}

fn qwac(tpp: &Tpp) -> Certificate {
    let root = Authority::root("Test Root", now()).unwrap();
    read(tpp.qwac(&root, now()).issue().unwrap().certificate_der())
}

/// A certificate of `PSDGB-FCA-123456` with these bytes as its statements.
fn stating(value: &[u8]) -> Certificate {
    of_organization("PSDGB-FCA-123456", value)
}

fn of_organization(id: &str, value: &[u8]) -> Certificate {
    let subject = Subject::new().with(Attribute::OrganizationIdentifier, id);
    let extension = Extension::new(QC_STATEMENTS, value);
    read(&client(|client| {
        client.subject(subject).extension(extension)
    }))
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()][..], content].concat()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn utf8(text: &str) -> Vec<u8> {
    tlv(0x0c, text.as_bytes())
}

fn role(last: u8, name: &str) -> Vec<u8> {
    sequence(&[&[6, 7, 4, 0, 0x81, 0x98, 0x27, 1, last], &utf8(name)])
}

const PSD2: &[u8] = &[6, 6, 4, 0, 0x81, 0x98, 0x27, 2];
const TYPE: &[u8] = &[6, 6, 4, 0, 0x8e, 0x46, 1, 6];
const WEB: &[u8] = &[6, 7, 4, 0, 0x8e, 0x46, 1, 6, 3];

fn statement(roles: &[u8], more: &[&[u8]]) -> Vec<u8> {
    let info = sequence(&[&[roles], more].concat());
    sequence(&[PSD2, &info])
}

/// A list with one PSD2 statement of these roles, and else as it should be.
fn with_roles(roles: &[&[u8]]) -> Vec<u8> {
    let statement = statement(&sequence(roles), &[&utf8("FCA"), &utf8("GB-FCA")]);
    sequence(&[&statement])
}

#[test]
fn the_vectors_of_obie_say_what_is_written_beside_them() {
    let vectors = include_str!(
        "../../../../fixtures/vectors/psd2/obie-eidas-csr-profiles-2.2-qcstatements.json"
    );
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 16);
    for vector in vectors {
        let hex = vector["qcStatements_hex"].as_str().unwrap();
        let value = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        let certificate = stating(&value);
        let psd2 = Psd2::of(&certificate).unwrap();

        let roles: Vec<_> = psd2.roles().iter().map(|role| role.as_str()).collect();
        assert_eq!(serde_json::json!(roles), vector["roles"]);
        assert!(psd2.unknown_roles().is_empty());
        assert_eq!(psd2.nca_name(), vector["ncaName"].as_str().unwrap());
        assert_eq!(psd2.organization().nca(), vector["ncaId"].as_str());
        let is_web = vector["qcType"].as_str().unwrap().starts_with("web");
        let kind = if is_web { QcType::Web } else { QcType::Eseal };
        assert_eq!(psd2.statements().types(), [kind]);
        assert!(!psd2.statements().is_qualified());
        assert_eq!(Psd2::of_tls(&certificate).is_ok(), is_web);
    }
}

#[test]
fn a_qwac_says_who_its_holder_is_and_gives_exactly_its_roles() {
    for roles in [
        &[Role::AccountInformation][..],
        &Role::ALL,
        &[Role::CardIssuing, Role::AccountServicing],
    ] {
        let psd2 = Psd2::of_tls(&qwac(&tpp().roles(roles.iter().copied()))).unwrap();
        assert_eq!(psd2.organization().as_str(), "PSDGB-FCA-123456");
        assert_eq!(psd2.nca_name(), "Financial Conduct Authority");
        assert!(psd2.statements().is_qualified());
        for role in Psd2Role::ALL {
            let stated = roles.iter().any(|stated| stated.name() == role.as_str());
            let missing = Psd2Error::RoleMissing {
                role,
                organization: psd2.organization().clone(),
            };
            let wanted = if stated { Ok(()) } else { Err(missing) };
            assert_eq!(psd2.require(role), wanted, "{roles:?} {role}");
        }
    }
}

#[test]
fn a_role_that_is_not_known_is_reported_and_gives_no_right() {
    let later = fca_statements().other_role(&[0, 4, 0, 19495, 1, 9], "PSP_XX");
    let psd2 = Psd2::of(&qwac(&tpp().statements(later))).unwrap();
    assert_eq!(psd2.roles(), [Psd2Role::PaymentInitiation]);
    let unknown: Vec<_> = psd2
        .unknown_roles()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(unknown, ["0.4.0.19495.1.9 (PSP_XX)"]);

    let unspecified = with_roles(&[&role(0, "Unspecified")]);
    let psd2 = Psd2::of(&stating(&unspecified)).unwrap();
    assert_eq!(psd2.roles(), []);
    for role in Psd2Role::ALL {
        assert_eq!(
            psd2.require(role).unwrap_err().code(),
            Code::Psd2RoleMissing
        );
    }
}

fn fca_statements() -> countersign_pki::psd2::QcStatements {
    tpp()
        .roles([Role::PaymentInitiation])
        .qc_statements(Kind::Web)
}

#[test]
fn each_flaw_has_its_error_and_none_gives_a_role() {
    let encoding = |part| Psd2Error::Encoding { part };
    let mismatch = |oid: &str, name: &str| Psd2Error::RoleMismatch {
        oid: oid.parse().unwrap(),
        name: name.to_owned(),
    };
    for (flaw, error) in [
        (Flaw::FlatRoles, Psd2Error::FlatRoles),
        (Flaw::Truncated, encoding("the list of statements")),
        (
            Flaw::NameOfAnotherRole,
            mismatch("0.4.0.19495.1.1", "PSP_PI"),
        ),
        (Flaw::NoRoles, Psd2Error::Roleless),
        (
            Flaw::BadNcaId,
            Psd2Error::Nca {
                id: "fca".to_owned(),
            },
        ),
        (
            Flaw::Twice,
            Psd2Error::Repeated {
                statement: "0.4.0.19495.2".parse().unwrap(),
            },
        ),
        (Flaw::Bare, Psd2Error::Bare),
    ] {
        let tpp = tpp().roles(Role::ALL);
        let statements = tpp.qc_statements(Kind::Web).flawed(flaw);
        let certificate = qwac(&tpp.statements(statements));
        assert_eq!(Psd2::of(&certificate), Err(error.clone()), "{flaw:?}");
        assert_eq!(error.code(), Code::Psd2StatementMalformed);
    }
}

#[test]
fn what_is_not_strictly_of_the_form_is_malformed() {
    let good_role = role(2, "PSP_PI");
    let roles = sequence(&[&good_role]);
    let (name, id) = (utf8("FCA"), utf8("GB-FCA"));
    let list = |statement: &[u8]| sequence(&[statement]);
    let part = |value: &[u8]| match Psd2::of(&stating(value)) {
        Err(Psd2Error::Encoding { part }) => part,
        other => panic!("{other:?}"),
    };
    for (what, value, wanted) in [
        ("no bytes", vec![], "the list of statements"),
        ("a set", b"\x31\0".to_vec(), "the list of statements"),
        (
            "bytes behind",
            [with_roles(&[&good_role]), vec![0]].concat(),
            "the list of statements",
        ),
        (
            "an indefinite length",
            b"\x30\x80\0\0".to_vec(),
            "the list of statements",
        ),
        ("a statement without id", list(b"\x30\0"), "a statement"),
        (
            "a statement of three",
            list(&sequence(&[PSD2, b"\x05\0", b"\x05\0"])),
            "a statement",
        ),
        (
            "no information",
            list(&sequence(&[PSD2])),
            "the PSD2 statement",
        ),
        (
            "a null",
            list(&sequence(&[PSD2, b"\x05\0"])),
            "the PSD2 statement",
        ),
        (
            "no authority",
            list(&statement(&roles, &[])),
            "the PSD2 statement",
        ),
        (
            "no id",
            list(&statement(&roles, &[&name])),
            "the PSD2 statement",
        ),
        (
            "a part too many",
            list(&statement(&roles, &[&name, &id, &id])),
            "the PSD2 statement",
        ),
        (
            "a printable string",
            list(&statement(&roles, &[&name, &tlv(0x13, b"GB-FCA")])),
            "the PSD2 statement",
        ),
        (
            "an empty name",
            list(&statement(&roles, &[&utf8(""), &id])),
            "the PSD2 statement",
        ),
        (
            "a name in two lines",
            list(&statement(&roles, &[&utf8("F\nCA"), &id])),
            "the PSD2 statement",
        ),
        (
            "a name that is not UTF-8",
            list(&statement(&roles, &[&tlv(0x0c, &[0xff]), &id])),
            "the PSD2 statement",
        ),
        (
            "a set of roles",
            list(&statement(&tlv(0x31, &good_role), &[&name, &id])),
            "the PSD2 statement",
        ),
        (
            "a role without name",
            with_roles(&[&sequence(&[&[6, 7, 4, 0, 0x81, 0x98, 0x27, 1, 2]])]),
            ROLE,
        ),
        (
            "a role of three",
            with_roles(&[&sequence(&[
                &[6, 7, 4, 0, 0x81, 0x98, 0x27, 1, 2],
                &utf8("PSP_PI"),
                &utf8("x"),
            ])]),
            ROLE,
        ),
        ("a role that is text", with_roles(&[&utf8("PSP_PI")]), ROLE),
        (
            "a good role and a bad one",
            with_roles(&[&good_role, b"\x30\0"]),
            ROLE,
        ),
        (
            "an open object identifier",
            with_roles(&[&sequence(&[&[6, 2, 4, 0x80], &utf8("x")])]),
            ROLE,
        ),
        (
            "a type without information",
            list(&sequence(&[TYPE])),
            "QcType",
        ),
        (
            "a list of no types",
            list(&sequence(&[TYPE, b"\x30\0"])),
            "QcType",
        ),
        (
            "a type that is text",
            list(&sequence(&[TYPE, &sequence(&[&utf8("web")])])),
            "QcType",
        ),
        (
            "compliance with more",
            list(&sequence(&[&[6, 6, 4, 0, 0x8e, 0x46, 1, 1], b"\x05\0"])),
            "QcCompliance",
        ),
        (
            "a law of nobody",
            list(&sequence(&[
                &[6, 6, 4, 0, 0x8e, 0x46, 1, 7],
                &sequence(&[&tlv(0x13, b"gb")]),
            ])),
            "QcCClegislation",
        ),
    ] {
        assert_eq!(part(&value), wanted, "{what}");
    }
}

const ROLE: &str = "a role of the PSD2 statement";

#[test]
fn roles_flattened_into_their_list_are_flat_too() {
    let flat = statement(
        &sequence(&[&[6, 7, 4, 0, 0x81, 0x98, 0x27, 1, 2], &utf8("PSP_PI")]),
        &[&utf8("FCA"), &utf8("GB-FCA")],
    );
    assert_eq!(
        Psd2::of(&stating(&sequence(&[&flat]))),
        Err(Psd2Error::FlatRoles)
    );
}

#[test]
fn the_object_identifier_and_the_name_of_a_role_must_agree() {
    for (last, name, oid) in [
        (1, "PSP_PI", "0.4.0.19495.1.1"),
        (3, "psp_ai", "0.4.0.19495.1.3"),
        (4, "Unspecified", "0.4.0.19495.1.4"),
        (9, "PSP_AI", "0.4.0.19495.1.9"),
        (0, "PSP_AS", "0.4.0.19495.1.0"),
    ] {
        let value = with_roles(&[&role(2, "PSP_PI"), &role(last, name)]);
        let error = Psd2Error::RoleMismatch {
            oid: oid.parse().unwrap(),
            name: name.to_owned(),
        };
        assert_eq!(Psd2::of(&stating(&value)), Err(error));
    }
}

#[test]
fn the_authority_must_be_the_one_of_the_organization() {
    let value = with_roles(&[&role(2, "PSP_PI")]);
    for id in ["PSDDE-FCA-123456", "PSDGB-FCB-123456", "NTRGB-123456"] {
        let error = Psd2Error::NcaMismatch {
            statement: "GB-FCA".to_owned(),
            organization: id.parse().unwrap(),
        };
        assert_eq!(Psd2::of(&of_organization(id, &value)), Err(error));
    }
    let scheme = Scheme::Organization;
    let source = NameError::Malformed {
        name: "12345987".to_owned(),
        wanted: "`PSDGB-FCA-number`, `NTRGB-number` or the like",
    };
    let source = IdentityError::Malformed { scheme, source };
    assert_eq!(
        Psd2::of(&of_organization("12345987", &value)),
        Err(Psd2Error::Organization { source })
    );
    let extension = Extension::new(QC_STATEMENTS, value);
    let nobody = read(&client(|client| client.extension(extension)));
    let source = IdentityError::Missing { scheme };
    assert_eq!(Psd2::of(&nobody), Err(Psd2Error::Organization { source }));
}

#[test]
fn without_a_psd2_statement_there_is_no_role() {
    let none = read(&client(|client| client));
    assert_eq!(Psd2::of(&none), Err(Psd2Error::Absent));
    assert_eq!(QcStatements::of(&none), Ok(None));

    let web = stating(&sequence(&[&sequence(&[TYPE, &sequence(&[WEB])])]));
    assert_eq!(Psd2::of(&web), Err(Psd2Error::Absent));
    assert_eq!(
        QcStatements::of(&web).unwrap().unwrap().types(),
        [QcType::Web]
    );
    assert_eq!(Psd2Error::Absent.code(), Code::Psd2RoleMissing);
}

#[test]
fn a_certificate_for_seals_is_not_for_tls() {
    let qseal = fixture("client-qseal");
    assert!(Psd2::of(&qseal).is_ok());
    let error = Psd2::of_tls(&qseal).unwrap_err();
    assert_eq!(
        error,
        Psd2Error::NotForTls {
            types: vec![QcType::Eseal]
        }
    );
    assert_eq!(error.code(), Code::CertificateUnsuitable);
    assert_eq!(
        error.to_string(),
        "the certificate is for eseal, not for the web"
    );

    let silent = stating(&with_roles(&[&role(2, "PSP_PI")]));
    assert_eq!(
        Psd2::of_tls(&silent),
        Err(Psd2Error::NotForTls { types: vec![] })
    );
}

#[test]
fn the_law_and_other_statements_are_read_over() {
    let law = sequence(&[
        &[6, 6, 4, 0, 0x8e, 0x46, 1, 7],
        &sequence(&[&tlv(0x13, b"GB"), &tlv(0x13, b"SE")]),
    ]);
    let other = sequence(&[&[6, 1, 42], &tlv(0x0c, b"x")]);
    let statements = QcStatements::from_der(&sequence(&[&law, &other, &other])).unwrap();
    assert_eq!(statements.legislation(), ["GB", "SE"]);
    assert_eq!(statements.types(), []);
    assert!(!statements.is_qualified());
}

#[test]
fn what_is_said_of_a_statement_is_one_line() {
    let value = statement(
        &sequence(&[&role(2, "PSP_PI")]),
        &[&utf8("FCA"), &utf8("GB-\u{202e}FCA")],
    );
    let error = Psd2::of(&stating(&sequence(&[&value]))).unwrap_err();
    assert_eq!(
        error.to_string(),
        r"`GB-\u{202e}FCA` is no national competent authority"
    );
}
