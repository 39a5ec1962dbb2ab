//! What does a PSD2 statement change?

use super::expected::{Expected, Stage};
use super::workshop::{Workshop, always, start};
use super::{Made, Row};
use crate::error::IssueError;
use crate::psd2::{Flaw, Nca, QcType, Role, Tpp};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "ok-qwac",
        "a certificate shaped like a QWAC, with all roles",
        |workshop| qwac(workshop, &tpp().roles(Role::ALL)),
        Expected::ACCEPTED,
    )
    .by("dns"),
    Row::new(
        "client-qseal",
        "a certificate for seals, which TLS does not refuse",
        |workshop| {
            let request = tpp().roles(Role::ALL).qseal(&workshop.issuing, start());
            let request = always(request).dns("billing.catalogue.example");
            Ok(Made::of(&request.issue()?))
        },
        Expected::above(Stage::Psd2, "certificate-unsuitable").answered(401),
    )
    .by("dns"),
    Row::new(
        "client-qwac-role-missing",
        "a role that does not cover the route",
        |workshop| qwac(workshop, &tpp().roles([Role::AccountInformation])),
        Expected::above(Stage::Psd2, "psd2-role-missing"),
    )
    .by("dns"),
    Row::new(
        "psd2-flat-roles",
        "all roles in one sequence, as they were written for years",
        |workshop| flawed(workshop, Flaw::FlatRoles),
        MALFORMED,
    )
    .by("dns"),
    Row::new(
        "psd2-truncated",
        "the statement ends too early",
        |workshop| flawed(workshop, Flaw::Truncated),
        MALFORMED,
    )
    .by("dns"),
    Row::new(
        "psd2-name-oid-mismatch",
        "the object identifier of one role with the name of another",
        |workshop| flawed(workshop, Flaw::NameOfAnotherRole),
        MALFORMED,
    )
    .by("dns"),
    Row::new(
        "psd2-no-roles",
        "a list of no roles",
        |workshop| flawed(workshop, Flaw::NoRoles),
        MALFORMED,
    )
    .by("dns"),
    Row::new(
        "psd2-bad-nca",
        "an authority's identifier without a country",
        |workshop| flawed(workshop, Flaw::BadNcaId),
        MALFORMED,
    )
    .by("dns"),
    Row::new(
        "psd2-twice",
        "the PSD2 statement twice",
        |workshop| flawed(workshop, Flaw::Twice),
        MALFORMED,
    )
    .by("dns"),
    Row::new(
        "psd2-bare",
        "the PSD2 statement alone where a list belongs",
        |workshop| flawed(workshop, Flaw::Bare),
        MALFORMED,
    )
    .by("dns"),
    Row::new(
        "psd2-nca-mismatch",
        "an authority other than the one in the organizationIdentifier",
        |workshop| {
            let bafin = Nca::new(
                "DE",
                "BAFIN",
                "Bundesanstalt für Finanzdienstleistungsaufsicht",
            );
            let other = Tpp::new("Catalogue TPP", bafin, "123456").roles(Role::ALL);
            let statements = other.qc_statements(QcType::Web);
            qwac(workshop, &tpp().statements(statements))
        },
        MALFORMED,
    )
    .by("dns"),
];

fn tpp() -> Tpp {
    let fca = Nca::new("GB", "FCA", "Financial Conduct Authority");
    Tpp::new("Catalogue TPP", fca, "123456").domain("billing.catalogue.example")
}

fn qwac(workshop: &Workshop, tpp: &Tpp) -> Result<Made, IssueError> {
    Ok(Made::of(
        &always(tpp.qwac(&workshop.issuing, start())).issue()?,
    ))
}

fn flawed(workshop: &Workshop, flaw: Flaw) -> Result<Made, IssueError> {
    let tpp = tpp().roles(Role::ALL);
    let statements = tpp.qc_statements(QcType::Web).flawed(flaw);
    qwac(workshop, &tpp.statements(statements))
}

const MALFORMED: Expected = Expected::above(Stage::Psd2, "psd2-statement-malformed");
